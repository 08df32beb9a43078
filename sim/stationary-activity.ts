/** What a weight-stationary design does in a run, counted from its schedule. */
import { elementsPerStep, type Job, type MemorySpec } from '../src/design/design.js';
import { type StationaryDesign, tilesPerBlock } from '../src/design/stationary.js';
import type { Activity } from './report.js';
import { needsHead } from './timing.js';

/** Gates of a unit that meet thresholds; the others, like logits, are requantized. */
function thresholdGates({ scheme }: StationaryDesign): number {
  return (scheme.gates === 'int16' ? 0 : 3) + (scheme.candidate === 'ternary' ? 1 : 0);
}

/** Of some of its jobs, or of all. */
export function stationaryActivity(
  design: StationaryDesign,
  lengths: readonly number[],
  cycles: number,
  jobs: readonly Job[],
): Activity {
  const { columns, rows, input, stationary } = design;
  const { sequences } = stationary;
  const steps = lengths.reduce((sum, length) => sum + length, 0);
  const heads = needsHead(design, false) ? steps : lengths.length;
  let macs = 0;
  let weightReads = 0;
  let xReads = 0;
  let hiddenReads = 0;
  let tokenReads = 0;
  let partialReads = 0;
  let partialWrites = 0;
  let finished = 0;
  let sums = 0;
  let units = 0;
  let logits = 0;
  for (const job of jobs) {
    const runs = job.kind === 'head' ? heads : steps;
    const tiles = tilesPerBlock(design, job);
    const blocks = runs * job.folds;
    macs += runs * job.sums * job.k * sequences;
    sums += runs * job.sums * sequences;
    weightReads += blocks * tiles * rows * columns;
    // A block's first tile finds nothing to add to, its last leaves nothing to be added to.
    partialReads += blocks * (tiles - 1) * sequences * columns;
    partialWrites += blocks * (tiles - 1) * sequences * columns;
    finished += blocks * sequences * columns;
    for (const segment of job.passes.flatMap(({ segments }) => segments)) {
      const operands = blocks * Math.ceil(segment.length / rows) * sequences;
      if (segment.source === 'input') {
        xReads += operands * rows;
        tokenReads += operands;
      } else {
        hiddenReads += operands * rows;
      }
    }
    if (job.kind === 'head') logits += runs * job.outputs * sequences;
    else units += (runs * job.outputs * sequences) / 4;
  }
  const thresholds = thresholdGates(design) * units;
  const linearGates = 4 * units - thresholds;
  // x is written for the job that reads it.
  const readsX = jobs.some(({ passes }) => passes[0].segments[0].source === 'input');
  const written = readsX ? steps * elementsPerStep(design) * sequences : 0;
  const results = jobs.some(({ kind }) => kind === 'head') ? heads * sequences : 0;
  const byName: Readonly<Record<string, { reads: number; writes: number }>> = {
    tile_sums: { reads: partialReads, writes: partialWrites },
    block_sums: { reads: sums, writes: finished },
  };
  const byRole: Readonly<Partial<Record<MemorySpec['role'], { reads: number; writes: number }>>> = {
    weights: { reads: weightReads, writes: 0 },
    rows: { reads: sums, writes: 0 },
    tanh: { reads: linearGates, writes: 0 },
    squash: { reads: units, writes: 0 },
    hidden: { reads: hiddenReads, writes: units },
    cell: { reads: units, writes: units },
    results: { reads: results, writes: results },
    embedding: { reads: xReads, writes: 0 },
    tokens: { reads: tokenReads, writes: written },
    input: { reads: xReads, writes: input.kind === 'dense' ? written : 0 },
  };
  return {
    macs,
    skippedMacs: 0,
    peOperations: macs,
    idlePeCycles: rows * columns * cycles - macs,
    combinations: 0,
    requantizations: linearGates + logits,
    thresholds,
    cellUpdates: units,
    comparisons: logits,
    memories: design.memories.map(({ name, role }) => ({
      name,
      ...(byName[name] ?? byRole[role] ?? { reads: 0, writes: 0 }),
    })),
  };
}
