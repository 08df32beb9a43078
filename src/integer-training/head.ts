/** The dense head: logits of the last layer's outputs in real or integer arithmetic, and its gradient. */
import { addColumns } from './direction-gradient.js';
import type { IntegerHead } from '../integer/model.js';
import { type Matrix, product, transpose, whole } from './matrix.js';
import { headWidth, type NetworkConfig } from './network-config.js';
import type { Layout } from './parameters.js';

export class Head {
  /** [rows, classes] */
  readonly logits: Float64Array;
  /** [rows, classes]: the gradient of the logits, where there is one. */
  readonly dLogits: Float32Array;
  private readonly classes: number;
  private readonly width: number;
  private integer: IntegerHead | undefined;
  private readonly codes: Float32Array;
  /** Transposed operands. */
  private readonly weightsT: Float32Array;
  private readonly left: Float32Array;
  private readonly right: Float32Array;

  constructor(
    config: NetworkConfig,
    private readonly places: Layout['head'],
    rows: number,
    isTrained: boolean,
  ) {
    this.classes = config.classes;
    this.width = headWidth(config);
    const [weights, trained] = [this.classes * this.width, isTrained ? rows : 0];
    this.logits = new Float64Array(rows * this.classes);
    this.dLogits = new Float32Array(trained * this.classes);
    this.codes = new Float32Array(weights);
    this.weightsT = new Float32Array(isTrained ? weights : 0);
    this.left = new Float32Array(trained * this.classes);
    this.right = new Float32Array(trained * this.width);
  }

  /** Compute in these integers from now on. */
  load(integer: IntegerHead): void {
    this.integer = integer;
    this.codes.set(integer.weights);
  }

  /** Real logits of h [count, width]: reals, or integers once some are loaded. */
  run(h: Matrix, count: number, params: Float32Array): void {
    const { logits, places, integer, classes, width } = this;
    if (integer) {
      const { bias, scale } = integer;
      product(logits, 0, h, whole(this.codes), count, classes, width, false);
      for (let k = 0; k < count * classes; k++) logits[k] = (logits[k] + bias[k % classes]) * scale;
      return;
    }
    const { weights, bias } = places;
    product(logits, 0, h, { data: params, offset: weights.offset }, count, classes, width, false);
    for (let k = 0; k < count * classes; k++) logits[k] += params[bias.offset + (k % classes)];
  }

  /**
   * From dLogits: adds to `gradient` [parameters], sets dH [count, width] from `at` on. h is real,
   * `weights` [parameters] as the forward pass used them.
   */
  backward(
    h: Matrix,
    count: number,
    weights: Float32Array,
    gradient: Float64Array,
    dH: Float64Array,
    at: number,
  ): void {
    const { places, dLogits, classes, width } = this;
    const left = transpose(whole(dLogits), count, classes, this.left);
    const right = transpose(h, count, width, this.right);
    product(gradient, places.weights.offset, left, right, classes, width, count, true);
    addColumns(gradient, places.bias.offset, dLogits, count, classes);
    const own = { data: weights, offset: places.weights.offset };
    const weightsT = transpose(own, classes, width, this.weightsT);
    product(dH, at, whole(dLogits), weightsT, count, width, classes, false);
  }
}
