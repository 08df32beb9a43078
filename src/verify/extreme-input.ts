/** Inputs that data seldom hold: the ends of the range, one value again and again, sequences of one step. */
import { activationMax } from '../quant/quantized-model.js';
import type { Design } from '../design/design.js';
import type { Random } from '../model/random.js';
import { randomInput, type BatchInput, type StepInput } from './golden-run.js';

/**
 * Sequences to verify a design with, besides or without data: single steps one behind the other, random values, inputs
 * that are all at an end of their range, many short sequences, each with a result whatever the head, and one input held
 * for `steps` steps, twice, which drives cells into saturation. No sequence is longer than a design with layers in both directions holds.
 */
export function stressInput(design: Design, steps: number, random: Random): BatchInput[] {
  const most = design.sequence?.maxSteps ?? Infinity;
  const third = Math.ceil(steps / 3);
  const limited = (length: number): number => Math.max(1, Math.min(length, most));
  const draw = (...lengths: number[]): BatchInput[] =>
    randomInput(design, lengths.map(limited), random);
  const end = (x: StepInput): StepInput => extreme(design, x, random);
  const atEnds = ({ steps: inputs }: BatchInput): BatchInput => ({
    steps: inputs.map((columns) => columns.map(end)),
  });
  const held = ({ steps: inputs }: BatchInput): BatchInput => {
    const first = inputs[0].map(end);
    return { steps: inputs.map(() => first) };
  };
  const short = Array.from({ length: third }, () => 1 + random.integer(3));
  return [
    ...draw(1, 1, third, 2),
    ...draw(...short).map((batch, n) => (n % 2 === 0 ? batch : atEnds(batch))),
    ...draw(third).map(atEnds),
    ...draw(steps, steps).map(held),
  ];
}

/** An input at an end of its range, elements of one sign or of both. */
function extreme({ input, scheme }: Design, x: StepInput, random: Random): StepInput {
  if (input.kind === 'tokens') return random.integer(2) * (input.vocabSize - 1);
  if (input.kind === 'features') {
    return Int32Array.from(input.tables, ({ count }) => random.integer(2) * (count - 1));
  }
  const most = activationMax(scheme);
  const sign = random.integer(2) === 0 ? 1 : -1;
  const isMixed = random.integer(2) === 0;
  const signOf = (): number => (isMixed && random.integer(2) === 0 ? -sign : sign);
  return Int8Array.from({ length: (x as Int8Array).length }, () => signOf() * most);
}
