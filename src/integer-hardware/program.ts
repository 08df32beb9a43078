/** The operations of a design, and the constants they use in their order. */
import type { IntegerGate, IntegerLstm, Kernel, Peephole, Projection } from '../integer/lstm.js';
import type { LayerNorm } from '../integer/layer-norm.js';
import { directionsOf, type IntegerHead } from '../integer/model.js';
import { outputWidth, type SequenceLayer } from '../integer/sequence.js';
import type { Flow, Operation, OutputTime, Phase } from './design.js';
import { reducedScaleOf, type Scale, scaleOf, shiftScale } from './scale.js';
import { type Program, ProgramBuilder, WHOLE_STEP } from './builder.js';

export type GateName = 'i' | 'f' | 'g' | 'o';

/** Regions of the gate memory; those from CELLS on are cell states. */
export const REGIONS: Readonly<Record<GateName, number>> = { f: 0, i: 1, g: 2, o: 3 };
export const CELLS = 4;

/** What of a design makes its program. */
export interface ProgramSource {
  readonly layers: readonly SequenceLayer[];
  readonly head: IntegerHead | null;
  readonly rows: number;
  readonly outputs: OutputTime;
  readonly flow: Flow;
  readonly maxSteps: number;
}

/** Where one direction of a layer lies in the machine, and what it is called. */
export interface Place {
  /** `layer 0`, or `layer 0 backward`. */
  readonly title: string;
  /** Region of the gate memory with c. */
  readonly cells: number;
  /** Regions of the state memory with h and m. */
  readonly outputs: number;
  readonly hidden: number;
  /** Of W x. */
  readonly operand: Pick<Operation, 'source' | 'b'>;
}

/**
 * Step by step all layers keep their state, and there is one m. Of whole sequences one direction at a time
 * has any.
 */
export function placeOf(
  { layers, flow }: Pick<ProgramSource, 'layers' | 'flow'>,
  index: number,
  isBackward: boolean,
): Place {
  const title = `layer ${index}${isBackward ? ' backward' : ''}`;
  if (flow === 'sequences') {
    const source = index === 0 ? 'input' : 'sequence';
    return { title, cells: CELLS, outputs: 0, hidden: 1, operand: { source, b: 0 } };
  }
  const operand =
    index === 0
      ? ({ source: 'input', b: 0 } as const)
      : ({ source: 'state', b: index - 1 } as const);
  return { title, cells: CELLS + index, outputs: index, hidden: layers.length, operand };
}

/** Regions of the gate memory, and of the state memory. */
export function regionCounts({ layers, flow }: Pick<ProgramSource, 'layers' | 'flow'>): {
  readonly gates: number;
  readonly states: number;
} {
  const hasProjection = directionsOf(layers).some(({ projection }) => projection !== null);
  const alive = flow === 'sequences' ? 1 : layers.length;
  return { gates: CELLS + alive, states: alive + Number(hasProjection) };
}

/** -limit .. limit - 1, or -clip .. clip if that is narrower and not 0. */
function boundsOf(bits: number, clip: number): { readonly low: number; readonly high: number } {
  const limit = 2 ** (bits - 1);
  return clip > 0
    ? { low: Math.max(-clip, -limit), high: Math.min(clip, limit - 1) }
    : { low: -limit, high: limit - 1 };
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
  place: Place,
  name: GateName,
  gate: IntegerGate,
): void {
  const { kernel, cellSize } = layer;
  const title = `${place.title}, ${name}`;
  const region = REGIONS[name];
  const isDone = gate.peephole === null && gate.layerNorm === null;
  builder.addMatrix(
    {
      kind: 'matrix',
      title: `${title}: W x`,
      count: cellSize,
      ...place.operand,
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
      b: place.outputs,
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
  place: Place,
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
    title: `${place.title}, ${name}: peephole${isDone ? `, ${name}` : ''}`,
    count: cellSize,
    isWeighted: true,
    b: place.cells,
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
  place: Place,
  name: GateName,
  norm: LayerNorm,
): void {
  const title = `${place.title}, ${name}: layer norm`;
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
  place: Place,
  name: GateName,
  gate: IntegerGate,
): void {
  const { peephole, layerNorm } = gate;
  if (peephole !== null) {
    addPeephole(builder, layer, place, name, peephole, layerNorm === null);
  }
  if (layerNorm !== null) addLayerNorm(builder, layer, place, name, layerNorm);
}

/**
 * c = clamp(f c + i g), then tanh(c). Under CIFG i is made from f, so f c goes where i would be; what f c
 * leaves is overwritten by tanh(c). Returns its region.
 */
function addCells(builder: ProgramBuilder, layer: IntegerLstm, place: Place): number {
  const { kernel, cell, cellSize, gates } = layer;
  const title = `${place.title}, c`;
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
    b: place.cells,
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
    dest: place.cells,
    writes: 'gate',
  });
  builder.add({
    kind: 'product',
    title: `${title}: tanh`,
    count,
    isAdding: true,
    base: place.cells,
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
  place: Place,
  projection: Projection,
  isKept: boolean,
): void {
  const { kernel, outputSize, outputZeroPoint } = layer;
  builder.addMatrix(
    {
      kind: 'matrix',
      title: `${place.title}: h = P m`,
      count: outputSize,
      b: place.hidden,
      scale: sumScale(kernel, projection.scale),
      offset: outputZeroPoint,
      ...boundsOf(kernel.activationBits, projection.clip),
      dest: place.outputs,
      writes: 'state',
      isKept,
    },
    projection.weights,
    projection.bias,
  );
}

/** One direction of a layer, one step. */
function addDirection(
  builder: ProgramBuilder,
  layer: IntegerLstm,
  place: Place,
  isKept: boolean,
): void {
  const { kernel, gates, hidden, projection, cellSize } = layer;
  const names = (['f', 'i', 'g', 'o'] as const).filter((name) => gates[name] !== null);
  for (const name of names) addSums(builder, layer, place, name, gates[name]!);
  for (const name of names) {
    if (name !== 'o') addRest(builder, layer, place, name, gates[name]!);
  }
  const tanhRegion = addCells(builder, layer, place);
  addRest(builder, layer, place, 'o', gates.o);
  builder.add({
    kind: 'product',
    title: `${place.title}: ${projection === null ? 'h' : 'm'} = o tanh(c)`,
    count: cellSize,
    a: REGIONS.o,
    b: tanhRegion,
    scale: scaleOf(hidden.scale, kernel.rounding),
    offset: hidden.zeroPoint,
    ...boundsOf(kernel.activationBits, 0),
    dest: projection === null ? place.outputs : place.hidden,
    writes: 'state',
    isKept: isKept && projection === null,
  });
  if (projection !== null) addProjection(builder, layer, place, projection, isKept);
}

/** The head's sums of the last layer's outputs, and what leaves. */
function addEnd(
  builder: ProgramBuilder,
  { layers, head, outputs }: ProgramSource,
  operand: Pick<Operation, 'source' | 'b'>,
): void {
  const after = outputs === 'last-step' ? ', after the last step' : '';
  if (head === null) {
    const count = outputWidth(layers[layers.length - 1]);
    builder.add({ kind: 'output', title: `output of h${after}`, count, ...operand });
    return;
  }
  const { classes, weights, bias, output } = head;
  const isClass = output === 'class';
  const title = `head: ${isClass ? 'largest sum' : 'sums'}${after}`;
  builder.addMatrix(
    { kind: 'matrix', title, count: classes, ...operand, writes: 'result' },
    weights,
    bias,
  );
  builder.add({
    kind: 'output',
    title: `output of ${isClass ? 'the class' : 'the sums'}${after}`,
    count: isClass ? 1 : classes,
    source: 'result',
  });
}

function addStep(builder: ProgramBuilder, source: ProgramSource): void {
  const { layers } = source;
  builder.addPhase(WHOLE_STEP, () => {
    layers.forEach((layer, index) =>
      addDirection(builder, layer as IntegerLstm, placeOf(source, index, false), false),
    );
    addEnd(builder, source, { source: 'state', b: layers.length - 1 });
  });
}

/**
 * Phases of whole sequences: layer by layer forward, then backward, which begins at the step where forward
 * ended; then the head. If only the last step's result is asked for, the last layer has read one step
 * backward by then, and that is all it reads.
 *
 * Outputs of layers lie in two parts of one memory by turns: a layer reads one and writes the other.
 */
function addSequence(builder: ProgramBuilder, source: ProgramSource): void {
  const { layers, outputs } = source;
  const starts = sequenceParts(source);
  const widths = layers.map(outputWidth);
  const last = layers.length - 1;
  const isLastOnly = outputs === 'last-step';
  layers.forEach((layer, index) => {
    const forward = 'forward' in layer ? layer.forward : layer;
    const phase: Phase = {
      walk: 'forward',
      inputStart: index === 0 ? 0 : starts[(index - 1) % 2],
      inputStride: forward.inputSize,
      outputStart: starts[index % 2],
      outputStride: widths[index],
      column: 0,
    };
    const add = (direction: IntegerLstm, isBackward: boolean): void =>
      addDirection(builder, direction, placeOf(source, index, isBackward), true);
    builder.addPhase(phase, () => add(forward, false));
    if (!('forward' in layer)) return;
    const walk = isLastOnly && index === last ? 'once' : 'backward';
    const column = forward.outputSize;
    builder.addPhase({ ...phase, walk, column }, () => add(layer.backward, true));
  });
  const end: Phase = {
    walk: isLastOnly ? 'once' : 'forward',
    inputStart: 0,
    inputStride: 0,
    outputStart: starts[last % 2],
    outputStride: widths[last],
    column: 0,
  };
  builder.addPhase(end, () => addEnd(builder, source, { source: 'kept', b: 0 }));
}

/** Addresses of the two parts of the memory of outputs, and of its end. */
export function sequenceParts({
  layers,
  maxSteps,
}: Pick<ProgramSource, 'layers' | 'maxSteps'>): readonly [number, number, number] {
  const widthOf = (parity: number): number =>
    Math.max(0, ...layers.filter((_, index) => index % 2 === parity).map(outputWidth));
  const second = maxSteps * widthOf(0);
  return [0, second, second + maxSteps * widthOf(1)];
}

export function programOf(source: ProgramSource): Program {
  const builder = new ProgramBuilder(source.rows);
  if (source.flow === 'steps') addStep(builder, source);
  else addSequence(builder, source);
  const { operations, ...constants } = builder.program();
  const lastInput = operations.findLastIndex((operation) => operation.source === 'input');
  return {
    ...constants,
    operations: operations.map((operation, n) => ({
      ...operation,
      isFirst: n === 0,
      isReleasing: n === lastInput,
    })),
  };
}
