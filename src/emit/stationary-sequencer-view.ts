/** View-model of the weight-stationary sequencer: the schedule as a table of segments, each cut into tiles. */
import { type Design, type Job, jobName, type Segment } from '../design/design.js';
import {
  groupsOf,
  hiddenTiles,
  type StationaryDesign,
  tilesOf,
  tilesPerBlock,
} from '../design/stationary.js';
import { extend, literal, msb } from './literal.js';
import { flag, scheduledSegments, segmentNote } from './sequencer-frame.js';
import { endsStep } from './sequencer-view.js';
import { stationaryWidths, type StationaryWidths } from './stationary-view.js';
import { widths } from './widths.js';

function jobLine(design: StationaryDesign, job: Job, index: number): string {
  const { outputs, folds, foldCycles } = job;
  const groups = groupsOf(design, index);
  return (
    `${jobName(job)}: ${outputs} outputs in ${folds} blocks of ${tilesPerBlock(design, job)} tiles, ` +
    `${foldCycles} cycles each; ${groups} group(s) drain`
  );
}

/** Where a segment's h begins, of the bank that this step or the one before writes. */
function tileBase(design: Design, { source, layer }: Segment, w: StationaryWidths): string {
  if (source === 'input') return literal(0, w.tile);
  const base = hiddenTiles(design, layer);
  const other = base + hiddenTiles(design, design.layers.length);
  const [after, before] = source === 'previous' ? [base, other] : [other, base];
  return `bank_q ? ${literal(after, w.tile)} : ${literal(before, w.tile)}`;
}

export function stationarySequencerView(design: StationaryDesign, header: string): object {
  const { rows, columns, jobs, stationary } = design;
  const { sequences, tileCycles, groupBlocks } = stationary;
  const w = stationaryWidths(design);
  const segmentBits = widths(design).segment;
  return {
    header,
    module: `${design.name}_sequencer`,
    rowCount: String(rows),
    columnCount: String(columns),
    tileCycles: String(tileCycles),
    sequenceCount: String(sequences),
    jobLines: jobs.map((job, j) => jobLine(design, job, j)),
    sequenceMsb: msb(w.sequence),
    tileMsb: msb(w.tile),
    weightMsb: msb(w.weight),
    groupMsb: msb(w.group),
    columnMsb: msb(w.column),
    layerMsb: msb(w.layer),
    cycleMsb: msb(w.cycle),
    segmentMsb: msb(segmentBits),
    blockMsb: msb(w.block),
    zeroTile: literal(0, w.tile),
    oneTile: literal(1, w.tile),
    zeroSegment: literal(0, segmentBits),
    oneSegment: literal(1, segmentBits),
    zeroBlock: literal(0, w.block),
    oneBlock: literal(1, w.block),
    zeroGroup: literal(0, w.group),
    oneGroup: literal(1, w.group),
    zeroColumn: literal(0, w.column),
    fullColumn: literal(columns - 1, w.column),
    zeroLayer: literal(0, w.layer),
    zeroWeight: literal(0, w.weight),
    oneWeight: literal(1, w.weight),
    zeroCycle: literal(0, w.cycle),
    oneCycle: literal(1, w.cycle),
    lastCycle: literal(tileCycles - 1, w.cycle),
    lastLoadCycle: literal(rows - 1, w.cycle),
    lastSequenceCycle: literal(sequences - 1, w.cycle),
    loadsAlways: rows === tileCycles,
    hasIdle: sequences < tileCycles,
    cycleAsSequence: extend('cycle_q', w.cycle, w.sequence),
    segments: scheduledSegments(design).map(({ job, j, s, pass, segment, index, first }) => ({
      index: literal(index, segmentBits),
      note: segmentNote(job, segment),
      lastTile: literal(tilesOf(design, segment) - 1, w.tile),
      tileBase: tileBase(design, segment, w),
      isInput: flag(segment.source === 'input'),
      isPrevious: flag(segment.source === 'previous'),
      maxPending: literal(segment.maxPending, 4),
      isFirst: flag(s === 0),
      isLast: flag(s === pass.segments.length - 1),
      firstSegment: literal(first, segmentBits),
      lastBlock: literal(job.folds - 1, w.block),
      lastGroupBlock: literal(groupBlocks[j] - 1, w.group),
      lastColumn: literal((job.sums - 1) % columns, w.column),
      isHead: flag(job.kind === 'head'),
      layer: literal(job.layer, w.layer),
      endsStep: endsStep(design, job),
    })),
  };
}
