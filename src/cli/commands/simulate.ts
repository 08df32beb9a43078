import type { Command } from 'commander';
import type { WeightSupply } from '../../../sim/report.js';
import type { WeightSource } from '../../../sim/weight-source.js';
import type { Context } from '../context.js';
import { integer, list, number } from '../options.js';
import { openRun } from '../run-choice.js';
import { UserError } from '../../errors.js';
import { ganttFile } from '../../report/gantt.js';
import { COLORS } from '../../report/page-style.js';
import { writeFileAtomic } from '../../store/atomic.js';
import type { SimulationFile } from '../../store/result-files.js';
import { simulateStage, simulateTimeline } from '../stages/simulate.js';
import { tableText } from '../table.js';
import {
  addDesignOptions,
  type DesignFlags,
  freshText,
  schemesOf,
  stageOptions,
} from './shared.js';

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('simulate'))
    .summary('cycles of the accelerator, and where they go')
    .description('Plan the accelerator and count its cycles: exactly those of the emitted Verilog.')
    .option(
      '--sequences <list>',
      'lengths of the sequences, one after the other (default: 256, or the longest that the design holds)',
      list(integer('--sequences', 1, 1e6)),
    )
    .option(
      '--density <share>',
      'sparse dataflow: the share of activations that are not zero, instead of those of the test data',
      number('--density', 0, 1),
    )
    .option(
      '--timeline <file>',
      'what the array, the drain and the cells do when, as a Chrome trace (ui.perfetto.dev reads it; a microsecond is a cycle), and one step as an SVG beside it',
    )
    .option(
      '--weight-bandwidth <bits>',
      'streamed weights: bits per cycle that their source brings in the long run (default: a beat in every cycle)',
      number('--weight-bandwidth', 0.001, 1e6),
    )
    .option(
      '--weight-burst <beats>',
      'streamed weights: beats that the source has ready after it was kept waiting (default 1)',
      integer('--weight-burst', 1, 1e6),
    )
    .option(
      '--weight-latency <cycles>',
      'streamed weights: cycles from reset to the first beat (default 0)',
      integer('--weight-latency', 0, 1e6),
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate simulate --rows 16
  halfgate simulate --run runs/book --scheme int8 --rows 8 --columns 2 --sequences 100,100
  halfgate simulate --dataflow sparse                what skipping zeros saves on the test data
  halfgate simulate --dataflow sparse --density 0.3
  halfgate simulate --scheme int8 --sequences 20 --timeline trace.json
  halfgate simulate --weights stream --weight-stream-bits 64 --weight-bandwidth 12.8`,
    )
    .action((flags: SimulateFlags) => runSimulate(flags, context()));
}

interface SimulateFlags extends DesignFlags {
  readonly sequences?: readonly number[];
  readonly density?: number;
  readonly timeline?: string;
  readonly weightBandwidth?: number;
  readonly weightBurst?: number;
  readonly weightLatency?: number;
}

/** What a source of weights was said to be; undefined where nothing was. */
function weightSourceOf({
  weightBandwidth: bitsPerCycle,
  weightBurst: burstBeats,
  weightLatency: latencyCycles,
}: SimulateFlags): WeightSource | undefined {
  const source = {
    ...(bitsPerCycle !== undefined && { bitsPerCycle }),
    ...(burstBeats !== undefined && { burstBeats }),
    ...(latencyCycles !== undefined && { latencyCycles }),
  };
  return Object.keys(source).length > 0 ? source : undefined;
}

/** Whether weights or the array decide how long a step takes. */
function supplyText(scheme: string, supply: WeightSupply): string {
  const { bitsPerStep, portBits, boundCycles, computeCycles, isBound } = supply;
  return (
    `${scheme}: ${bitsPerStep} bits of weights per step through ${portBits} bits take ${boundCycles.toFixed(1)} cycles or more, ` +
    `with all weights there it would be ${computeCycles.toFixed(1)}: ` +
    (isBound ? 'bound by the bandwidth of the weights' : 'bound by the array')
  );
}

/** Banks and ports, and what they allow: the fewest cycles in which a step's weights can be read. */
function portsText(
  scheme: string,
  { roofline, cyclesPerStep }: Pick<SimulationFile, 'roofline' | 'cyclesPerStep'>,
): string {
  const { weightBanks, bankBits, weightsPerCycle, boundCyclesPerStep, ports } = roofline;
  const use = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const table = tableText(
    [`${scheme}: memory`, 'banks', 'bits', 'words', 'read port', 'write port'],
    ports.map(({ name, banks, width, depth, writePorts, readUse, writeUse }) => [
      name,
      ...[banks, width, depth].map(String),
      use(readUse),
      writePorts === 0 ? '-' : use(writeUse),
    ]),
  );
  return (
    `${table}\n${weightBanks} banks of ${bankBits} bits give ${weightsPerCycle} weights a cycle: at least ` +
    `${boundCyclesPerStep.toFixed(1)} cycles a step, ${use(boundCyclesPerStep / cyclesPerStep)} of what it takes`
  );
}

/** The trace, and one step as a picture beside it; returns what was written. */
function writeTimeline(file: string, trace: object, { timeline }: SimulationFile): string[] {
  writeFileAtomic(file, `${JSON.stringify(trace)}\n`);
  if (timeline === undefined) return [file];
  const picture = `${file.replace(/\.json$/, '')}.svg`;
  writeFileAtomic(picture, `${ganttFile(timeline, COLORS)}\n`);
  return [file, picture];
}

async function runSimulate(flags: SimulateFlags, context: Context): Promise<void> {
  const run = openRun(flags.run);
  const rows: string[][] = [];
  const values: object[] = [];
  const written: string[] = [];
  const memories: string[] = [];
  const supplies: string[] = [];
  const schemes = schemesOf(run, flags.scheme, 'quantized.json');
  if (flags.timeline !== undefined && schemes.length > 1) {
    throw new UserError({
      where: '--timeline',
      given: `${schemes.length} schemes`,
      allowed: 'takes one; give --scheme',
    });
  }
  for (const scheme of schemes) {
    const { sequences, density } = flags;
    const weightSource = weightSourceOf(flags);
    const options = {
      ...stageOptions(flags),
      sequences,
      density,
      ...(weightSource && { weightSource }),
    };
    const { value, isFresh } = await simulateStage(run, scheme, options);
    if (flags.timeline !== undefined) {
      const trace = await simulateTimeline(run, scheme, options);
      written.push(...writeTimeline(flags.timeline, trace, value));
    }
    const { inputs: _, ...report } = value;
    values.push({ isFresh, ...report });
    const { mac, flush, pad, tail } = report.breakdown;
    const { stallInput, stallDependency, stallOutput, stallWeights } = report.breakdown;
    if (report.weightSupply) supplies.push(supplyText(scheme, report.weightSupply));
    const share = (cycles: number): string => `${((100 * cycles) / report.cycles).toFixed(1)} %`;
    memories.push(portsText(scheme, report));
    rows.push([
      `${scheme} ${report.rows}x${report.columns}${freshText(isFresh)}`,
      report.cyclesPerStep.toFixed(1),
      `${(100 * report.utilization).toFixed(1)} %`,
      report.roofline.boundCyclesPerStep.toFixed(1),
      String(report.cycles),
      share(mac),
      share(flush + pad),
      share(stallInput + stallDependency + stallOutput + stallWeights),
      share(tail),
      report.sparse ? `${(100 * report.sparse.skipped).toFixed(1)} %` : '-',
      report.sparse ? `${report.sparse.speedUp.toFixed(2)}x` : '-',
    ]);
  }
  const header = [
    'design',
    'cycles/step',
    'utilization',
    'weight reads',
    'cycles',
    'mac',
    'flush',
    'stall',
    'tail',
    'skipped',
    'against os',
  ];
  const text = [
    tableText(header, rows),
    ...memories.map((memory) => `\n${memory}`),
    ...supplies,
    ...written.map((file) => `written: ${file}`),
  ].join('\n');
  context.result({ run: run.path, simulations: values, written }, text);
}
