/** View-model of the top module: memories, columns, and what travels between them. */
import { indexBits } from '../design/bits.js';
import {
  beatsPerStep,
  lstmJobs,
  tableOf,
  usesPlanes,
  type Design,
  type MemorySpec,
} from '../design/design.js';
import { multipliersOfColumn } from '../design/multipliers.js';
import { narrowestStrideBits, startBits, usesSquash } from '../design/memory-plan.js';
import { hiddenSlot } from '../design/sequence-memory.js';
import type { RegisterMap } from '../control/map.js';
import { bundle, type Bundle, type Field } from './bundle.js';
import { structureView } from './column-view.js';
import { controlView, loadSignals, type LoadSignals } from './control-view.js';
import { extend, literal, msb, packedLiteral } from './literal.js';
import { memoryFiles, placesOf, squashFile } from './memories.js';
import { fillOf, streamFields, weightAddressBits } from './weight-stream-view.js';
import {
  beatBits,
  cellBase,
  depthOf,
  hiddenBase,
  inputBits,
  isTabled,
  laneHiddenBits,
  memoryOf,
  packBits,
  perStream,
  streamStride,
  widths,
  type Widths,
} from './widths.js';

/** What an issued operand takes with it from column to column. */
function issueBundle(design: Design, w: Widths): Bundle {
  const fields: Field[] = [
    { name: 'valid', width: 1 },
    { name: 'input', width: 1 },
    { name: 'clear', width: 1 },
    { name: 'h_addr', width: w.hidden },
  ];
  if (isTabled(design)) {
    return bundle(
      'issue_',
      fields.filter(({ name }) => name !== 'input'),
    );
  }
  if (design.sequence) fields.push({ name: 'x_addr', width: w.x });
  if (!design.sequence || design.input.kind !== 'dense') {
    fields.push({ name: 'index', width: w.index });
  }
  if (design.sequence) return bundle('issue_', fields);
  if (design.input.kind === 'features') fields.push({ name: 'feature', width: w.loadIndex });
  const { width, concat, bits } = bundle('issue_', fields);
  return {
    width: width + 2,
    concat: `x_release, x_buffer, ${concat}`,
    bits: { ...bits, buffer: `[${width}]` },
  };
}

/** Whether rows that drain look up their token in a sequence. */
function drainsX(design: Design): boolean {
  return design.sequence !== undefined && isTabled(design);
}

/** What a drained row takes with it from column to column. */
function drainFields(design: Design, w: Widths): Field[] {
  const fields: Field[] = [
    { name: 'valid', width: 1 },
    { name: 'select', width: w.row },
    { name: 'head', width: 1 },
    { name: 'gate', width: 2 },
    { name: 'first', width: 1 },
    { name: 'last', width: 1 },
    { name: 'fresh', width: 1 },
    { name: 'bank', width: 1 },
    { name: 'layer', width: w.stream + w.layer },
  ];
  if (usesPlanes(design)) {
    fields.push({ name: 'plane_first', width: 1 }, { name: 'plane_last', width: 1 });
  }
  if (design.combiner?.passes === 2) {
    fields.push({ name: 'pass_first', width: 1 }, { name: 'pass_last', width: 1 });
  }
  if (isTabled(design)) fields.push({ name: 'output', width: w.index });
  if (drainsX(design)) fields.push({ name: 'x_addr', width: w.x });
  return fields;
}

/** Cycles that a drain command waits: for elements that count, and for the index of the last operand. */
function flushDelay({ array, dataflow }: Design): number {
  return (array.activationBits === 2 ? 1 : 0) + (dataflow === 'sparse' ? 1 : 0);
}

/** Signals of a drain command, by name; those that wait come out of a register. */
function flushView(design: Design, w: Widths): { signals: object; bundle: Bundle } {
  const hasPasses = design.combiner?.passes === 2;
  const fields: Field[] = [
    { name: 'last_row', width: w.row },
    { name: 'first_fold', width: 1 },
    { name: 'last_fold', width: 1 },
    ...(design.sequence ? [] : [{ name: 'first_job', width: 1 }]),
    ...(hasPasses
      ? [
          { name: 'first_pass', width: 1 },
          { name: 'last_pass', width: 1 },
        ]
      : []),
    { name: 'head', width: 1 },
    { name: 'fresh', width: 1 },
    ...(design.sequence ? [] : [{ name: 'bank', width: 1 }]),
    { name: 'layer', width: w.layer },
    ...(drainsX(design) ? [{ name: 'x_addr', width: w.x }] : []),
    ...(design.streams === undefined ? [] : [{ name: 'stream', width: w.stream }]),
  ];
  const { width, concat, bits } = bundle('flush_', fields);
  const isLate = flushDelay(design) > 0;
  const signals = Object.fromEntries(
    fields.map(({ name }) => [name, isLate ? `flush_q${bits[name]}` : `flush_${name}`]),
  );
  return {
    signals: {
      first_pass: "1'b1",
      last_pass: "1'b1",
      // Jobs that run over all steps before the next begin at words of their own; h has one bank.
      first_job: "1'b1",
      bank: "1'b0",
      ...signals,
      valid: isLate ? `flush_q[${width}]` : 'flush',
    },
    bundle: { width: width + 1, concat: `flush, ${concat}`, bits },
  };
}

/** Which sums of a unit complete an output, for hg_drain_planes. */
function placesView(design: Design, w: Widths): object {
  const { jobs, combiner } = design;
  const placeBits = combiner?.placeBits ?? 2;
  const lastPlanes = jobs.flatMap((job) => {
    const bits = new Array<number>(2 ** placeBits).fill(0);
    placesOf(job).forEach(({ gate, plane }, place) => {
      bits[place] = plane === job.planes[gate] - 1 ? 1 : 0;
    });
    return bits;
  });
  return {
    jobs: String(jobs.length),
    jobWidth: String(w.job),
    placeWidth: String(placeBits),
    lastPlaces: packedLiteral(
      jobs.map((job) => placesOf(job).length - 1),
      placeBits,
    ),
    lastPlanes: packedLiteral(lastPlanes, 1),
    factorBySum: combiner?.factorsBy === 'sum' ? '1' : '0',
  };
}

export function topView(design: Design, header: string, map?: RegisterMap): object {
  const w = widths(design);
  const { rows, columns, input, array, combiner, sequence } = design;
  const files = memoryFiles(design.name);
  const codeWidth = array.weightBits * array.pack;
  const directions = lstmJobs(design);
  const perColumn = inputBits(design);
  const classBits = beatBits(w.class);
  const table = tableOf(design);
  const issue = issueBundle(design, w);
  const drain = bundle('drain_', drainFields(design, w));
  const flush = flushView(design, w);
  // By place, the address is as wide as the numbers of passes, jobs and places together.
  const placeAddr = (combiner?.passes === 2 ? 1 : 0) + w.job + (combiner?.placeBits ?? 0);
  const factorAddr = combiner?.factorsBy === 'place' ? placeAddr : w.factorAddr;
  const weightsWidth = rows * codeWidth;
  const loadWidth = input.kind === 'dense' ? array.activationBits : input.tokenBits;
  const loadLow = (column: number): number => column * perColumn;
  const unused: string[] = [];
  for (let c = 0; c < columns; c++) {
    if (c < columns - 1) {
      unused.push(`lstm_done_${c}`, `head_done_${c}`);
      if (!table && !sequence) unused.push(`issue_${c}[${issue.width - 1}]`);
    }
    if (perColumn > loadWidth) {
      unused.push(`s_axis_tdata[${loadLow(c) + perColumn - 1}:${loadLow(c) + loadWidth}]`);
    }
  }
  const reversed = (count: number): number[] =>
    Array.from({ length: count }, (_, n) => count - 1 - n);
  const pad = classBits - w.class;
  const laneHidden = laneHiddenBits(design);
  const weightLoads = Array.from({ length: rows }, (_, row) =>
    loadOf(map, 'weights', row, w.weight),
  );
  return {
    ...structureView(design),
    ...placesView(design, w),
    header,
    module: design.name,
    purpose:
      `${design.scheme.name} LSTM, ${layerSizes(design)} units, ` +
      `${design.headOutput === 'value' ? 'one value' : `${design.classes} classes`}, on a ${rows} x ${columns} ${design.dataflow === 'sparse' ? 'array that skips zeros' : 'output-stationary array'}.`,
    inputNote: inputNote(design),
    outputNote:
      `one beat ${design.headWhen === 'every-step' ? 'per step' : 'per sequence'}, ` +
      `the ${design.headOutput === 'value' ? 'value, signed Q6.9, ' : 'class '}of sequence n ` +
      `in bits ${classBits} n + ${w.class - 1} .. ${classBits} n.`,
    sequenceNotes: sequence
      ? [
          `Nothing comes out before a sequence is complete. One of more than ${sequence.maxSteps} steps is cut: those`,
          'that follow count as another sequence.',
        ]
      : [],
    inputMsb: msb(columns * perColumn),
    outputMsb: msb(columns * classBits),
    lastBeat: literal(beatsPerStep(design) - 1, w.loadIndex),
    ...sequenceFields(design, w),
    ...sourceFields(design),
    ...controlFields(design, map),
    ...streamFields(design),
    ...loadFields(design, { ...w, factorAddr }, map),
    isToken: input.kind === 'tokens',
    indexWidth: String(w.index),
    indexMsb: msb(w.index),
    loadIndexWidth: String(w.loadIndex),
    loadIndexMsb: msb(w.loadIndex),
    hiddenMsb: msb(w.hidden),
    hiddenWidth: String(w.hidden),
    hiddenDepth: String(depthOf(design, 'hidden')),
    weightMsb: msb(w.weight),
    weightWidth: String(w.weight),
    weightAddrMsb: msb(weightAddressBits(design)),
    weightDepth: String(depthOf(design, 'weights')),
    rowMsb: msb(w.row),
    rowSelectWidth: String(w.row),
    rowAddrMsb: msb(w.rowAddr),
    rowAddrWidth: String(w.rowAddr),
    rowWordMsb: msb(w.rowWord),
    rowWordWidth: String(w.rowWord),
    rowDepth: String(depthOf(design, 'rows')),
    rowFile: files.rows,
    factorMsb: msb(combiner?.factorBits ?? 1),
    factorWidth: String(combiner?.factorBits ?? 1),
    factorDepth: String(memoryOf(design, 'factors')?.depth ?? 0),
    factorAddrMsb: msb(factorAddr),
    factorAddrWidth: String(factorAddr),
    factorFile: files.factors,
    layerMsb: msb(w.layer),
    layerWidth: String(w.layer),
    columnLayerWidth: String(w.stream + w.layer),
    layerCount: String(design.streams ? design.streams * 2 ** w.layer : directions.length),
    hasStreams: design.streams !== undefined,
    streamMsb: msb(Math.max(1, w.stream)),
    zeroLayer: literal(0, w.layer),
    codeMsb: msb(codeWidth),
    codeWidth: String(codeWidth),
    rowCount: String(rows),
    rows: Array.from({ length: rows }, (_, row) => ({
      row: String(row),
      next: String(row + 1),
      addr: row === 0 ? 'weight_addr_q' : `weight_addr_${row}`,
      file: files.weights(row),
      load: weightLoads[row] ?? NO_LOAD,
      fill: fillOf(design, row),
    })),
    columns: Array.from({ length: columns }, (_, column) => ({
      column: String(column),
      next: String(column + 1),
      multipliers: String(multipliersOfColumn(design, column)),
      loadLsb: String(loadLow(column)),
      loadMsb: String(loadLow(column) + loadWidth - 1),
      tableOperand:
        table && table.shift > 0
          ? `{table_${column}, ${literal(0, table.shift)}}`
          : `table_${column}`,
    })),
    columnCount: String(columns),
    lastColumn: String(columns - 1),
    delays: Array.from({ length: columns - 1 }, (_, c) => ({
      column: String(c + 1),
      previous: String(c),
    })),
    issueMsb: msb(issue.width),
    issueConcat: issue.concat,
    issueBits: issue.bits,
    zeroIssue: `{${issue.width}{1'b0}}`,
    drainMsb: msb(drain.width),
    drainBits: drain.bits,
    drainFields: drainFields(design, w)
      .slice(1)
      .map(({ name }) => {
        if (name === 'output') return `row_addr[${w.index - 1}:0]`;
        return name === 'layer' && design.streams !== undefined
          ? '{drain_stream, drain_layer}'
          : `drain_${name}`;
      })
      .reverse(),
    zeroDrain: `{${drain.width}{1'b0}}`,
    isLate: flushDelay(design) > 0,
    isLater: flushDelay(design) > 1,
    lateNote:
      design.dataflow === 'sparse'
        ? 'Operands wait for their weights, and so does the drain behind them.'
        : 'Counting elements are complete a cycle later than others.',
    countsX: design.dataflow === 'sparse' && input.kind !== 'dense' && !table,
    inputDepth: String(memoryOf(design, 'input')?.depth ?? 2),
    inputAddrWidth: String(w.index + 1),
    flush: flush.signals,
    flushMsb: msb(flush.bundle.width),
    flushConcat: flush.bundle.concat,
    zeroFlush: `{${flush.bundle.width}{1'b0}}`,
    weightsMsb: msb(weightsWidth),
    weightsConcat: reversed(rows)
      .map((row) => `weight_${row}`)
      .join(', '),
    unusedColumns: `&{${[`weights_${columns}`, ...unused].join(', ')}}`,
    accWidth: String(design.accBits),
    sumWidth: String(design.sumBits),
    shiftMin: String(design.shiftMin),
    selectWidth: String(design.shiftBits),
    units: String(depthOf(design, 'cell')),
    unitWidth: String(w.unit),
    classWidth: String(w.class),
    classMsb: msb(w.class),
    cellBases: packedLiteral(
      perStream(
        design,
        directions.map(({ layer }) => cellBase(design, layer)),
        streamStride(design, 'cell'),
      ),
      w.unit,
    ),
    hiddenBases: packedLiteral(
      ([0, 1] as const).flatMap((bank) =>
        perStream(
          design,
          directions.map(
            (job) =>
              array.pack *
              (sequence ? hiddenSlot(design, job) : hiddenBase(design, job.layer, bank)),
          ),
          array.pack * streamStride(design, 'hidden'),
        ),
      ),
      laneHidden,
    ),
    tanhFile: files.tanh,
    squashFile: usesSquash(design) && squashFile(design) ? files.squash : files.tanh,
    tokenWidth: input.kind === 'dense' ? '0' : String(input.tokenBits),
    tableMsb: msb(table?.bits ?? 1),
    tableWidth: String(table ? table.bits + table.shift : 0),
    sourceWidth: String(table?.bits ?? array.activationBits * array.pack),
    sourceDepth: String((memoryOf(design, 'embedding') ?? memoryOf(design, 'table'))?.depth ?? 0),
    sourceFile: table ? files.table : files.embedding,
    classConcat: reversed(columns)
      .map((c) => (pad > 0 ? `${literal(0, pad)}, class_${c}` : `class_${c}`))
      .join(', '),
  };
}

/** How a memory is written; nothing where it is read-only. */
type Load = Omit<LoadSignals, 'addrBits'>;

const NO_LOAD: Load = { enable: '', addr: '', data: '' };

/** The write signals of a memory with so many address bits, of `unit` where there are several side by side. */
function loadOf(
  map: RegisterMap | undefined,
  role: MemorySpec['role'],
  unit: number,
  addrBits: number,
): Load | undefined {
  const window = map?.windows.find((candidate) => candidate.role === role);
  if (!map || !window) return undefined;
  const { enable, addr, addrBits: from, data } = loadSignals(map, window, unit);
  return { enable, addr: extend(addr, from, addrBits), data };
}

/** The write signals of memories other than the weight banks. */
function loadFields(
  design: Design,
  { rowAddr, factorAddr }: Pick<Widths, 'rowAddr' | 'factorAddr'>,
  map: RegisterMap | undefined,
): object {
  const { input } = design;
  const table = tableOf(design) ? 'table' : 'embedding';
  const tableAddr = input.kind === 'dense' ? 1 : startBits(input) + narrowestStrideBits(input);
  return {
    isLoaded: design.weights === 'ram',
    isLoadedToken: design.weights === 'ram' && input.kind === 'tokens',
    rowLoad: loadOf(map, 'rows', 0, rowAddr) ?? NO_LOAD,
    factorLoad: loadOf(map, 'factors', 0, factorAddr) ?? NO_LOAD,
    tableLoad: loadOf(map, table, 0, tableAddr) ?? NO_LOAD,
  };
}

/** Registers, and what they hold back: reset and input. */
function controlFields({ name }: Design, map: RegisterMap | undefined): object {
  const control = map ? controlView(map, { header: '', top: name }) : {};
  return {
    hasControl: map !== undefined,
    control,
    rst: map ? 'core_rst' : 'rst_i',
    inValid: map ? 's_axis_tvalid && core_run' : 's_axis_tvalid',
    inReady: map ? 'core_ready' : 's_axis_tready',
  };
}

/** "32 + 16", a layer of two directions as "2 x 32". */
export function layerSizes({ layers }: Design): string {
  return layers
    .map(({ hiddenSize, isBidirectional }) => (isBidirectional ? `2 x ${hiddenSize}` : hiddenSize))
    .join(' + ');
}

/** What the top module of a design that runs whole sequences has besides. */
function sequenceFields(design: Design, w: Widths): object {
  const { jobs, combiner, sequence, input } = design;
  const sums = jobs.map((job) => job.sums * job.passes.length);
  const factorAddr = memoryOf(design, 'factors') ? w.factorAddr : 1;
  const isBySum = combiner?.factorsBy === 'sum';
  const { maxSteps, inputWords } = sequence ?? { maxSteps: 1, inputWords: 1 };
  return {
    drainsX: drainsX(design),
    xMsb: msb(w.x),
    xWidth: String(w.x),
    xDepth: String(maxSteps * inputWords),
    lastStep: literal((maxSteps - 1) * inputWords, w.x),
    loadPackWidth: String(input.kind === 'dense' ? packBits(design) : 0),
    rowBases: packedLiteral(
      jobs.map(({ rowBase }) => rowBase),
      w.rowAddr,
    ),
    sumBases: isBySum
      ? packedLiteral(
          jobs.map((_, j) => sums.slice(0, j).reduce((sum, n) => sum + n, 0)),
          factorAddr,
        )
      : '0',
  };
}

/** The tables behind tokens, for the modules that know of several. */
function sourceFields(design: Design): object {
  const { input } = design;
  const isDense = input.kind === 'dense';
  const unit = isDense ? 0 : narrowestStrideBits(input);
  const start = isDense ? 1 : startBits(input);
  const tables = input.kind === 'features' ? input.tables : [{ base: 0, strideBits: unit }];
  return {
    features: String(tables.length),
    featureMsb: msb(indexBits(tables.length)),
    startWidth: String(start),
    unitStride: String(unit),
    featureBases: packedLiteral(
      tables.map(({ base }) => base / 2 ** unit),
      start,
    ),
    featureShifts: packedLiteral(
      tables.map(({ strideBits }) => strideBits - unit),
      8,
    ),
  };
}

function inputNote(design: Design): string {
  const { input } = design;
  const perColumn = inputBits(design);
  if (input.kind === 'tokens') {
    return `one beat per step, the token of sequence n in bits ${perColumn} n + ${input.tokenBits - 1} .. ${perColumn} n.`;
  }
  if (input.kind === 'features') {
    const names = input.tables.map(({ name }) => name).join(', ');
    return `${input.tables.length} beats per step, one token each (${names}), of sequence n in bits ${perColumn} n + ${input.tokenBits - 1} .. ${perColumn} n.`;
  }
  const format = design.array.activationBits === 8 ? 'signed Q0.7' : '-1, 0 or +1, signed';
  return `${input.size} beats per step, one element of x each, of sequence n in byte n, ${format}.`;
}
