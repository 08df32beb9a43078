/** Inputs that data seldom hold: the ends of the range, one value again and again, sequences of one step. */
import { activationMax } from '../quant/quantized-model.js';
import type { Design } from '../design/design.js';
import type { Random } from '../model/random.js';
import { randomInput, type BatchInput, type StepInput } from './golden-run.js';

/**
 * Sequences to verify a design with, besides or without data: single steps one behind the other, a long one of
 * random values, dense elements that are all at an end of their range, each token or feature for a while.
 * `steps` is about how many there are; with a limit on sequences (bidirectional layers) none is longer.
 */
export function stressInput(design: Design, steps: number, random: Random): BatchInput[] {
  const most = Math.min(design.sequence?.maxSteps ?? Infinity, Math.max(1, Math.ceil(steps / 3)));
  const lengths = [1, 1, most, Math.min(2, most), most];
  const drawn = randomInput(design, lengths, random);
  return drawn.map(({ steps: inputs }, n) =>
    n < 4 ? { steps: inputs } : { steps: inputs.map((columns) => columns.map(extreme)) },
  );

  /** Of the last sequence: every input is at an end of its range. */
  function extreme(x: StepInput): StepInput {
    const end = activationMax(design.scheme);
    const { input } = design;
    if (typeof x === 'number') {
      return input.kind === 'dense' ? x : random.integer(2) * (tokensOf(design) - 1);
    }
    if (x instanceof Int32Array && input.kind === 'features') {
      return Int32Array.from(input.tables, ({ count }) => random.integer(2) * (count - 1));
    }
    const sign = random.integer(2) === 0 ? 1 : -1;
    const isMixed = random.integer(2) === 0;
    return Int8Array.from(x, () => (isMixed && random.integer(2) === 0 ? -sign : sign) * end);
  }
}

function tokensOf({ input }: Design): number {
  return input.kind === 'tokens' ? input.vocabSize : 1;
}
