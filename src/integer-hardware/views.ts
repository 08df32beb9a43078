/** The design as text for rtl-templates/integer_top.v.hbs; every number is computed here. */
import { literal, msb } from '../emit/literal.js';
import type { IntegerDesign, Operation } from './design.js';
import { memoryFiles } from './memories.js';
import { ACTIVATION_TIMING } from './timing.js';
import { CELLS } from './program.js';
import { type Field, layoutOf } from './program-word.js';
import { indexBits } from './widths.js';

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

/** The low bits of the operand number. */
function operandBits(bits: number, name: string, { widths }: IntegerDesign): string {
  return bits === widths.operand ? name : `${name}[${bits - 1}:0]`;
}

/** The machine in a sentence. */
export function purposeOf({ layers, widths, rows }: IntegerDesign): string {
  const sizes = layers.map(
    ({ inputSize, cellSize, outputSize, projection }) =>
      `${inputSize} -> ${cellSize}${projection === null ? '' : ` -> ${outputSize}`}`,
  );
  return `Integer LSTM ${sizes.join(', ')}; ${widths.data}-bit activations, ${rows} processing elements.`;
}

export function topView(design: IntegerDesign, header: string): object {
  const { name, rows, widths: w, operations, outputs, layers } = design;
  const files = memoryFiles(name);
  const layout = layoutOf(design);
  const words = design.weights.length / rows;
  const hasProjection = layers.some(({ projection }) => projection !== null);
  const extra = w.operand - w.index;
  const { interval } = ACTIVATION_TIMING[design.activation];
  return {
    header,
    purpose: purposeOf(design),
    outputsNote:
      outputs === 'every-step' ? 'after every step' : 'after the last step of a sequence',
    module: name,
    operations: operations.map(operationNote),
    fields: layout.fields.map(fieldView),
    programFile: files.program,
    weightsFile: files.weights,
    biasFile: files.biases,
    vectorFile: files.vectorWeights,
    tableFile: files.table,
    dataMsb: msb(w.data),
    pcMsb: msb(w.pc),
    wordMsb: msb(layout.width),
    operandMsb: msb(w.operand),
    indexMsb: msb(w.index),
    inputMsb: msb(w.input),
    accMsb: msb(w.acc),
    biasMsb: msb(w.bias),
    outMsb: msb(w.out),
    wordWidth: String(layout.width),
    operationCount: String(operations.length),
    pcWidth: String(w.pc),
    lastPc: literal(operations.length - 1, w.pc),
    indexWidth: String(w.index),
    operandWidth: String(w.operand),
    rowWidth: String(w.row),
    lastRow: literal(rows - 1, w.row),
    waitWidth: String(indexBits(interval)),
    activationWait: literal(interval - 1, indexBits(interval)),
    inputWidth: String(w.input),
    lastInput: literal(design.inputSize - 1, w.input),
    dataWidth: String(w.data),
    inputDepth: String(2 ** (w.input + 1)),
    inputAddrWidth: String(w.input + 1),
    inputAddress: `{input_buffer, ${operandBits(w.input, 'read_index', design)}}`,
    mNote: hasProjection ? ', and m' : '',
    outputIndex: extra === 0 ? 'output_index' : `{${extra}'d0, output_index}`,
    stateDepth: String((layers.length + Number(hasProjection)) * 2 ** w.index),
    stateAddrWidth: String(w.stateRegion + w.index),
    stateWriteAddress: stateAddress('op_dest', 'write_index', design),
    stateReadAddress: stateAddress('op_b', operandBits(w.index, 'state_index', design), design),
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
    gateDepth: String((CELLS + layers.length) * 2 ** w.index),
    shiftMin: String(w.shiftMin),
    selectWidth: String(w.select),
    outWidth: String(w.out),
    hasTable: design.activation === 'lut256',
    activationShiftMin: String(w.activation.shiftMin),
    activationShiftSpan: String(w.activation.shiftSpan),
    activationShiftWidth: String(w.activation.shift),
    alignWidth: String(w.activation.align),
    hasLayerNorm: layers.some(hasNorm),
    wideDepth: String(2 ** w.index),
    sizeWidth: String(w.index + 1),
  };
}

export function hasNorm({ gates }: IntegerDesign['layers'][number]): boolean {
  return Object.values(gates).some((gate) => gate !== null && gate.layerNorm !== null);
}
