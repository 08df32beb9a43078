/** The weight-stationary dataflow: weights cut into tiles, tiles into blocks and groups, in the order of the schedule. */
import { activationMax, type QuantizedModel } from '../quant/quantized-model.js';
import { PREACT_BITS } from '../quant/arithmetic.js';
import { indexBits, signedBits } from './bits.js';
import {
  lstmJobs,
  type Design,
  type Job,
  type MemorySpec,
  type Pass,
  type Segment,
  type Stationary,
  type Structure,
} from './design.js';
import { planMemories } from './memory-plan.js';
import type { ArrayMatrix } from './planes.js';
import { jobMatrices, segmentGroups } from './schedule.js';

/** Sequences in lockstep beyond which no memory of the array would be sensible. */
export const MAX_SEQUENCES = 256;
/** A sum is read, added to and written before the next tile adds to it again. */
const MIN_TILE_CYCLES = 2;
/** Gates of a unit, which drain one after the other. */
const GATES = 4;
/** Words of the memory of finished sums of a column, beyond which another dataflow suits better. */
const MAX_GROUP_WORDS = 2 ** 16;

/** A design that is weight-stationary. */
export type StationaryDesign = Design & { readonly stationary: Stationary };
/** The same without its model. */
export type StationaryStructure = Structure & { readonly stationary: Stationary };

export function isStationary<D extends Structure>(
  design: D,
): design is D & { readonly stationary: Stationary } {
  return design.stationary !== undefined;
}

/** Tiles over which the k's of a segment are spread. */
export function tilesOf(
  { rows }: Pick<Design, 'rows'>,
  { length }: Pick<Segment, 'length'>,
): number {
  return Math.ceil(length / rows);
}

/** Tiles of a block. */
export function tilesPerBlock(design: Pick<Design, 'rows'>, job: Job): number {
  return job.passes
    .flatMap(({ segments }) => segments)
    .reduce((sum, segment) => sum + tilesOf(design, segment), 0);
}

/** Sums per sequence that drain with a group of a job. */
export function groupSums(design: StationaryDesign, index: number, group: number): number {
  const { columns, jobs, stationary } = design;
  const size = stationary.groupBlocks[index] * columns;
  return Math.min(size, jobs[index].sums - group * size);
}

export function groupsOf(design: StationaryDesign, index: number): number {
  return Math.ceil(design.jobs[index].folds / design.stationary.groupBlocks[index]);
}

/** Units whose cells are updated with one group of a layer. */
export function groupUnits({ columns, stationary }: StationaryStructure): number {
  return (stationary.groupBlocks[0] * columns) / GATES;
}

/** Bits that number the sequences. */
export function sequenceBits({ stationary }: StationaryStructure): number {
  return indexBits(stationary.sequences);
}

/** Words of h that each row keeps for one sequence and one bank: a word for every tile of every layer. */
export function hiddenTiles(design: Pick<Design, 'rows' | 'layers'>, layers: number): number {
  return design.layers
    .slice(0, layers)
    .reduce((sum, { hiddenSize }) => sum + Math.ceil(hiddenSize / design.rows), 0);
}

/** Most blocks in a group. */
export function mostGroupBlocks({ stationary }: StationaryStructure): number {
  return Math.max(...stationary.groupBlocks);
}

/** Jobs as the weight-stationary schedule has them: folds are blocks, and no pass drains for itself. */
export function planStationaryJobs(
  model: QuantizedModel,
  matrices: readonly ArrayMatrix[],
  { rows, columns, tileCycles }: { rows: number; columns: number; tileCycles: number },
): Job[] {
  let weightBase = 0;
  let rowBase = 0;
  return jobMatrices(model).map((matrix, index): Job => {
    const { planes, sums, outputs } = matrices[index];
    const segments = segmentGroups(model, matrix, 1, false).flat();
    const tiles = segments.reduce((sum, segment) => sum + tilesOf({ rows }, segment), 0);
    const k = segments.reduce((sum, { length }) => sum + length, 0);
    const cycles = tiles * tileCycles;
    const pass: Pass = { segments, operand: 0, k, padCycles: 0, cycles };
    const { kind, layer } = matrix;
    const folds = Math.ceil(sums / columns);
    const job: Job = {
      ...{ kind, layer, outputs: outputs.length, planes, sums, folds, passes: [pass], k },
      ...{ foldCycles: cycles, weightBase, rowBase, isTabled: false },
    };
    weightBase += folds * tiles * rows;
    rowBase += outputs.length;
    return job;
  });
}

export function tileCyclesOf(rows: number, sequences: number): number {
  return Math.max(rows, sequences, MIN_TILE_CYCLES);
}

/** What follows from jobs that are planned. */
export function planStationary(
  model: QuantizedModel,
  matrices: readonly ArrayMatrix[],
  jobs: readonly Job[],
  { rows, columns, sequences }: { rows: number; columns: number; sequences: number },
): Stationary {
  // Fewest blocks that hold whole units.
  let units = 1;
  while ((units * columns) % GATES !== 0) units++;
  return {
    sequences,
    tileCycles: tileCyclesOf(rows, sequences),
    groupBlocks: jobs.map(({ kind, folds }) => (kind === 'head' ? folds : units)),
    tileBits: signedBits(tileBound(model, matrices, jobs, rows)),
  };
}

/** Largest magnitude that a tile's sum can have. */
export function tileBound(
  model: QuantizedModel,
  matrices: readonly ArrayMatrix[],
  jobs: readonly Job[],
  rows: number,
): number {
  const most = activationMax(model.scheme);
  let bound = 0;
  jobs.forEach(({ passes, sums }, j) => {
    const { codes, columns } = matrices[j];
    for (const { column, elements } of passes.flatMap(({ segments }) => segments)) {
      for (let sum = 0; sum < sums; sum++) {
        for (let first = 0; first < elements; first += rows) {
          const from = sum * columns + column + first;
          let total = 0;
          for (let k = 0; k < Math.min(rows, elements - first); k++) {
            total += Math.abs(codes[from + k]);
          }
          bound = Math.max(bound, total * most);
        }
      }
    }
  });
  return bound;
}

/** Problems of jobs that are planned. */
export function stationaryProblems(
  { sequences, groupBlocks }: Stationary,
  jobs: readonly Job[],
  { array, combiner }: Pick<Design, 'array' | 'combiner'>,
): string[] {
  const problems: string[] = [];
  if (combiner !== undefined) {
    const planed = jobs.find(({ sums, outputs }) => sums !== outputs);
    const sums = planed ? `${planed.sums / planed.outputs} sums` : 'a factor';
    problems.push(
      `array: on ${array.kind} elements an output of this scheme takes ${sums}, which ws does not combine; ` +
        `${array.kind === 'int' ? 'use os' : 'use int elements, or os'}`,
    );
  }
  const words = 2 * sequences * Math.max(...groupBlocks);
  if (words > MAX_GROUP_WORDS) {
    problems.push(
      `lockstep: ${sequences} sequences, of which a column keeps ${words} finished sums, exceeds ${MAX_GROUP_WORDS}; ` +
        `use fewer sequences, fewer classes, or more columns`,
    );
  }
  return problems;
}

/** Memories laid out for tiles; what the one lane reads is as in any design. */
export function planStationaryMemories(design: Omit<StationaryDesign, 'memories'>): MemorySpec[] {
  const { rows, columns, jobs, layers, input, array, scheme, accBits, stationary } = design;
  const { classes, headOutput } = design;
  const { sequences } = stationary;
  const places = 2 ** indexBits(sequences);
  const units = layers.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
  const words = jobs.reduce((sum, job) => sum + job.folds * tilesPerBlock(design, job) * rows, 0);
  const groups = 2 ** (1 + indexBits(Math.max(...stationary.groupBlocks)));
  const memories: MemorySpec[] = [];
  const add = (
    name: string,
    role: MemorySpec['role'],
    kind: MemorySpec['kind'],
    [width, depth]: readonly [number, number],
    copies: number,
  ): void => void memories.push({ name, role, kind, width, depth, copies });
  add('weight_bank', 'weights', 'rom', [array.weightBits, words], columns);
  const ofLane: readonly MemorySpec['role'][] = ['rows', 'tanh', 'squash'];
  memories.push(
    ...planMemories({ ...design, columns: 1 }).filter(({ role }) => ofLane.includes(role)),
  );
  add('tile_sums', 'partial', 'ram', [accBits, places], columns);
  add('block_sums', 'partial', 'ram', [accBits, groups * places], columns);
  const { activationBits } = array;
  const tiles = hiddenTiles(design, layers.length);
  add('hidden', 'hidden', 'ram', [activationBits, 2 * tiles * places], rows);
  add('cell', 'cell', 'ram', [scheme.cell.bits, sequences * units], 1);
  const resultBits = headOutput === 'value' ? PREACT_BITS : indexBits(classes);
  add('results', 'results', 'ram', [resultBits, places], 1);
  const inputTiles = 2 ** indexBits(Math.ceil(layers[0].inputSize / rows));
  if (input.kind === 'dense') {
    add('input_buffer', 'input', 'ram', [activationBits, 2 * inputTiles * places], rows);
  } else if (input.kind === 'tokens') {
    add('tokens', 'tokens', 'ram', [input.tokenBits, 2 * places], 1);
    add('embedding', 'embedding', 'rom', [activationBits, input.vocabSize * inputTiles], rows);
  }
  return memories;
}

/** Where a unit's c of a sequence lies: units drain group by group, in each group sequence by sequence. */
export function drainOrder(
  design: StationaryDesign,
  job: Job,
): { readonly sequence: number; readonly unit: number }[] {
  const { sequences } = design.stationary;
  const units = job.outputs / GATES;
  const size = groupUnits(design);
  const order: { sequence: number; unit: number }[] = [];
  for (let first = 0; first < units; first += size) {
    for (let sequence = 0; sequence < sequences; sequence++) {
      for (let unit = first; unit < Math.min(units, first + size); unit++) {
        order.push({ sequence, unit });
      }
    }
  }
  return order;
}

/** Number of a job among those that update cells. */
export function lstmIndex(design: Pick<Design, 'jobs'>, job: Job): number {
  return lstmJobs(design).indexOf(job);
}
