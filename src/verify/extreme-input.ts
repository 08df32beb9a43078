/** Inputs that data seldom hold: the ends of the range, one value again and again, sequences of one step. */
import { activationMax } from '../quant/quantized-model.js';
import type { Design } from '../design/design.js';
import type { Random } from '../model/random.js';
import { randomInput, type BatchInput, type StepInput } from './golden-run.js';

/** Steps; wider cells of fewer fraction bits are left unsaturated. */
const LONGEST_HELD = 200;

/**
 * Sequences to verify a design with, besides or without data: single steps one behind the other, random values, inputs
 * that are all at an end of their range, many short sequences, each with a result whatever the head, and inputs held for
 * `steps` steps, or as long as a cell takes to saturate, then turned to others: cells go to both ends and come back. No sequence is longer than a design with layers in both directions holds.
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
  const { bits, fraction } = design.scheme.cell;
  const long = Math.max(steps, Math.min(2 ** (bits - 1 - fraction) + 2, LONGEST_HELD));
  /** Inputs held so many steps each. */
  const held = (batch: BatchInput, each: number): BatchInput => {
    const inputs = batch.steps.map((columns) => columns.map(end));
    return { steps: inputs.map((_, n) => inputs[n - (n % each)]) };
  };
  const short = Array.from({ length: third }, () => 1 + random.integer(3));
  return [
    ...draw(1, 1, third, 2),
    ...draw(...short).map((batch, n) => (n % 2 === 0 ? batch : atEnds(batch))),
    ...draw(third).map(atEnds),
    ...draw(long).map((batch) => held(batch, long)),
    ...draw(long + steps).map((batch) => held(batch, long)),
    ...draw(2 * steps).map((batch) => held(batch, Math.ceil(steps / 4))),
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
