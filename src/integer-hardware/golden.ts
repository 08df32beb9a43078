/** What the machine must do with given sequences: the golden model, step by step. */
import {
  activationVector,
  initialState,
  type IntegerLstm,
  type LstmState,
  step,
} from '../integer/lstm.js';
import { type Codes, headSums } from '../integer/model.js';
import { outputWidth } from '../integer/sequence.js';
import type { IntegerDesign } from './design.js';
import { inputOf } from './input.js';
import { type Place, placeOf } from './program.js';
import type { IntegerWorkload } from './simulate.js';

/**
 * Sequences [step][beat of s_axis], one after the other through one machine: elements of x, or the numbers
 * that a table makes x of.
 */
export type IntegerSequences = readonly (readonly ArrayLike<number>[])[];

export interface Beat {
  readonly value: number;
  readonly isLast: boolean;
}

/** A c, m or h that the machine writes. */
export interface Write {
  readonly memory: 'gates' | 'states';
  readonly region: number;
  readonly index: number;
  readonly value: number;
  /** `sequence 0 step 3 layer 0 c[5]` */
  readonly what: string;
}

export interface ExpectedRun {
  readonly workload: IntegerWorkload;
  /** Beats of s_axis. */
  readonly inputs: readonly Beat[];
  /** Beats of m_axis. */
  readonly outputs: readonly Beat[];
  /** In the order of the program. */
  readonly writes: readonly Write[];
}

/** Values as beats; the last one ends its sequence if `endsSequence`. */
function beatsOf(values: ArrayLike<number>, endsSequence: boolean): Beat[] {
  return Array.from(values, (value, k) => ({
    value,
    isLast: endsSequence && k === values.length - 1,
  }));
}

/** What one step of a direction writes. */
function writesOf(
  { projection }: IntegerLstm,
  place: Place,
  { c, m, h }: LstmState,
  when: string,
): Write[] {
  const write =
    (memory: Write['memory'], region: number, name: string) =>
    (value: number, k: number): Write => ({
      ...{ memory, region, index: k, value },
      what: `${when} ${place.title} ${name}[${k}]`,
    });
  const hidden = projection === null ? [] : Array.from<number>(m);
  return [
    ...Array.from<number>(c).map(write('gates', place.cells, 'c')),
    ...hidden.map(write('states', place.hidden, 'm')),
    ...Array.from<number>(h).map(write('states', place.outputs, 'h')),
  ];
}

/** What leaves for the last layer's h: h, the first class of the largest sum, or the sums. */
function resultOf({ head }: IntegerDesign, h: Codes): ArrayLike<number> {
  if (head === null) return h;
  const sums = headSums(head, h);
  return head.output === 'value' ? sums : [sums.indexOf(Math.max(...sums))];
}

/** All layers step by step; calls `onStep` with h of the last one. */
function runSteps(
  design: IntegerDesign,
  xs: readonly Codes[],
  title: string,
  writes: Write[],
  onStep: (t: number, h: Codes) => void,
): void {
  const layers = design.layers as readonly IntegerLstm[];
  const states = layers.map(initialState);
  xs.forEach((x, t) => {
    let input = x;
    states.forEach((state, index) => {
      step(layers[index], state, input);
      input = state.h;
      const place = placeOf(design, index, false);
      writes.push(...writesOf(layers[index], place, state, `${title} step ${t}`));
    });
    onStep(t, input);
  });
}

/** Layer by layer over the whole sequence, then `onStep` for every step; see `addSequence` in program.ts. */
function runWhole(
  design: IntegerDesign,
  xs: readonly Codes[],
  title: string,
  writes: Write[],
  onStep: (t: number, h: Codes) => void,
): void {
  const { layers, outputs } = design;
  let values = xs;
  layers.forEach((layer, index) => {
    const isBoth = 'forward' in layer;
    const forward = isBoth ? layer.forward : layer;
    const given = values.map(() => activationVector(forward.kernel, outputWidth(layer)));
    const run = (
      direction: IntegerLstm,
      isBackward: boolean,
      column: number,
      from: number,
    ): void => {
      const state = initialState(direction);
      const place = placeOf(design, index, isBackward);
      for (let n = 0; n < values.length - from; n++) {
        const t = isBackward ? values.length - 1 - n : n;
        step(direction, state, values[t]);
        given[t].set(state.h, column);
        writes.push(...writesOf(direction, place, state, `${title} step ${t}`));
      }
    };
    run(forward, false, 0, 0);
    const isLastOnly = outputs === 'last-step' && index === layers.length - 1;
    if (isBoth) run(layer.backward, true, forward.outputSize, isLastOnly ? values.length - 1 : 0);
    values = given;
  });
  values.forEach((h, t) => onStep(t, h));
}

export function expectedRun(design: IntegerDesign, sequences: IntegerSequences): ExpectedRun {
  const inputs: Beat[] = [];
  const outputs: Beat[] = [];
  const writes: Write[] = [];
  sequences.forEach((steps, n) => {
    const last = steps.length - 1;
    if (design.flow === 'sequences' && steps.length > design.maxSteps) {
      throw new RangeError(
        `sequence ${n} has ${steps.length} steps, of ${design.maxSteps} at most`,
      );
    }
    steps.forEach((beats, t) => inputs.push(...beatsOf(beats, t === last)));
    const xs = steps.map((beats) => inputOf(design, beats));
    const run = design.flow === 'steps' ? runSteps : runWhole;
    run(design, xs, `sequence ${n}`, writes, (t, h) => {
      if (t === last || design.outputs === 'every-step') {
        outputs.push(...beatsOf(resultOf(design, h), t === last));
      }
    });
  });
  return {
    workload: { sequences: sequences.map(({ length }) => length) },
    inputs,
    outputs,
    writes,
  };
}
