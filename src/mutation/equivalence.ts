/**
 * Whether a design with a fault does the same as without it: proved by Yosys, or not known.
 *
 * Registers and memories are taken out of both designs: what they hold becomes inputs, what they are to hold next
 * outputs. That all of these are equal for all inputs and all contents (SAT) is an induction over cycles without any
 * hypothesis but that both start with the same contents: whatever those are, each cycle ends with the same again.
 * A fault that only shows in states that are never reached is therefore not called equivalent. x counts as 0, as in
 * the simulator.
 */
import { EdaError } from '../eda/errors.js';
import { verilogFiles, type SourceFiles } from '../eda/files.js';
import { runInWorker } from '../eda/worker.js';

export interface EquivalenceOptions {
  /** Default 60. */
  readonly limitSeconds?: number;
  readonly signal?: AbortSignal;
}

/** What holds contents, and is compared by what goes in; a fault in one of them leaves both sides whole. */
const MEMORIES = ['hg_rom', 'hg_ram'];

/** Answers that mean 'not proved', not that something is wrong. */
const NOT_PROVED = [
  'no result within', // the time limit
  'No matching port', // other registers: not the same contents
  'proof did fail', // a counterexample
];

/**
 * True when it is proved that `top` with the fault, which is in `file`, does the same in every cycle, whatever the
 * inputs; false when that is not so or is not known.
 *
 * @throws EdaError on abort, and when Yosys cannot read the files.
 */
export async function areEquivalent(
  original: SourceFiles,
  faulty: SourceFiles,
  top: string,
  file: string,
  options: EquivalenceOptions = {},
): Promise<boolean> {
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(original)) {
    if (!name.endsWith('.v')) files[name] = text;
  }
  const isMemory = MEMORIES.includes(file.replace(/\.v$/, ''));
  const side = (name: 'gold' | 'gate', sources: SourceFiles): string => {
    const read = verilogFiles(sources).map((source) => {
      files[`${name}_${source}`] = sources[source];
      return `read_verilog -defer ${name}_${source}`;
    });
    return [
      ...read,
      `hierarchy -top ${top}; proc`,
      ...(isMemory ? [] : MEMORIES.map((module) => `blackbox *${module}*`)),
      'flatten -noscopeinfo; opt_expr; opt_clean; memory_map; opt_clean; setundef -zero',
      `expose -evert-dff ${top}; expose -evert ${top}; rename ${top} ${name}`,
      `design -stash ${name}`,
    ].join('; ');
  };
  const script = [
    side('gold', original),
    side('gate', faulty),
    'design -copy-from gold -as gold gold; design -copy-from gate -as gate gate',
    'miter -equiv -flatten gold gate miter; hierarchy -top miter',
    // What is the same on both sides needs no proof: it becomes one.
    'opt_expr; opt_merge; opt_clean; opt_expr; opt_merge; opt_clean',
    'sat -verify -prove trigger 0 miter',
  ].join('; ');
  try {
    const { log } = await runInWorker({
      ...{ tool: 'yosys', args: ['-p', script], outputs: [], stage: 'equivalence', files },
      timeoutSeconds: options.limitSeconds ?? 60,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    return log.includes('no model found: SUCCESS!');
  } catch (error) {
    if (error instanceof EdaError && NOT_PROVED.some((text) => error.message.includes(text))) {
      return false;
    }
    throw error;
  }
}
