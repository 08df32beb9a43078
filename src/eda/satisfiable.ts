/** Whether logic can say 1 at all: by the SAT sweeping of the ABC that the npm build of Yosys has inside. */
import { not, type Aig, type Literal } from './aig.js';
import { EdaError } from './errors.js';
import type { RunLimits } from './process.js';
import { runInWorker } from './worker.js';

export type Satisfiability = 'never' | 'sometimes' | 'unknown';

/**
 * Whether there are values of inputs and latches for which a literal is 1: `unknown` without an answer in the time,
 * 60 seconds unless told otherwise.
 *
 * @throws EdaError on abort
 */
export async function isSatisfiable(
  aig: Aig,
  literal: Literal,
  { timeoutSeconds = 60, signal }: RunLimits = {},
): Promise<Satisfiability> {
  if (literal >> 1 === 0) return literal === 0 ? 'never' : 'sometimes';
  try {
    const { log } = await runInWorker({
      args: ['-p', 'read_blif logic.blif; abc -script prove.abc'],
      files: { 'logic.blif': blifOf(aig, literal), 'prove.abc': 'strash\niprove\nprint_status\n' },
      ...{ tool: 'yosys', outputs: [], stage: 'prove', timeoutSeconds },
      ...(signal === undefined ? {} : { signal }),
    });
    const status = /ABC: Status = (-?\d)/.exec(log)?.[1];
    return status === '1' ? 'never' : status === '0' ? 'sometimes' : 'unknown';
  } catch (error) {
    if (!(error instanceof EdaError) || signal?.aborted === true) throw error;
    return 'unknown';
  }
}

/** What a literal depends on in one cycle, as a netlist that Yosys reads. */
function blifOf(aig: Aig, literal: Literal): string {
  const nodes = aig.logic([literal]);
  const inputs: string[] = [];
  const body: string[] = [];
  const inverted = new Set<Literal>();
  const net = (of: Literal): string => {
    if (of < 2) return of === 0 ? 'zero' : 'one';
    if ((of & 1) === 0) return `n${of >> 1}`;
    const name = `i${of >> 1}`;
    if (!inverted.has(of)) {
      inverted.add(of);
      body.push(`.subckt $_NOT_ A=${net(not(of))} Y=${name}`);
    }
    return name;
  };
  for (const node of nodes) {
    const operands = aig.operands(node);
    if (operands === undefined) inputs.push(`n${node}`);
    else body.push(`.subckt $_AND_ A=${net(operands[0])} B=${net(operands[1])} Y=n${node}`);
  }
  body.push(`.subckt $_BUF_ A=${net(literal)} Y=result`);
  const header = ['.model logic', `.inputs ${inputs.join(' ')}`, '.outputs result'];
  return [...header, '.names zero', '.names one', '1', ...body, '.end', ''].join('\n');
}
