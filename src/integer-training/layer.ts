/** One layer of a network over batches, in one direction or both. */
import { emptyRanges, type LayerRanges, type Range } from '../integer/float-lstm.js';
import { DirectionGradient } from './direction-gradient.js';
import { FloatDirection } from './float-direction.js';
import { IntegerDirection } from './integer-direction.js';
import { whole } from './matrix.js';
import type { DirectionPlaces, LayerPlaces } from './parameters.js';
import type { ScaledLayer } from './quantize-model.js';
import {
  carryState,
  createTrace,
  type DirectionPass,
  type InputRows,
  resetState,
  type Trace,
} from './trace.js';

export interface NetworkOptions {
  readonly batch: number;
  /** Most steps of one batch. */
  readonly timeSteps: number;
  readonly arithmetic: 'float' | 'integer';
  /** Without it there is no gradient. */
  readonly isTrained: boolean;
}

class Direction {
  readonly trace: Trace;
  readonly pass: DirectionPass;
  readonly gradient: DirectionGradient | undefined;

  constructor(
    { shape }: LayerPlaces,
    places: DirectionPlaces,
    params: Float32Array,
    { batch, timeSteps, arithmetic, isTrained }: NetworkOptions,
    rowsMax: number,
  ) {
    const trace = createTrace(shape, timeSteps, batch);
    this.trace = trace;
    this.pass =
      arithmetic === 'float'
        ? new FloatDirection(shape, places, params, trace, batch, rowsMax)
        : new IntegerDirection(shape, trace, timeSteps, batch, rowsMax);
    this.gradient = isTrained
      ? new DirectionGradient(shape, places, trace, timeSteps, batch, rowsMax)
      : undefined;
  }
}

export class Layer {
  /** Numbers per step that it gives. */
  readonly width: number;
  /** [T * B, width]: the gradient of what it gives. */
  readonly dOutput: Float64Array;
  private readonly forward: Direction;
  private readonly backward: Direction | undefined;
  /** [T * B, width] of two directions side by side: reals and integers. */
  private readonly values: Float32Array;
  private readonly codes: Float32Array;

  /** `reversed` [T, B]: the row of each step of the direction backward. */
  constructor(
    private readonly name: string,
    private readonly places: LayerPlaces,
    params: Float32Array,
    private readonly options: NetworkOptions,
    rowsMax: number,
    private readonly reversed: Int32Array,
  ) {
    const { batch, timeSteps, arithmetic, isTrained } = options;
    this.forward = new Direction(places, places.forward, params, options, rowsMax);
    this.backward =
      places.backward && new Direction(places, places.backward, params, options, rowsMax);
    this.width = (this.backward ? 2 : 1) * places.shape.outputSize;
    const size = timeSteps * batch * this.width;
    this.values = new Float32Array(this.backward ? size : 0);
    this.codes = new Float32Array(this.backward && arithmetic === 'integer' ? size : 0);
    this.dOutput = new Float64Array(isTrained ? size : 0);
  }

  private get directions(): Direction[] {
    return this.backward ? [this.forward, this.backward] : [this.forward];
  }

  /** Compute with these integers from now on; for integer arithmetic. */
  load({ forward, backward }: ScaledLayer): void {
    (this.forward.pass as IntegerDirection).load(forward);
    if (backward) (this.backward!.pass as IntegerDirection).load(backward);
  }

  /** What the integer passes of the last run saw, of x `x`. */
  seen(x: Range): LayerRanges {
    const of = (direction: Direction | undefined): LayerRanges['forward'] => ({
      ...(direction ? (direction.pass as IntegerDirection).seen : emptyRanges()),
      x,
    });
    return { forward: of(this.forward), backward: of(this.backward) };
  }

  /** The carried state: h [B, N] and c [B, H] of every direction by name. */
  states(): Record<string, Float32Array> {
    const { batch } = this.options;
    const { outputSize, cellSize } = this.places.shape;
    const states: Record<string, Float32Array> = {};
    this.directions.forEach(({ trace }, k) => {
      const name = `state.${this.name}${k === 0 ? '' : '.backward'}`;
      states[`${name}.h`] = trace.h.subarray(0, batch * outputSize);
      states[`${name}.c`] = trace.c.subarray(0, batch * cellSize);
    });
    return states;
  }

  reset(lane: number): void {
    for (const { trace } of this.directions) resetState(trace, this.places.shape, lane);
  }

  carry(timeSteps: number): void {
    for (const { trace } of this.directions) {
      carryState(trace, this.places.shape, timeSteps, this.options.batch);
    }
  }

  /** Runs all steps; what it gives, as the rows that the next layer takes. */
  run(timeSteps: number, rows: InputRows): InputRows {
    this.forward.pass.run(timeSteps, rows);
    if (this.backward) {
      this.backward.pass.run(timeSteps, { ...rows, index: this.reversed });
      this.join(timeSteps, this.forward, this.backward);
    }
    return this.output(timeSteps);
  }

  private join(timeSteps: number, forward: Direction, backward: Direction): void {
    const { width, reversed, codes } = this;
    const { batch } = this.options;
    const { outputSize } = this.places.shape;
    const join = (to: Float32Array, left: Float32Array, right: Float32Array): void => {
      for (let r = 0; r < timeSteps * batch; r++) {
        const at = (r + batch) * outputSize;
        to.set(left.subarray(at, at + outputSize), r * width);
        to.set(right.subarray(at, at + outputSize), reversed[r] * width + outputSize);
      }
    };
    join(this.values, forward.trace.h, backward.trace.h);
    if (codes.length > 0) join(codes, forward.pass.codes!, backward.pass.codes!);
  }

  /** What the last run gave. */
  output(timeSteps: number): InputRows {
    const { forward, backward, values, codes } = this;
    const { batch } = this.options;
    const about = { count: timeSteps * batch, symbols: null, index: null };
    if (backward) return { ...about, values: whole(values), codes: whole(codes) };
    const offset = batch * this.places.shape.outputSize;
    const own = forward.pass.codes;
    return {
      ...about,
      values: { data: forward.trace.h, offset },
      codes: own && { data: own, offset },
    };
  }

  /** From dOutput: adds to `gradient` [parameters]; `dInput` becomes that of the rows, unless null. */
  runBackward(
    timeSteps: number,
    rows: InputRows,
    weights: Float32Array,
    gradient: Float64Array,
    dInput: Float64Array | null,
  ): void {
    const { forward, backward, width, reversed } = this;
    const about = { data: this.dOutput, stride: width };
    dInput?.fill(0);
    const ahead = { ...about, column: 0, index: null };
    forward.gradient!.run(timeSteps, rows, ahead, weights, gradient, dInput);
    if (backward === undefined) return;
    const back = { ...about, column: this.places.shape.outputSize, index: reversed };
    const turned = { ...rows, index: reversed };
    backward.gradient!.run(timeSteps, turned, back, weights, gradient, dInput);
  }
}
