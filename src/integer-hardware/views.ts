/** The design as text for rtl-templates/integer_top.v.hbs; every number is computed here. */
import { literal, msb, packedLiteral } from '../emit/literal.js';
import type { IntegerLstm } from '../integer/lstm.js';
import { directionsOf } from '../integer/model.js';
import type { IntegerDesign, Operation } from './design.js';
import { tablesOf } from './input.js';
import { memoryFiles } from './memories.js';
import { flowNote, inputNote, purposeOf, resultNote } from './notes.js';
import { ACTIVATION_TIMING } from './timing.js';
import { regionCounts, sequenceParts } from './program.js';
import { type Field, layoutOf } from './program-word.js';
import { indexBits, type Widths } from './widths.js';

function fieldView({ name, width, isSigned, low, values }: Field): object {
  const sign = isSigned ? 'signed ' : '';
  const range = width === 1 ? sign : `${sign}[${width - 1}:0] `;
  if (low !== undefined) {
    return { name, range, value: width === 1 ? `op[${low}]` : `op[${low + width - 1}:${low}]` };
  }
  const [shared] = values;
  const digits = isSigned ? `${width}'sd${Math.abs(shared)}` : literal(shared, width);
  return { name, range, value: `${shared < 0 ? '-' : ''}${digits}` };
}

function operationNote({ title, count, operands, kind }: Operation, n: number): string {
  const size = kind === 'matrix' ? `${count} x ${operands}` : String(count);
  return `${String(n).padStart(3)}  ${title} (${size})`;
}

/** A memory address of a region and an index, where there may be one region only. */
function stateAddress(region: string, index: string, { widths }: IntegerDesign): string {
  const { stateRegion, region: regionBits } = widths;
  if (stateRegion === 0) return index;
  const bits = stateRegion === regionBits ? region : `${region}[${stateRegion - 1}:0]`;
  return `{${bits}, ${index}}`;
}

/** The low bits of a signal. */
function lowBits(name: string, width: number, bits: number): string {
  return bits === width ? name : `${name}[${bits - 1}:0]`;
}

/** A signal with zeros in front. */
function extended(name: string, width: number, bits: number): string {
  return bits === width ? name : `{${bits - width}'d0, ${name}}`;
}

/** Parameters of hgi_embedding. */
function tableView({ input, name }: IntegerDesign): object {
  const tables = input === null ? [] : tablesOf(input);
  const depth = tables.reduce((sum, { codes }) => sum + codes.length, 0);
  const sizeWidth = indexBits(Math.max(1, ...tables.map(({ size }) => size)) + 1);
  const addrWidth = Math.max(indexBits(Math.max(1, depth)), sizeWidth + 1);
  let end = 0;
  const starts = tables.map(({ codes }) => (end += codes.length) - codes.length);
  const packed = (values: readonly number[], width: number): string =>
    values.length === 0 ? '' : packedLiteral(values, width);
  return {
    count: String(tables.length),
    depth: String(depth),
    sizeWidth: String(sizeWidth),
    addrWidth: String(addrWidth),
    starts: packed(starts, addrWidth),
    sizes: packed(
      tables.map(({ size }) => size),
      sizeWidth,
    ),
    lasts: packed(
      tables.map(({ size }) => size - 1),
      sizeWidth,
    ),
    file: memoryFiles(name).embedding,
  };
}

/** Of memories of whole sequences. */
function sequenceView(design: IntegerDesign): object {
  const { flow, maxSteps, inputSize, widths: w } = design;
  const isWhole = flow === 'sequences';
  const [, , kept] = sequenceParts(design);
  const keptAddrWidth = indexBits(Math.max(1, kept));
  return {
    isWhole,
    stepMsb: msb(w.step),
    stepWidth: String(w.step),
    baseMsb: msb(w.base),
    baseWidth: String(w.base),
    lastStep: isWhole ? literal(maxSteps - 1, w.step) : '',
    readOffset: isWhole ? extended('read_index', w.operand, w.base) : '',
    writeOffset: isWhole ? extended('write_index', w.index, w.base) : '',
    vectorOffset: isWhole ? extended('vector_index', w.operand, w.base) : '',
    keptDepth: String(kept),
    keptAddrWidth: String(keptAddrWidth),
    keptAddrMsb: msb(keptAddrWidth),
    ...inputMemory(inputSize, maxSteps, w, isWhole),
  };
}

/** x of two steps, or of a whole sequence. */
function inputMemory(size: number, maxSteps: number, w: Widths, isWhole: boolean): object {
  const depth = isWhole ? maxSteps * size : 2 ** (w.input + 1);
  const addrWidth = indexBits(depth);
  return {
    inputDepth: String(depth),
    inputAddrWidth: String(addrWidth),
    inputAddrMsb: msb(addrWidth),
  };
}

export function topView(design: IntegerDesign, header: string): object {
  const { name, rows, widths: w, operations, outputs, input, head } = design;
  const layers = directionsOf(design.layers);
  const files = memoryFiles(name);
  const layout = layoutOf(design);
  const words = design.weights.length / rows;
  const hasProjection = layers.some(({ projection }) => projection !== null);
  const regions = regionCounts(design);
  const { interval } = ACTIVATION_TIMING[design.activation];
  return {
    header,
    purpose: purposeOf(design),
    inputNote: inputNote(design),
    resultNote: resultNote(design),
    flowNote: flowNote(design),
    outputsNote:
      outputs === 'every-step' ? 'after every step' : 'after the last step of a sequence',
    module: name,
    operations: operations.map(operationNote),
    fields: layout.fields.map(fieldView),
    programFile: files.program,
    weightsFile: files.weights,
    biasFile: files.biases,
    vectorFile: files.vectorWeights,
    sigmoidFile: files.sigmoid,
    beatMsb: msb(w.beat),
    beatWidth: String(w.beat),
    resultMsb: msb(w.result),
    resultWidth: String(w.result),
    dataMsb: msb(w.data),
    pcMsb: msb(w.pc),
    wordMsb: msb(layout.width),
    operandMsb: msb(w.operand),
    indexMsb: msb(w.index),
    countMsb: msb(w.count),
    inputMsb: msb(w.input),
    accMsb: msb(w.acc),
    biasMsb: msb(w.bias),
    outMsb: msb(w.out),
    wordWidth: String(layout.width),
    operationCount: String(operations.length),
    pcWidth: String(w.pc),
    lastPc: literal(operations.length - 1, w.pc),
    indexWidth: String(w.index),
    countWidth: String(w.count),
    operandWidth: String(w.operand),
    rowWidth: String(w.row),
    lastRow: literal(rows - 1, w.row),
    waitWidth: String(indexBits(interval)),
    activationWait: literal(interval - 1, indexBits(interval)),
    isDirect: input === null,
    isOneHot: input?.kind === 'one-hot',
    hot: input?.kind === 'one-hot' ? literal(input.hot, w.data) : '',
    hasTable: input !== null && input.kind !== 'one-hot',
    table: tableView(design),
    inputWidth: String(w.input),
    lastInput: literal(design.inputSize - 1, w.input),
    dataWidth: String(w.data),
    inputAddress: `{input_buffer, ${lowBits('read_index', w.operand, w.input)}}`,
    ...sequenceView(design),
    mNote: hasProjection ? ', and m' : '',
    outputIndex: extended('output_index', w.count, w.operand),
    stateDepth: String(regions.states * 2 ** w.index),
    stateAddrWidth: String(w.stateRegion + w.index),
    stateWriteAddress: stateAddress('op_dest', 'write_index', design),
    stateReadAddress: stateAddress('op_b', lowBits('vector_index', w.operand, w.index), design),
    isHeadless: head === null,
    resultData: design.flow === 'sequences' ? 'kept_data' : 'state_data',
    hasClass: head?.output === 'class',
    hasSums: head?.output === 'value',
    sumCount: String(head?.classes ?? 0),
    rows: String(rows),
    accWidth: String(w.acc),
    weightDepth: String(words),
    weightAddrWidth: String(indexBits(words)),
    biasNote: layers.some(hasNorm) ? ', also of layer normalizations' : '',
    biasWidth: String(w.bias),
    biasDepth: String(design.biases.length),
    biasAddrWidth: String(indexBits(design.biases.length)),
    hasVectorWeights: design.vectorWeights.length > 0,
    vectorDepth: String(design.vectorWeights.length),
    vectorAddrWidth: String(indexBits(design.vectorWeights.length)),
    regionWidth: String(w.region),
    gateDepth: String(regions.gates * 2 ** w.index),
    shiftMin: String(w.shiftMin),
    selectWidth: String(w.select),
    outWidth: String(w.out),
    hasSigmoidTable: design.activation === 'lut256',
    activationShiftMin: String(w.activation.shiftMin),
    activationShiftSpan: String(w.activation.shiftSpan),
    activationShiftWidth: String(w.activation.shift),
    alignWidth: String(w.activation.align),
    hasLayerNorm: layers.some(hasNorm),
    normLast: `{1'b0, ${lowBits('op_last', w.count, w.index)}}`,
    wideDepth: String(2 ** w.index),
    sizeWidth: String(w.index + 1),
  };
}

export function hasNorm({ gates }: IntegerLstm): boolean {
  return Object.values(gates).some((gate) => gate !== null && gate.layerNorm !== null);
}
