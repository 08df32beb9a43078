/** What the machine must do with given sequences: the golden model, step by step. */
import { initialState, type IntegerLstm, type LstmState, step } from '../integer/lstm.js';
import type { IntegerDesign } from './design.js';
import { CELLS, hiddenRegion } from './program.js';
import type { IntegerWorkload } from './simulate.js';

/** Sequences [step][element], one after the other through one machine. */
export type IntegerSequences = readonly (readonly (Int8Array | Int16Array)[])[];

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
  /** `step 3 layer 0 c[5]` */
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

/** What one step of a layer writes. */
function writesOf(
  layers: readonly IntegerLstm[],
  index: number,
  { c, m, h }: LstmState,
  place: string,
): Write[] {
  const write =
    (memory: Write['memory'], region: number, name: string) =>
    (value: number, k: number): Write => ({
      ...{ memory, region, index: k, value },
      what: `${place} layer ${index} ${name}[${k}]`,
    });
  const hidden = layers[index].projection === null ? [] : Array.from<number>(m);
  return [
    ...Array.from<number>(c).map(write('gates', CELLS + index, 'c')),
    ...hidden.map(write('states', hiddenRegion(layers.length), 'm')),
    ...Array.from<number>(h).map(write('states', index, 'h')),
  ];
}

export function expectedRun(design: IntegerDesign, sequences: IntegerSequences): ExpectedRun {
  const { layers } = design;
  const inputs: Beat[] = [];
  const outputs: Beat[] = [];
  const writes: Write[] = [];
  sequences.forEach((steps, n) => {
    const states = layers.map(initialState);
    steps.forEach((x, t) => {
      const isLast = t === steps.length - 1;
      inputs.push(...beatsOf(x, isLast));
      let input = x;
      states.forEach((state, index) => {
        step(layers[index], state, input);
        input = state.h;
        writes.push(...writesOf(layers, index, state, `sequence ${n} step ${t}`));
      });
      if (isLast || design.outputs === 'every-step') outputs.push(...beatsOf(input, isLast));
    });
  });
  return {
    workload: { sequences: sequences.map(({ length }) => length) },
    inputs,
    outputs,
    writes,
  };
}
