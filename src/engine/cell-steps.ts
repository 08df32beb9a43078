/** Time steps whose cells no kernel computes: host-cells.ts on a session's memory. */
import type { Random } from '../model/random.js';
import type { Decisions } from '../quant/code-matrix.js';
import { hiddenDecision } from '../quant/quantize.js';
import type { Scheme } from '../quant/scheme.js';
import type { GateGradient } from './engine.js';
import {
  backwardCells,
  type CellState,
  forwardCells,
  type Magnitudes,
  meanMagnitudes,
  trackDecisions,
} from './host-cells.js';
import type { Layout } from './layout.js';
import type { RowBlock, Views } from './matrix-coding.js';

const NOTHING: Magnitudes = { gate: 0, candidate: 0, hidden: 0 };

/** One layer's cells. */
export class CellSteps {
  private sums = NOTHING;
  private steps = 0;

  constructor(
    private readonly views: Views,
    private readonly layout: Layout,
    private readonly layer: number,
    private readonly rows: RowBlock,
    private readonly rule: GateGradient,
    private readonly decisions: () => Decisions,
  ) {}

  private get scheme(): Scheme {
    return this.layout.scheme!;
  }

  private state(t: number): CellState {
    const { i16, i32 } = this.views;
    const { batch, buffers } = this.layout;
    const { acc, gates, c, tanhC, hidden, units } = buffers[this.layer];
    const size = batch * units;
    const part = (base: number, step: number, count: number): Int16Array =>
      i16.subarray(base / 2 + step * count, base / 2 + (step + 1) * count);
    return {
      acc: i32.subarray(acc / 4 + t * 4 * size, acc / 4 + (t + 1) * 4 * size),
      gates: part(gates, t, 4 * size),
      cBefore: part(c, t, size),
      c: part(c, t + 1, size),
      squashed: part(tanhC, t, size),
      h: part(hidden, t + 1, size),
    };
  }

  /** `sampling`: draw two- and three-valued activations from it. */
  forward(t: number, sampling: Random | undefined): void {
    const { scheme, rows } = this;
    const { batch, buffers } = this.layout;
    const decision = hiddenDecision(this.decisions());
    const { units } = buffers[this.layer];
    forwardCells(scheme, rows, decision, batch, units, this.state(t), sampling);
  }

  /** dOutput: address of dL/dh from above, or 0. After it acc holds dL/dz. */
  backward(t: number, dOutput: number): void {
    const { scheme, rows, rule } = this;
    const { f32 } = this.views;
    const { batch, buffers, layers } = this.layout;
    const { acc, dRecurrent, dCell, units } = buffers[this.layer];
    const size = batch * units;
    const part = (address: number, count: number): Float32Array =>
      f32.subarray(address / 4, address / 4 + count);
    const state = this.state(t);
    if (scheme.decisions === 'tracked') {
      const { hiddenSize } = layers[this.layer];
      this.add(meanMagnitudes(scheme, rows, batch, units, hiddenSize, state));
    }
    backwardCells(scheme, rows, rule, batch, units, state, {
      dOutput: dOutput === 0 ? undefined : part(dOutput, size),
      dRecurrent: part(dRecurrent, size),
      dCell: part(dCell, size),
      dz: part(acc + t * 16 * size, 4 * size),
    });
  }

  private add({ gate, candidate, hidden }: Magnitudes): void {
    const { sums } = this;
    this.sums = {
      gate: sums.gate + gate,
      candidate: sums.candidate + candidate,
      hidden: sums.hidden + hidden,
    };
    this.steps++;
  }

  /** Forget the magnitudes of steps that no optimizer's step follows. */
  forget(): void {
    this.sums = NOTHING;
    this.steps = 0;
  }

  /** Move the layer's decisions [3] by what this training step has seen. */
  track(decisions: Float32Array): void {
    const { sums, steps } = this;
    trackDecisions(decisions, {
      gate: sums.gate / steps,
      candidate: sums.candidate / steps,
      hidden: sums.hidden / steps,
    });
    this.forget();
  }
}
