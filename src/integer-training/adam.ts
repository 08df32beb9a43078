/** Adam (Kingma and Ba 2015, arXiv:1412.6980) behind a clip of the gradient's global norm. */
import type { OptimizerConfig } from '../engine/engine.js';

export type AdamConfig = Pick<OptimizerConfig, 'beta1' | 'beta2' | 'epsilon' | 'clip'>;

export class Adam {
  /** [parameters] */
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Steps made. */
  count = 0;

  constructor(
    private readonly params: Float32Array,
    private readonly config: AdamConfig,
  ) {
    this.first = new Float32Array(params.length);
    this.second = new Float32Array(params.length);
  }

  /** One step along the gradient [parameters]; its norm before the clip. */
  step(gradient: Float64Array, rate: number): number {
    const { params, first, second } = this;
    const { beta1, beta2, epsilon, clip } = this.config;
    let squares = 0;
    for (let k = 0; k < gradient.length; k++) squares += gradient[k] * gradient[k];
    const norm = Math.sqrt(squares);
    const factor = norm > clip ? clip / norm : 1;
    this.count++;
    const correction1 = 1 / (1 - beta1 ** this.count);
    const correction2 = 1 / (1 - beta2 ** this.count);
    for (let k = 0; k < params.length; k++) {
      const g = gradient[k] * factor;
      const m = beta1 * first[k] + (1 - beta1) * g;
      const v = beta2 * second[k] + (1 - beta2) * g * g;
      first[k] = m;
      second[k] = v;
      params[k] -= (rate * m * correction1) / (Math.sqrt(v * correction2) + epsilon);
    }
    return norm;
  }
}
