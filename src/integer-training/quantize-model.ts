/** Real parameters and ranges -> integers: after training, and in every step of quantization-aware training. */
import { INT32_MAX, INT32_MIN, multiplierValue, saturate } from '../integer/fixed-point.js';
import {
  type FloatLstm,
  GATE_LETTERS,
  type GateLetter,
  type LayerRanges,
  type Range,
} from '../integer/float-lstm.js';
import {
  activationQuantization,
  type Quantization,
  quantizeActivations,
  quantizeLstm,
  type QuantizedLstm,
  type QuantizeOptions,
  weightScale,
} from '../integer/quantize.js';
import { hotCode, type ScaledLstm } from './integer-direction.js';
import type { IntegerHead, IntegerInput, IntegerModel } from '../integer/model.js';
import type { NetworkConfig } from './network-config.js';
import { floatLayers, type Layout, type Place, viewOf } from './parameters.js';

/** What calibration saw of every layer. */
export type ModelRanges = readonly LayerRanges[];

/** Formats and kernel; what is not given is as in src/integer/quantize.ts. Scales are float32. */
export type IntegerOptions = Omit<QuantizeOptions, 'input' | 'output' | 'precision'>;

/** One direction in integers, or two. */
export interface ScaledLayer {
  readonly forward: ScaledLstm;
  readonly backward: ScaledLstm | undefined;
}

export interface QuantizedNetwork {
  readonly model: IntegerModel;
  readonly layers: readonly ScaledLayer[];
  /** The real numbers that the integers stand for, [parameters]; 16-bit and 32-bit ones as they were. */
  readonly effective: Float32Array;
  /** Ranges that do not fit, in words. */
  readonly warnings: readonly string[];
}

const HEAD_BITS = 8;

interface Formats {
  readonly weightBits: number;
  readonly activationBits: 8 | 16;
}

function formatsOf({ weightBits = 8, activationBits = 8 }: IntegerOptions): Formats {
  return { weightBits, activationBits };
}

function joined(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** One-hot inputs have scale 1 / hot and zero point 0; others what calibration says. */
export function inputQuantization(
  { input }: NetworkConfig,
  x: Range,
  options: IntegerOptions,
): Quantization {
  const { activationBits } = formatsOf(options);
  if (input.kind !== 'one-hot') return activationQuantization(x, activationBits);
  return { scale: Math.fround(1 / hotCode(activationBits)), zeroPoint: 0 };
}

/** Writes codes * scale over the real weights they came from. */
function putBack(into: Float32Array, codes: Int8Array, scale: number): void {
  for (let k = 0; k < codes.length; k++) into[k] = codes[k] * scale;
}

/** Units of the gate sums, and the real weights behind a direction's integers into `effective`. */
function scaleDirection(
  { layer, output, hidden, weightScales }: QuantizedLstm,
  effective: FloatLstm,
): ScaledLstm {
  const sumScales: Record<GateLetter, number> = { i: 1, f: 1, g: 1, o: 1 };
  for (const name of GATE_LETTERS) {
    const [to, gate, scales] = [effective.gates[name], layer.gates[name], weightScales.gates[name]];
    if (to === null || gate === null || scales === null) continue;
    sumScales[name] = (scales.recurrent * output.scale) / multiplierValue(gate.recurrentScale) || 1;
    putBack(to.inputWeights as Float32Array, gate.inputWeights, scales.input);
    putBack(to.recurrentWeights as Float32Array, gate.recurrentWeights, scales.recurrent);
  }
  if (effective.projection && layer.projection && weightScales.projection !== null) {
    const weights = effective.projection.weights as Float32Array;
    putBack(weights, layer.projection.weights, weightScales.projection);
  }
  return { layer, output, hidden, sumScales };
}

function quantizeInput(
  { input }: NetworkConfig,
  tables: readonly Place[],
  params: Float32Array,
  quantization: Quantization,
  { activationBits }: Formats,
): IntegerInput {
  const table = (place: Place, name: string): IntegerInputTable => ({
    name,
    count: place.shape[0],
    size: place.shape[1],
    codes: quantizeActivations(viewOf(params, place), quantization, activationBits),
  });
  switch (input.kind) {
    case 'tokens':
      return { kind: 'tokens', table: table(tables[0], 'embedding') };
    case 'one-hot':
      return { kind: 'one-hot', vocabSize: input.vocabSize, hot: hotCode(activationBits) };
    case 'features':
      return {
        kind: 'features',
        tables: input.features.map(({ name }, f) => table(tables[f], name)),
      };
    case 'dense':
      return { kind: 'dense', mean: input.mean, gain: input.gain };
  }
}

type IntegerInputTable = Extract<IntegerInput, { kind: 'tokens' }>['table'];

/** Nearest, ties away from zero. */
function round(value: number): number {
  return value < 0 ? 0 - Math.floor(0.5 - value) : Math.floor(value + 0.5);
}

function quantizeHead(
  { classes, when, output }: NetworkConfig,
  weights: Float32Array,
  bias: Float32Array,
  h: Quantization,
  effective: Float32Array,
): IntegerHead {
  const scale = weightScale(weights, HEAD_BITS, 'float32');
  const codes = new Int8Array(weights.length);
  for (let k = 0; k < codes.length; k++) codes[k] = saturate(round(weights[k] / scale), -127, 127);
  putBack(effective, codes, scale);
  const width = weights.length / classes;
  const unit = scale * h.scale;
  const sums = Float64Array.from(bias, (b, n) => {
    let rowSum = 0;
    for (let k = 0; k < width; k++) rowSum += codes[n * width + k];
    return saturate(round(b / unit), INT32_MIN, INT32_MAX) - h.zeroPoint * rowSum;
  });
  return { ...{ classes, when, output }, weights: codes, bias: sums, scale: unit };
}

/**
 * The recipe of arXiv:2101.05453 layer by layer: each takes the scale and zero point that the one before
 * gives, two directions share those of their output. With the ranges of calibration the layers are those
 * of `quantizeStack`.
 */
export function quantizeNetwork(
  config: NetworkConfig,
  layout: Layout,
  params: Float32Array,
  ranges: ModelRanges,
  options: IntegerOptions,
): QuantizedNetwork {
  const formats = formatsOf(options);
  const { activationBits } = formats;
  const effective = params.slice();
  const reals = floatLayers(layout, params);
  const behind = floatLayers(layout, effective);
  const first = inputQuantization(config, ranges[0].forward.x, options);
  const warnings: string[] = [];
  let input = first;
  const layers = reals.map((layer, l): ScaledLayer => {
    const { forward, backward } = ranges[l];
    const output = activationQuantization(joined(forward.h, backward.h), activationBits);
    const quantized = (
      real: FloatLstm,
      own: FloatLstm,
      seen: LayerRanges['forward'],
    ): ScaledLstm => {
      const result = quantizeLstm(real, seen, { ...options, input, output });
      warnings.push(...result.warnings.map((text) => `layer ${l}: ${text}`));
      return scaleDirection(result, own);
    };
    const own = behind[l];
    const scaled =
      'forward' in layer && 'forward' in own
        ? {
            forward: quantized(layer.forward, own.forward, forward),
            backward: quantized(layer.backward, own.backward, backward),
          }
        : {
            forward: quantized(layer as FloatLstm, own as FloatLstm, forward),
            backward: undefined,
          };
    input = output;
    return scaled;
  });
  const { weights, bias } = layout.head;
  const head = quantizeHead(
    config,
    viewOf(params, weights),
    viewOf(params, bias),
    input,
    viewOf(effective, weights),
  );
  return {
    model: {
      input: quantizeInput(config, layout.tables, params, first, formats),
      inputQuantization: first,
      layers: layers.map(({ forward, backward }) =>
        backward ? { forward: forward.layer, backward: backward.layer } : forward.layer,
      ),
      outputQuantization: input,
      head,
      weightBits: formats.weightBits,
    },
    layers,
    effective,
    warnings,
  };
}
