/** What the hardware must do with given inputs: the golden model run over streams of x. */
import { argmax, embed, initialState, logits, step } from '../quant/golden.js';
import { activationMax } from '../quant/quantized-model.js';
import type { Design } from '../design/design.js';
import type { Random } from '../model/random.js';
import { beatBits } from '../emit/widths.js';
import type { TestVectors } from '../emit/vectors.js';
import { simulateClosedForm } from '../../sim/closed-form.js';

/** Inputs of one batch of sequences: [step][column] -> x (dense) or the token. */
export interface BatchInput {
  readonly steps: readonly (readonly (Int8Array | number)[])[];
}

/** One h written into a column's hidden memory, in the order of the hardware. */
export interface Expectation {
  /** [step over all batches][column][layer] -> h after the step. */
  readonly hidden: readonly (readonly (readonly Int8Array[])[])[];
  /** One entry per output beat: class of every column, and whether it ends the sequence. */
  readonly results: readonly {
    readonly classes: readonly number[];
    readonly last: boolean;
    readonly step: number;
  }[];
}

/** Random inputs: sequences of the given lengths for every column. */
export function randomInput(
  design: Design,
  lengths: readonly number[],
  random: Random,
): BatchInput[] {
  const { input } = design;
  const most = activationMax(design.scheme);
  return lengths.map((length) => ({
    steps: Array.from({ length }, () =>
      Array.from({ length: design.columns }, () =>
        input.kind === 'tokens'
          ? random.integer(input.vocabSize)
          : Int8Array.from({ length: input.size }, () => random.integer(2 * most + 1) - most),
      ),
    ),
  }));
}

export function goldenRun(design: Design, batches: readonly BatchInput[]): Expectation {
  const { model } = design;
  const hidden: Int8Array[][][] = [];
  const results: { classes: number[]; last: boolean; step: number }[] = [];
  for (const { steps } of batches) {
    const states = Array.from({ length: design.columns }, () => initialState(model));
    steps.forEach((inputs, t) => {
      const last = t === steps.length - 1;
      states.forEach((state, column) => {
        const x = inputs[column];
        step(model, state, typeof x === 'number' ? embed(model, x) : x);
      });
      hidden.push(states.map((state) => state.h.map((h) => h.slice())));
      if (design.headWhen === 'every-step' || last) {
        results.push({
          classes: states.map((state) => argmax(logits(model, state))),
          last,
          step: hidden.length - 1,
        });
      }
    });
  }
  return { hidden, results };
}

/** The beats of s_axis in order: tdata and tlast. */
export function inputBeats(
  design: Design,
  batches: readonly BatchInput[],
): { readonly data: bigint; readonly last: boolean }[] {
  const beats: { data: bigint; last: boolean }[] = [];
  const bits = BigInt(design.input.kind === 'tokens' ? beatBits(design.input.tokenBits) : 8);
  for (const { steps } of batches) {
    steps.forEach((inputs, t) => {
      const count = design.input.kind === 'tokens' ? 1 : design.input.size;
      for (let beat = 0; beat < count; beat++) {
        let data = 0n;
        inputs.forEach((x, column) => {
          const value = typeof x === 'number' ? BigInt(x) : BigInt.asUintN(8, BigInt(x[beat]));
          data |= value << (BigInt(column) * bits);
        });
        beats.push({ data, last: t === steps.length - 1 && beat === count - 1 });
      }
    });
  }
  return beats;
}

/** Everything that the generated testbench needs for these inputs. */
export function testVectors(design: Design, batches: readonly BatchInput[]): TestVectors {
  const expected = goldenRun(design, batches);
  const workload = { sequences: batches.map(({ steps }) => steps.length) };
  return {
    beats: inputBeats(design, batches),
    results: expected.results,
    resultCycles: simulateClosedForm(design, workload).outputCycles,
    hidden: expected.hidden.flatMap((columns) =>
      design.layers.flatMap(({ hiddenSize }, layer) =>
        Array.from({ length: hiddenSize }, (_, unit) =>
          columns.map((layers) => layers[layer][unit]),
        ),
      ),
    ),
  };
}
