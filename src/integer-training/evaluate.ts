/** Loss and accuracy by src/train/evaluate.ts, of a network in float or in integers. */
import type { Batch, Engine, ForwardResult, Session } from '../engine/engine.js';
import type { LstmState, Saturations } from '../integer/lstm.js';
import { noSaturations } from '../integer/sequence.js';
import type { Dataset, Split } from '../model/dataset.js';
import type { Model, ModelHead } from '../model/model.js';
import { evaluate, type EvaluateOptions, type Evaluation } from '../train/evaluate.js';
import {
  embed,
  type IntegerModel,
  headSums,
  initialStates,
  quantizeValues,
  runModel,
  stepModel,
  type Codes,
} from '../integer/model.js';
import { crossEntropy } from './loss.js';
import { Network } from './network.js';
import type { NetworkConfig } from './network-config.js';
import type { QuantizedNetwork } from './quantize-model.js';

export type { EvaluateOptions, Evaluation } from '../train/evaluate.js';

/** What `evaluate` asks of a session: to run forward. */
type ForwardSession = Pick<Session, 'forward' | 'reset'>;

function engineOf(open: (batch: number, timeSteps: number) => ForwardSession): Engine {
  return {
    name: 'integer-training',
    version: 'typescript',
    // It neither trains nor takes snapshots of what it opens.
    createSession: ({ batch, timeSteps }) =>
      ({ ...open(batch, timeSteps), dispose() {} }) as unknown as Session,
  };
}

/** `evaluate` looks at no more of a model than its head's sizes; in `float` it asks for no golden steps. */
function modelOf({ classes, when, output }: Pick<ModelHead, 'classes' | 'when' | 'output'>): Model {
  const none = new Float32Array(0);
  return {
    scheme: 'float',
    input: { kind: 'dense', mean: [], gain: [] },
    layers: [],
    head: { ...{ classes, when, output }, weights: none, bias: none, gain: none },
  };
}

/** A network in float, or with `quantized` in batched integers, which equal the golden ones. */
export function evaluateNetwork(
  config: NetworkConfig,
  params: Float32Array,
  quantized: QuantizedNetwork | undefined,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const engine = engineOf((batch, timeSteps) => {
    const arithmetic = quantized ? 'integer' : 'float';
    const network = new Network(config, params, { batch, timeSteps, arithmetic, isTrained: false });
    if (quantized) network.load(quantized);
    return {
      // Whole sequences are reset by every caller; a text's states carry over.
      reset: (lane) => network.reset(lane),
      forward: (data) => {
        const { sum, count, logits } = network.forward(data);
        return { loss: sum / count, count, logits: Float32Array.from(logits) };
      },
    };
  });
  return evaluate(modelOf(config), dataset, split, engine, options);
}

export interface IntegerEvaluateOptions extends EvaluateOptions {
  /** Called now and then with the steps made so far. */
  readonly onSteps?: (steps: number) => void;
}

export interface IntegerEvaluation extends Evaluation {
  /** Over all steps of all layers. */
  readonly saturations: Saturations;
}

/** Runs batches on the golden step, lane by lane. */
class GoldenSession implements ForwardSession {
  private readonly states: LstmState[][] | undefined;
  private readonly whole = noSaturations();
  /** Made so far, of all lanes. */
  steps = 0;

  constructor(
    private readonly model: IntegerModel,
    private readonly lanes: number,
  ) {
    const isStream = model.input.kind === 'tokens' || model.input.kind === 'one-hot';
    if (isStream) this.states = Array.from({ length: lanes }, () => initialStates(model));
  }

  reset(lane?: number): void {
    this.states?.forEach((_, k, all) => {
      if (lane === undefined || lane === k) all[k] = initialStates(this.model);
    });
  }

  forward(batch: Batch): ForwardResult {
    const { model, lanes } = this;
    const { classes, scale, when } = model.head;
    const isLast = when === 'last-step';
    const rows = (isLast ? 1 : batch.timeSteps) * lanes;
    const logits = new Float64Array(rows * classes);
    const put = (row: number, h: Codes): void => {
      headSums(model.head, h).forEach((sum, n) => (logits[row * classes + n] = sum * scale));
    };
    for (let lane = 0; lane < lanes; lane++) {
      if (this.states) this.runStream(batch, lane, put);
      else this.runWhole(batch, lane, isLast, put);
    }
    const { targets } = batch;
    const { sum, count } = targets
      ? crossEntropy(logits, targets, rows, classes, null)
      : { sum: 0, count: 0 };
    return { loss: sum / count, count, logits: Float32Array.from(logits) };
  }

  private runStream(
    { timeSteps, tokens, targets }: Batch,
    lane: number,
    put: (row: number, h: Codes) => void,
  ): void {
    for (let t = 0; t < timeSteps; t++) {
      const row = t * this.lanes + lane;
      // Nothing follows what has no target but padding.
      if (targets && targets[row] < 0) return;
      this.steps++;
      put(row, stepModel(this.model, this.states![lane], embed(this.model, [tokens![row]])));
    }
  }

  private runWhole(
    { timeSteps, features, values, lengths, targets, reals }: Batch,
    lane: number,
    isLast: boolean,
    put: (row: number, h: Codes) => void,
  ): void {
    const { model, lanes } = this;
    const isUnused = isLast && (targets ? targets[lane] < 0 : Number.isNaN(reals![lane]));
    const steps = isUnused ? 0 : (lengths?.[lane] ?? timeSteps);
    if (steps === 0) return;
    this.steps += steps;
    const xs = Array.from({ length: steps }, (_, t): Codes => {
      const at = t * lanes + lane;
      const width = (features ?? values)!.length / (timeSteps * lanes);
      const [from, to] = [at * width, (at + 1) * width];
      return features
        ? embed(model, features.subarray(from, to))
        : quantizeValues(model, values!.subarray(from, to));
    });
    const h = runModel(model, concat(xs), this.whole);
    const width = h.length / steps;
    for (let t = isLast ? steps - 1 : 0; t < steps; t++) {
      put(isLast ? lane : t * lanes + lane, h.subarray(t * width, (t + 1) * width));
    }
  }

  saturations(): Saturations {
    const total = { ...this.whole };
    for (const { saturations } of (this.states ?? []).flat()) {
      total.gateSums += saturations.gateSums;
      total.cells += saturations.cells;
      total.outputs += saturations.outputs;
    }
    return total;
  }
}

function concat(parts: readonly Codes[]): Codes {
  const [first] = parts;
  const size = parts.length * first.length;
  const all = first instanceof Int8Array ? new Int8Array(size) : new Int16Array(size);
  parts.forEach((part, k) => all.set(part, k * first.length));
  return all;
}

/** An integer model, every step by the golden `step` of src/integer. */
export async function evaluateInteger(
  model: IntegerModel,
  dataset: Dataset,
  split: Split,
  { onSteps, ...options }: IntegerEvaluateOptions = {},
): Promise<IntegerEvaluation> {
  let session: GoldenSession | undefined;
  const engine = engineOf((batch) => {
    const opened = new GoldenSession(model, batch);
    session = opened;
    return {
      reset: (lane) => opened.reset(lane),
      forward: (data) => {
        const result = opened.forward(data);
        onSteps?.(opened.steps);
        return result;
      },
    };
  });
  const result = await evaluate(modelOf(model.head), dataset, split, engine, options);
  return { ...result, goldenSteps: session!.steps, saturations: session!.saturations() };
}
