/** View-models of the templates: every number of the generated Verilog, as text. */
import { weightBits } from '../quant/quantized-model.js';
import type { Design, Job, Segment } from '../design/design.js';
import { indexBits } from '../design/plan.js';
import { literal, msb, packedLiteral } from './literal.js';

/** Field widths that several modules share. */
export interface Widths {
  readonly hidden: number;
  readonly index: number;
  readonly k: number;
  readonly fold: number;
  readonly weight: number;
  readonly row: number;
  readonly rowAddr: number;
  readonly rowWord: number;
  readonly layer: number;
  readonly segment: number;
  readonly pad: number;
  readonly unit: number;
  readonly class: number;
}

export function widths(design: Design): Widths {
  const { jobs, layers, input } = design;
  const hiddenTotal = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const segments = jobs.flatMap((job) => job.segments);
  const memory = (role: string): { width: number; depth: number } => {
    const found = design.memories.find((spec) => spec.role === role);
    if (!found) throw new Error(`widths: the design has no ${role} memory`);
    return found;
  };
  return {
    hidden: indexBits(2 * hiddenTotal),
    index: input.kind === 'tokens' ? input.strideBits : indexBits(input.size),
    k: indexBits(Math.max(...segments.map((segment) => segment.length))),
    fold: indexBits(Math.max(...jobs.map((job) => job.folds))),
    weight: indexBits(memory('weights').depth),
    row: indexBits(design.rows),
    rowAddr: indexBits(memory('rows').depth),
    rowWord: memory('rows').width,
    layer: indexBits(layers.length),
    segment: indexBits(segments.length),
    pad: indexBits(Math.max(...jobs.map((job) => job.padCycles)) + 1),
    unit: indexBits(hiddenTotal),
    class: indexBits(design.classes),
  };
}

/** First address of a layer's h in the hidden memory: all bank 0s, then all bank 1s. */
export function hiddenBase(design: Design, layer: number, bank: 0 | 1): number {
  const total = design.layers.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
  return bank * total + cellBase(design, layer);
}

/** First address of a layer's c in the cell memory. */
export function cellBase(design: Design, layer: number): number {
  return design.layers.slice(0, layer).reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
}

/** Bits of one column's field in the input and output beats: whole bytes. */
export function beatBits(width: number): number {
  return 8 * Math.ceil(width / 8);
}

export function inputBits(design: Design): number {
  return design.input.kind === 'tokens' ? beatBits(design.input.tokenBits) : 8;
}

function extend(signal: string, from: number, to: number): string {
  if (from === to) return signal;
  if (from > to) return `${signal}[${to - 1}:0]`;
  return `{${literal(0, to - from)}, ${signal}}`;
}

function segmentNote(job: Job, segment: Segment): string {
  const owner = job.kind === 'head' ? 'head' : `layer ${job.layer}`;
  if (segment.source === 'input') return `${owner}: x`;
  const when = segment.source === 'previous' ? 'of the previous step' : 'of this step';
  return `${owner}: h of layer ${segment.layer} ${when}`;
}

export function sequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { jobs } = design;
  const hasPad = jobs.some((job) => job.padCycles > 0);
  const lastLstm = design.layers.length - 1;
  const segments: object[] = [];
  const pads: object[] = [];
  let first = 0;
  for (const job of jobs) {
    if (job.padCycles > 0) {
      pads.push({ index: literal(first, w.segment), cycles: literal(job.padCycles, w.pad) });
    }
    job.segments.forEach((segment, s) => {
      const address = (bank: 0 | 1): string =>
        literal(hiddenBase(design, segment.layer, bank), w.hidden);
      segments.push({
        index: literal(first + s, w.segment),
        note: segmentNote(job, segment),
        lastK: literal(segment.length - 1, w.k),
        isInput: segment.source === 'input' ? "1'b1" : "1'b0",
        isPrevious: segment.source === 'previous' ? "1'b1" : "1'b0",
        hBase:
          segment.source === 'input'
            ? literal(0, w.hidden)
            : segment.source === 'previous'
              ? `bank_q ? ${address(0)} : ${address(1)}`
              : `bank_q ? ${address(1)} : ${address(0)}`,
        maxPending: literal(segment.maxPending, 4),
        isFirst: s === 0 ? "1'b1" : "1'b0",
        isLast: s === job.segments.length - 1 ? "1'b1" : "1'b0",
        firstSegment: literal(first, w.segment),
        lastFold: literal(job.folds - 1, w.fold),
        lastRow: literal((job.outputs - 1) % design.rows, w.row),
        isHead: job.kind === 'head' ? "1'b1" : "1'b0",
        layer: literal(job.layer, w.layer),
        endsStep:
          job.kind === 'head'
            ? "1'b1"
            : job.layer === lastLstm && design.headWhen === 'last-step'
              ? '!last_step_q'
              : "1'b0",
      });
    });
    first += job.segments.length;
  }
  return {
    header,
    module: `${design.name}_sequencer`,
    jobLines: jobs.map(
      (job) =>
        `${job.kind === 'head' ? 'head' : `layer ${job.layer}`}: ${job.outputs} outputs in ${job.folds} folds of ` +
        `${job.foldCycles} cycles (${job.k} operands${job.padCycles > 0 ? `, ${job.padCycles} idle` : ''}, 1 drain)`,
    ),
    hiddenMsb: msb(w.hidden),
    indexMsb: msb(w.index),
    kMsb: msb(w.k),
    foldMsb: msb(w.fold),
    weightMsb: msb(w.weight),
    rowMsb: msb(w.row),
    layerMsb: msb(w.layer),
    segmentMsb: msb(w.segment),
    padMsb: msb(w.pad),
    zeroK: literal(0, w.k),
    oneK: literal(1, w.k),
    zeroHidden: literal(0, w.hidden),
    zeroSegment: literal(0, w.segment),
    oneSegment: literal(1, w.segment),
    zeroFold: literal(0, w.fold),
    oneFold: literal(1, w.fold),
    zeroRow: literal(0, w.row),
    fullRow: literal(design.rows - 1, w.row),
    zeroLayer: literal(0, w.layer),
    zeroWeight: literal(0, w.weight),
    oneWeight: literal(1, w.weight),
    zeroPad: literal(0, w.pad),
    onePad: literal(1, w.pad),
    hasPad,
    firstState: jobs[0].padCycles > 0 ? 'PAD' : 'MAC',
    firstPad: literal(jobs[0].padCycles, w.pad),
    pads,
    kAsHidden: extend('k_q', w.k, w.hidden),
    kAsIndex: extend('k_q', w.k, w.index),
    segments,
  };
}

/** Names of the files that the design's memories read. */
export function memoryFiles(name: string): {
  weights: (row: number) => string;
  rows: string;
  tanh: string;
  embedding: string;
} {
  return {
    weights: (row) => `${name}_weights_${row}.hex`,
    rows: `${name}_rows.hex`,
    tanh: `${name}_tanh.hex`,
    embedding: `${name}_embedding.hex`,
  };
}

export function columnView(design: Design, header: string): object {
  const ternary = design.scheme.weights === 'ternary';
  return {
    header,
    module: `${design.name}_column`,
    pe: ternary ? 'hg_pe_ternary' : 'hg_pe_int8',
    hasWeightWidth: !ternary,
    lane: design.scheme.gates === 'level3' ? 'hg_lane_level3' : 'hg_lane_int16',
  };
}

export function topView(design: Design, header: string): object {
  const w = widths(design);
  const { rows, columns, layers, input } = design;
  const files = memoryFiles(design.name);
  const codeWidth = weightBits(design.scheme.weights);
  const hiddenTotal = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const perColumn = inputBits(design);
  const classBits = beatBits(w.class);
  // Fields of the issue bundle: valid, input, clear, h address, index, buffer, release.
  const hAddrHigh = 3 + w.hidden - 1;
  const indexLow = hAddrHigh + 1;
  const indexHigh = indexLow + w.index - 1;
  const issueWidth = indexHigh + 3;
  const drainHead = 1 + w.row;
  const drainWidth = drainHead + 7 + w.layer;
  const weightsWidth = rows * codeWidth;
  const unusedInput = input.kind === 'tokens' ? perColumn - input.tokenBits : 0;
  const loadLow = (column: number): number => column * perColumn;
  const loadWidth = input.kind === 'tokens' ? input.tokenBits : 8;
  const unused: string[] = [];
  for (let c = 0; c < columns; c++) {
    if (c < columns - 1)
      unused.push(`lstm_done_${c}`, `head_done_${c}`, `issue_${c}[${issueWidth - 1}]`);
    if (unusedInput > 0) {
      unused.push(`s_axis_tdata[${loadLow(c) + perColumn - 1}:${loadLow(c) + loadWidth}]`);
    }
  }
  const reversed = (count: number): number[] =>
    Array.from({ length: count }, (_, n) => count - 1 - n);
  const pad = classBits - w.class;
  return {
    header,
    module: design.name,
    purpose:
      `${design.scheme.name} LSTM, ${layers.map((layer) => layer.hiddenSize).join(' + ')} units, ` +
      `${design.classes} classes, on a ${rows} x ${columns} output-stationary array.`,
    inputNote:
      input.kind === 'tokens'
        ? `one beat per step, the token of sequence n in bits ${perColumn} n + ${input.tokenBits - 1} .. ${perColumn} n.`
        : `${input.size} beats per step, one element of x each, of sequence n in byte n, signed Q0.7.`,
    outputNote:
      `one beat ${design.headWhen === 'every-step' ? 'per step' : 'per sequence'}, the class of sequence n ` +
      `in bits ${classBits} n + ${w.class - 1} .. ${classBits} n.`,
    inputMsb: msb(columns * perColumn),
    outputMsb: msb(columns * classBits),
    lastBeat: literal(input.kind === 'tokens' ? 0 : input.size - 1, w.index),
    isToken: input.kind === 'tokens',
    indexWidth: String(w.index),
    indexMsb: msb(w.index),
    hiddenMsb: msb(w.hidden),
    hiddenWidth: String(w.hidden),
    hiddenDepth: String(2 * hiddenTotal),
    weightMsb: msb(w.weight),
    weightWidth: String(w.weight),
    weightDepth: String(design.memories.find((spec) => spec.role === 'weights')?.depth),
    rowMsb: msb(w.row),
    rowSelectWidth: String(w.row),
    rowAddrMsb: msb(w.rowAddr),
    rowAddrWidth: String(w.rowAddr),
    rowWordMsb: msb(w.rowWord),
    rowWordWidth: String(w.rowWord),
    rowDepth: String(design.memories.find((spec) => spec.role === 'rows')?.depth),
    rowFile: files.rows,
    layerMsb: msb(w.layer),
    layerWidth: String(w.layer),
    layerCount: String(layers.length),
    codeMsb: msb(codeWidth),
    codeWidth: String(codeWidth),
    rowCount: String(rows),
    rows: Array.from({ length: rows }, (_, row) => ({
      row: String(row),
      next: String(row + 1),
      addr: row === 0 ? 'weight_addr_q' : `weight_addr_${row}`,
      file: files.weights(row),
    })),
    columns: Array.from({ length: columns }, (_, column) => ({
      column: String(column),
      next: String(column + 1),
      loadLsb: String(loadLow(column)),
      loadMsb: String(loadLow(column) + loadWidth - 1),
    })),
    columnCount: String(columns),
    lastColumn: String(columns - 1),
    delays: Array.from({ length: columns - 1 }, (_, c) => ({
      column: String(c + 1),
      previous: String(c),
    })),
    issueMsb: msb(issueWidth),
    drainMsb: msb(drainWidth),
    zeroIssue: `{${issueWidth}{1'b0}}`,
    zeroDrain: `{${drainWidth}{1'b0}}`,
    hAddrHigh: String(hAddrHigh),
    indexLow: String(indexLow),
    indexHigh: String(indexHigh),
    bufferBit: String(indexHigh + 1),
    drainHead: String(drainHead),
    weightsMsb: msb(weightsWidth),
    weightsConcat: reversed(rows)
      .map((row) => `weight_${row}`)
      .join(', '),
    unusedColumns: `&{${[`weights_${columns}`, ...unused].join(', ')}}`,
    accWidth: String(design.accBits),
    shiftMin: String(design.shiftMin),
    selectWidth: String(design.shiftBits),
    units: String(hiddenTotal),
    unitWidth: String(w.unit),
    classWidth: String(w.class),
    classMsb: msb(w.class),
    cellBases: packedLiteral(
      layers.map((_, layer) => cellBase(design, layer)),
      w.unit,
    ),
    hiddenBases: packedLiteral(
      [
        ...layers.map((_, layer) => hiddenBase(design, layer, 0)),
        ...layers.map((_, layer) => hiddenBase(design, layer, 1)),
      ],
      w.hidden,
    ),
    tanhFile: files.tanh,
    tokenWidth: input.kind === 'tokens' ? String(input.tokenBits) : '0',
    embeddingDepth: input.kind === 'tokens' ? String(input.vocabSize * 2 ** input.strideBits) : '0',
    embeddingFile: files.embedding,
    classConcat: reversed(columns)
      .map((c) => (pad > 0 ? `${literal(0, pad)}, class_${c}` : `class_${c}`))
      .join(', '),
  };
}
