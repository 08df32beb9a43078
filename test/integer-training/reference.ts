/** The loss of a network once more, step by step in double precision on src/integer/float-lstm.ts. */
import type { Batch } from '../../src/engine/engine.js';
import {
  type FloatLstm,
  floatStep,
  initialFloatState,
  type Reals,
} from '../../src/integer/float-lstm.js';
import { inputWidth, type NetworkConfig } from '../../src/integer-training/network-config.js';
import { floatLayers, type Layout, type Place } from '../../src/integer-training/parameters.js';

type States = Readonly<Record<string, Float32Array>>;

/** x [steps, inputSize] of one lane. */
export function laneInput(
  config: NetworkConfig,
  { tables }: Layout,
  params: Reals,
  { timeSteps, tokens, features, values }: Batch,
  lane: number,
  lanes: number,
): Float64Array {
  const width = inputWidth(config);
  const x = new Float64Array(timeSteps * width);
  const rowOf = ({ offset, shape }: Place, row: number): Reals =>
    params.subarray(offset + row * shape[1], offset + (row + 1) * shape[1]);
  for (let t = 0; t < timeSteps; t++) {
    const at = t * lanes + lane;
    const row = x.subarray(t * width, (t + 1) * width);
    if (config.input.kind === 'one-hot') row[tokens![at]] = 1;
    else if (tokens) row.set(rowOf(tables[0], tokens[at]));
    else if (values) row.set(values.subarray(at * width, (at + 1) * width));
    else {
      let column = 0;
      tables.forEach((table, f) => {
        row.set(rowOf(table, features![at * tables.length + f]), column);
        column += table.shape[1];
      });
    }
  }
  return x;
}

function runLane(layer: FloatLstm, x: Float64Array, start: States, name: string, lane: number) {
  const { inputSize, outputSize, cellSize } = layer;
  const steps = x.length / inputSize;
  const state = initialFloatState(layer);
  state.h.set(start[`${name}.h`].subarray(lane * outputSize, (lane + 1) * outputSize));
  state.c.set(start[`${name}.c`].subarray(lane * cellSize, (lane + 1) * cellSize));
  const h = new Float64Array(steps * outputSize);
  for (let t = 0; t < steps; t++) {
    floatStep(layer, state, x.subarray(t * inputSize, (t + 1) * inputSize));
    h.set(state.h, t * outputSize);
  }
  return { h, state };
}

/** Rows in opposite order. */
function reversed(x: Float64Array, width: number): Float64Array {
  const out = new Float64Array(x.length);
  const rows = x.length / width;
  for (let r = 0; r < rows; r++) {
    out.set(x.subarray(r * width, (r + 1) * width), (rows - 1 - r) * width);
  }
  return out;
}

function lengthOf({ lengths, timeSteps }: Batch, lane: number): number {
  return lengths?.[lane] ?? timeSteps;
}

/** Logits [steps, classes] of one lane within its length. */
export function laneLogits(
  config: NetworkConfig,
  layout: Layout,
  params: Reals,
  batch: Batch,
  lane: number,
  lanes: number,
  start: States,
): Float64Array {
  const steps = lengthOf(batch, lane);
  let x = laneInput(config, layout, params, batch, lane, lanes);
  x = x.subarray(0, steps * inputWidth(config));
  floatLayers(layout, params).forEach((layer, l) => {
    if (!('forward' in layer)) {
      x = runLane(layer, x, start, `state.layer${l}`, lane).h;
      return;
    }
    const { forward, backward } = layer;
    const width = forward.outputSize;
    const a = runLane(forward, x, start, `state.layer${l}`, lane).h;
    const turned = reversed(x, forward.inputSize);
    const b = reversed(runLane(backward, turned, start, `state.layer${l}.backward`, lane).h, width);
    const both = new Float64Array(2 * a.length);
    for (let t = 0; t < steps; t++) {
      both.set(a.subarray(t * width, (t + 1) * width), 2 * t * width);
      both.set(b.subarray(t * width, (t + 1) * width), (2 * t + 1) * width);
    }
    x = both;
  });
  const { weights, bias } = layout.head;
  const [classes, width] = weights.shape;
  return Float64Array.from({ length: steps * classes }, (_, k) => {
    const [t, n] = [Math.floor(k / classes), k % classes];
    let sum = params[bias.offset + n];
    for (let j = 0; j < width; j++)
      sum += params[weights.offset + n * width + j] * x[t * width + j];
    return sum;
  });
}

/** Mean loss of a batch. */
export function referenceLoss(
  config: NetworkConfig,
  layout: Layout,
  params: Reals,
  batch: Batch,
  lanes: number,
  start: States,
): number {
  let [sum, count] = [0, 0];
  for (let lane = 0; lane < lanes; lane++) {
    const logits = laneLogits(config, layout, params, batch, lane, lanes, start);
    const { classes } = config;
    const steps = logits.length / classes;
    for (let t = config.when === 'last-step' ? steps - 1 : 0; t < steps; t++) {
      const row = logits.subarray(t * classes, (t + 1) * classes);
      const at = config.when === 'last-step' ? lane : t * lanes + lane;
      if (config.output === 'value') {
        sum += (row[0] - batch.reals![at]) ** 2 / 2;
        count++;
      } else if (batch.targets![at] >= 0) {
        sum += Math.log(row.reduce((total, v) => total + Math.exp(v), 0)) - row[batch.targets![at]];
        count++;
      }
    }
  }
  return sum / count;
}
