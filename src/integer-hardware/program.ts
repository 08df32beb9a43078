/** The operations of a step, and the constants they use in their order. */
import type { IntegerGate, IntegerLstm, Kernel, Peephole, Projection } from '../integer/lstm.js';
import type { LayerNorm } from '../integer/layer-norm.js';
import type { Operation, OutputTime } from './design.js';
import { reducedScaleOf, type Scale, scaleOf, shiftScale } from './scale.js';
import { type Program, ProgramBuilder } from './builder.js';

export type GateName = 'i' | 'f' | 'g' | 'o';

/** Regions of the gate memory; the cell states of layer l are in region CELLS + l. */
export const REGIONS: Readonly<Record<GateName, number>> = { f: 0, i: 1, g: 2, o: 3 };
export const CELLS = 4;

/** -limit .. limit - 1, or -clip .. clip if that is narrower and not 0. */
function boundsOf(bits: number, clip: number): { readonly low: number; readonly high: number } {
  const limit = 2 ** (bits - 1);
  return clip > 0
    ? { low: Math.max(-clip, -limit), high: Math.min(clip, limit - 1) }
    : { low: -limit, high: limit - 1 };
}

/** Region of the state memory that holds m, of `layers` layers. */
export function hiddenRegion(layers: number): number {
  return layers;
}

/** Of c. */
export function cellIntegerBits({ cell }: IntegerLstm): number {
  return cell.scaleLog2 + cell.bits - 1;
}

/** Of a matrix product's accumulator. */
function sumScale(kernel: Kernel, scale: Parameters<typeof scaleOf>[0]): Scale {
  return kernel.activationBits === 16 ? reducedScaleOf(scale) : scaleOf(scale, kernel.rounding);
}

/** What ends a gate: its activation, into its own region. */
function lastOf(name: GateName): Partial<Operation> {
  return { activation: name === 'g' ? 'tanh' : 'sigmoid', writes: 'gate', dest: REGIONS[name] };
}

/** z = sat16(sat16(W x + b) + R h + b'), and the activation if nothing comes in between. */
function addSums(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  index: number,
  name: GateName,
  gate: IntegerGate,
): void {
  const { kernel, cellSize } = layer;
  const title = `layer ${index}, ${name}`;
  const region = REGIONS[name];
  const isDone = gate.peephole === null && gate.layerNorm === null;
  builder.addMatrix(
    {
      kind: 'matrix',
      title: `${title}: W x`,
      count: cellSize,
      isFromInput: index === 0,
      b: index === 0 ? 0 : index - 1,
      scale: sumScale(kernel, gate.inputScale),
      dest: region,
      writes: 'gate',
    },
    gate.inputWeights,
    gate.inputBias,
  );
  builder.addMatrix(
    {
      kind: 'matrix',
      title: `${title}: R h${isDone ? `, ${name}` : ''}`,
      count: cellSize,
      isOld: true,
      offset: layer.outputZeroPoint,
      b: index,
      scale: sumScale(kernel, gate.recurrentScale),
      isPresaturated: kernel.arithmetic === 'tflm',
      isAdding: true,
      base: region,
      ...(isDone ? lastOf(name) : { dest: region, writes: 'gate' }),
    },
    gate.recurrentWeights,
    gate.recurrentBias,
  );
}

/** z = sat16(z + P c); rows as `peepholeRows` says, for a sequence that runs alone. */
function addPeephole(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  index: number,
  name: GateName,
  { weights, scale }: Peephole,
  isDone: boolean,
): void {
  const { kernel, cellSize, outputSize } = layer;
  const isQuirky = kernel.peepholeRows === 'output';
  for (let u = 0; u < cellSize; u++) {
    builder.vectorWeights.push(isQuirky && u >= outputSize ? 0 : weights[u]);
  }
  builder.add({
    kind: 'product',
    title: `layer ${index}, ${name}: peephole${isDone ? `, ${name}` : ''}`,
    count: cellSize,
    isWeighted: true,
    b: CELLS + index,
    // o sees the new cell state.
    isOld: name !== 'o',
    scale: scaleOf(scale, kernel.rounding),
    isAdding: true,
    base: REGIONS[name],
    ...(isDone ? lastOf(name) : { dest: REGIONS[name], writes: 'gate' }),
  });
}

/** Q12 from Q10: the unit of normalized values. */
const RESULT_FRACTION_BITS = 12;
const VARIANCE_FRACTION = 2 ** 20;
/** The weighted value over 2^10, ties away from zero; hgi_requantize puts it at bit 30. */
const WEIGH_SCALE: Scale = { multiplier: 0, shift: 40, isPreRounded: false, isTieAway: true };
/** High products: floor((a b + 2^30) / 2^31). */
const HIGH_SCALE: Scale = { multiplier: 0, shift: 31, isPreRounded: false, isTieAway: false };

function addLayerNorm(
  builder: ProgramBuilder,
  { kernel, cellSize }: IntegerLstm,
  index: number,
  name: GateName,
  norm: LayerNorm,
): void {
  const title = `layer ${index}, ${name}: layer norm`;
  const region = REGIONS[name];
  const count = cellSize;
  const reciprocal = Math.floor(VARIANCE_FRACTION / cellSize);
  const isTwice = kernel.rounding === 'double';
  builder.add({
    kind: 'statistics',
    title: `${title}, sums`,
    count,
    a: region,
    b: region,
    scale: { ...HIGH_SCALE, multiplier: reciprocal },
  });
  builder.add({
    kind: 'scalar',
    title: `${title}, deviation`,
    count,
    scale: { ...HIGH_SCALE, multiplier: norm.varianceGuard },
  });
  builder.add({
    kind: 'center',
    title: `${title}, centre`,
    count,
    a: region,
    scale: { ...HIGH_SCALE, isPreRounded: isTwice, isTieAway: isTwice },
    writes: 'wide',
  });
  builder.vectorWeights.push(...norm.weights);
  builder.biases.push(...norm.bias);
  builder.add({
    kind: 'weigh',
    title: `${title}, weights`,
    count,
    scale: WEIGH_SCALE,
    writes: 'wide',
  });
  const { multiplier, shift } = norm.scale;
  builder.add({
    kind: 'wide',
    title: `${title}, ${name}`,
    count,
    scale: scaleOf({ multiplier, shift: shift + RESULT_FRACTION_BITS }, kernel.rounding),
    ...lastOf(name),
  });
}

/** What follows the sums of a gate. */
function addRest(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  index: number,
  name: GateName,
  gate: IntegerGate,
): void {
  const { peephole, layerNorm } = gate;
  if (peephole !== null) {
    addPeephole(builder, layer, index, name, peephole, layerNorm === null);
  }
  if (layerNorm !== null) addLayerNorm(builder, layer, index, name, layerNorm);
}

/**
 * c = clamp(f c + i g), then tanh(c). Under CIFG i is made from f, so f c goes where i would be; what f c
 * leaves is overwritten by tanh(c). Returns its region.
 */
function addCells(builder: ProgramBuilder, layer: IntegerLstm, index: number): number {
  const { kernel, cell, cellSize, gates } = layer;
  const title = `layer ${index}, c`;
  const count = cellSize;
  const isCifg = gates.i === null;
  const region = isCifg ? REGIONS.i : REGIONS.f;
  const isShifted = kernel.arithmetic === 'tflite';
  const { rounding } = kernel;
  builder.add({
    kind: 'product',
    title: `${title}: f c`,
    count,
    a: REGIONS.f,
    b: CELLS + index,
    isOld: true,
    scale: isShifted ? shiftScale(15) : scaleOf(cell.forgetScale, rounding),
    dest: region,
    writes: 'gate',
  });
  builder.add({
    kind: 'product',
    title: `${title}: + i g`,
    count,
    a: isCifg ? REGIONS.f : REGIONS.i,
    isComplement: isCifg,
    b: REGIONS.g,
    scale: isShifted ? shiftScale(30 + cell.scaleLog2) : scaleOf(cell.inputScale, rounding),
    isPresaturated: kernel.arithmetic === 'tflm',
    isAdding: true,
    base: region,
    ...boundsOf(cell.bits, cell.clip),
    dest: CELLS + index,
    writes: 'gate',
  });
  builder.add({
    kind: 'product',
    title: `${title}: tanh`,
    count,
    isAdding: true,
    base: CELLS + index,
    activation: 'tanh',
    alignment: 16 - cell.bits,
    integerBits: cellIntegerBits(layer),
    dest: region,
    writes: 'gate',
  });
  return region;
}

function addProjection(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  index: number,
  layers: number,
  projection: Projection,
): void {
  const { kernel, outputSize, outputZeroPoint } = layer;
  builder.addMatrix(
    {
      kind: 'matrix',
      title: `layer ${index}: h = P m`,
      count: outputSize,
      b: hiddenRegion(layers),
      scale: sumScale(kernel, projection.scale),
      offset: outputZeroPoint,
      ...boundsOf(kernel.activationBits, projection.clip),
      dest: index,
      writes: 'state',
    },
    projection.weights,
    projection.bias,
  );
}

function addLayer(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  index: number,
  layers: number,
): void {
  const { kernel, gates, hidden, projection, cellSize } = layer;
  const names = (['f', 'i', 'g', 'o'] as const).filter((name) => gates[name] !== null);
  for (const name of names) addSums(builder, layer, index, name, gates[name]!);
  for (const name of names) {
    if (name !== 'o') addRest(builder, layer, index, name, gates[name]!);
  }
  const tanhRegion = addCells(builder, layer, index);
  addRest(builder, layer, index, 'o', gates.o);
  builder.add({
    kind: 'product',
    title: `layer ${index}: ${projection === null ? 'h' : 'm'} = o tanh(c)`,
    count: cellSize,
    a: REGIONS.o,
    b: tanhRegion,
    scale: scaleOf(hidden.scale, kernel.rounding),
    offset: hidden.zeroPoint,
    ...boundsOf(kernel.activationBits, 0),
    dest: projection === null ? index : hiddenRegion(layers),
    writes: 'state',
  });
  if (projection !== null) addProjection(builder, layer, index, layers, projection);
}

export function programOf(
  layers: readonly IntegerLstm[],
  rows: number,
  outputs: OutputTime,
): Program {
  const builder = new ProgramBuilder(rows);
  layers.forEach((layer, index) => addLayer(builder, layer, index, layers.length));
  const last = layers.length - 1;
  builder.add({
    kind: 'output',
    title: `output of h${outputs === 'last-step' ? ', after the last step' : ''}`,
    count: layers[last].outputSize,
    b: last,
  });
  const { operations, ...constants } = builder.program();
  const lastInput = operations.findLastIndex(({ isFromInput }) => isFromInput);
  return {
    ...constants,
    operations: operations.map((operation, n) => ({
      ...operation,
      isFirst: n === 0,
      isReleasing: n === lastInput,
    })),
  };
}
