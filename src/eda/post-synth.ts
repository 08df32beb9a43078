/**
 * A synthesized netlist as a circuit for the simulator: every cell of the family replaced by the model of it that comes
 * with Yosys, flattened. Runs with what npm installs.
 */
import { EdaError } from './errors.js';
import type { SourceFiles } from './files.js';
import { parseNetlist, type Netlist } from './netlist.js';
import { synthesize, type Family, type SynthOptions, type SynthResult } from './synth.js';
import { runInWorker } from './worker.js';

/** Models of a family's cells in Yosys, which make module by module of what the netlist uses. */
const CELL_MODELS = {
  'ice40-up5k': 'read_verilog -defer -D ICE40_U +/ice40/cells_sim.v',
  'ice40-hx8k': 'read_verilog -defer -D ICE40_HX +/ice40/cells_sim.v',
  // Flip-flops with enable and reset as plain ones and gates.
  'generic-lut4': 'dfflegalize -cell $_DFF_P_ 01',
} as const;

export type NetlistFamily = keyof typeof CELL_MODELS;
export const NETLIST_FAMILIES = Object.keys(CELL_MODELS) as readonly NetlistFamily[];

export interface SynthesizedCircuit {
  readonly synthesis: SynthResult;
  /** For `compileNetlist`. Of the signals inside, only those that synthesis left have names. */
  readonly circuit: Netlist;
}

/** @throws EdaError when Yosys stops, or for a netlist with a cell that has no model. */
export async function synthesizeCircuit(
  files: SourceFiles,
  top: string,
  family: NetlistFamily,
  options: Omit<SynthOptions, 'tool'> = {},
): Promise<SynthesizedCircuit> {
  const synthesis = await synthesize(files, top, family as Family, options);
  const script = [
    'read_json netlist.json; delete =A:blackbox =A:whitebox',
    CELL_MODELS[family],
    `hierarchy -check -top ${top}; proc; flatten -noscopeinfo`,
    'opt_expr -keepdc; opt_merge; opt_clean; memory_collect; opt_mem; opt_clean',
    `rename -top ${top}; write_json circuit.json`,
  ].join('; ');
  const { files: written, log } = await runInWorker({
    ...{ tool: 'yosys', args: ['-p', script], outputs: ['circuit.json'], stage: 'read netlist' },
    files: { 'netlist.json': synthesis.netlistJson },
    ...(options.timeoutSeconds === undefined ? {} : { timeoutSeconds: options.timeoutSeconds }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const json = written['circuit.json'];
  if (json === undefined) {
    throw new EdaError('no circuit written', { tool: 'yosys', stage: 'read netlist', log });
  }
  return { synthesis, circuit: parseNetlist(new TextDecoder().decode(json), top) };
}
