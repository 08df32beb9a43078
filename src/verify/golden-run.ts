/** What the hardware must do with given inputs: the golden model run over streams of x. */
import {
  argmax,
  embed,
  embedFeatures,
  headLogits,
  runLayers,
  type LayerRun,
} from '../quant/golden.js';
import { activationMax } from '../quant/quantized-model.js';
import {
  beatFields,
  elementsPerStep,
  lstmJobs,
  sequencesOf,
  type Design,
  type Job,
} from '../design/design.js';
import { drainOrder, isStationary } from '../design/stationary.js';
import type { Random } from '../model/random.js';
import { inputBits } from '../emit/widths.js';
import type { TestVectors } from '../emit/vectors.js';
import { simulateClosedForm } from '../../sim/closed-form.js';
import type { Workload } from '../../sim/workload.js';

/** x of one step: activations (dense), a token, or a token's features. */
export type StepInput = Int8Array | Int32Array | number;

/** Inputs of one batch of sequences: [step][column]. */
export interface BatchInput {
  readonly steps: readonly (readonly StepInput[])[];
}

/** h of a job's one run, as the hardware writes them. */
export interface HiddenRun {
  readonly job: Job;
  /** Of its sequence. */
  readonly step: number;
  /** Of all sequences, one behind the other. */
  readonly totalStep: number;
  /** [column] -> h of the job's units. */
  readonly hidden: readonly Int8Array[];
}

export interface Expectation {
  /** In the order of the schedule. */
  readonly runs: readonly HiddenRun[];
  /** One entry per output beat: class or value of every column, and whether it ends the sequence. */
  readonly results: readonly {
    readonly values: readonly number[];
    readonly last: boolean;
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
  const draw = (): StepInput => {
    switch (input.kind) {
      case 'tokens':
        return random.integer(input.vocabSize);
      case 'features':
        return Int32Array.from(input.tables, ({ count }) => random.integer(count));
      case 'dense':
        return Int8Array.from({ length: input.size }, () =>
          design.dataflow === 'sparse' && random.integer(2) === 0
            ? 0
            : random.integer(2 * most + 1) - most,
        );
    }
  };
  return lengths.map((length) => ({
    steps: Array.from({ length }, () => Array.from({ length: sequencesOf(design) }, draw)),
  }));
}

/** @throws {RangeError} for a sequence that the design cannot hold. */
function checkLengths({ sequence }: Design, batches: readonly BatchInput[]): void {
  if (!sequence) return;
  batches.forEach(({ steps }, n) => {
    if (steps.length <= sequence.maxSteps) return;
    throw new RangeError(
      `sequence ${n}: ${steps.length} steps, but the design holds ${sequence.maxSteps}; plan it with maxSteps ${steps.length} or more`,
    );
  });
}

function vectorOf({ model }: Design, x: StepInput): Int8Array | Int16Array {
  if (typeof x === 'number') return embed(model, x);
  return x instanceof Int32Array ? embedFeatures(model, x) : x;
}

/** @throws {RangeError} for a sequence that the design cannot hold. */
export function goldenRun(design: Design, batches: readonly BatchInput[]): Expectation {
  checkLengths(design, batches);
  const { model } = design;
  const jobs = lstmJobs(design);
  const runs: HiddenRun[] = [];
  const results: { values: number[]; last: boolean }[] = [];
  let stepsBefore = 0;
  for (const { steps } of batches) {
    const columns: LayerRun[][] = Array.from({ length: sequencesOf(design) }, (_, column) =>
      runLayers(
        model,
        steps.map((inputs) => vectorOf(design, inputs[column])),
      ),
    );
    const hiddenOf = ({ layer, direction }: Job, step: number): Int8Array[] =>
      columns.map((layers) => layers[layer][direction ?? 'forward']![step]);
    const add = (job: Job, step: number): void => {
      runs.push({ job, step, totalStep: stepsBefore + step, hidden: hiddenOf(job, step) });
    };
    if (design.sequence) {
      for (const job of jobs) {
        const isBackward = job.direction === 'backward';
        steps.forEach((_, n) => add(job, isBackward ? steps.length - 1 - n : n));
      }
    } else {
      steps.forEach((_, step) => {
        for (const job of jobs) add(job, step);
      });
    }
    steps.forEach((_, step) => {
      const last = step === steps.length - 1;
      if (design.headWhen === 'last-step' && !last) return;
      const values = columns.map((layers) => resultOf(design, layers, step));
      results.push(...resultBeats(design, values, last));
    });
    stepsBefore += steps.length;
  }
  return { runs, results };
}

/** The beats of m_axis that results of a step take: sequences in lockstep have one each. */
function resultBeats(
  design: Design,
  values: number[],
  last: boolean,
): { values: number[]; last: boolean }[] {
  if (design.stationary === undefined) return [{ values, last }];
  return values.map((value, n) => ({ values: [value], last: last && n === values.length - 1 }));
}

/** The class, or the value, that the head makes of the top layer at a step. */
function resultOf(
  { model, headOutput }: Design,
  layers: readonly LayerRun[],
  step: number,
): number {
  const { forward, backward } = layers[layers.length - 1];
  const h = backward ? Int8Array.of(...forward[step], ...backward[step]) : forward[step];
  const logits = headLogits(model, h);
  return headOutput === 'value' ? logits[0] : argmax(logits);
}

/** The beats of s_axis in order: tdata and tlast. */
export function inputBeats(
  design: Design,
  batches: readonly BatchInput[],
): { readonly data: bigint; readonly last: boolean }[] {
  const beats: { data: bigint; last: boolean }[] = [];
  const bits = BigInt(inputBits(design));
  const count = elementsPerStep(design);
  const fields = beatFields(design);
  for (const { steps } of batches) {
    steps.forEach((inputs, t) => {
      const isLast = t === steps.length - 1;
      for (let element = 0; element < count; element++) {
        for (let first = 0; first < inputs.length; first += fields) {
          let data = 0n;
          inputs.slice(first, first + fields).forEach((x, field) => {
            const value = typeof x === 'number' ? x : x[element];
            data |= BigInt.asUintN(Number(bits), BigInt(value)) << (BigInt(field) * bits);
          });
          const isEnd = element === count - 1 && first + fields === inputs.length;
          beats.push({ data, last: isLast && isEnd });
        }
      }
    });
  }
  return beats;
}

function countNonzeros(codes: ArrayLike<number>): number {
  let count = 0;
  for (let k = 0; k < codes.length; k++) if (codes[k] !== 0) count++;
  return count;
}

/** What the simulator needs to know of a golden run: lengths, and what is not zero where cycles follow it. */
export function workloadOf(
  design: Design,
  batches: readonly BatchInput[],
  { runs }: Pick<Expectation, 'runs'>,
): Workload {
  const sequences = batches.map(({ steps }) => steps.length);
  if (design.dataflow !== 'sparse') return { sequences };
  const hidden = Array.from({ length: sequences.reduce((sum, n) => sum + n, 0) }, () =>
    new Array<number>(design.layers.length).fill(0),
  );
  for (const { job, totalStep, hidden: h } of runs) {
    hidden[totalStep][job.layer] = countNonzeros(h[0]);
  }
  const xs = batches.flatMap(({ steps }) => steps.map(([x]) => x));
  const input = xs.map((x) => (typeof x === 'number' ? 0 : countNonzeros(x)));
  return { sequences, nonzeros: { hidden, ...(design.input.kind === 'dense' ? { input } : {}) } };
}

/** The h of a run in the order in which they are written: [write][lane]. */
export function hiddenWrites(
  design: Design,
  { job, hidden }: Pick<HiddenRun, 'job' | 'hidden'>,
): number[][] {
  if (isStationary(design)) {
    return drainOrder(design, job).map(({ sequence, unit }) => [hidden[sequence][unit]]);
  }
  return Array.from({ length: hidden[0].length }, (_, unit) => hidden.map((h) => h[unit]));
}

/**
 * Everything that the generated testbench needs for these inputs; `expected`: their golden run, where it is there.
 * @throws {RangeError} for a sequence that the design cannot hold
 */
export function testVectors(
  design: Design,
  batches: readonly BatchInput[],
  expected = goldenRun(design, batches),
): TestVectors {
  const workload = workloadOf(design, batches, expected);
  return {
    steps: batches.reduce((sum, { steps }) => sum + steps.length, 0),
    beats: inputBeats(design, batches),
    results: expected.results,
    resultCycles: simulateClosedForm(design, workload).outputCycles,
    hidden: expected.runs.flatMap((run) => hiddenWrites(design, run)),
  };
}
