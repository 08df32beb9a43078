/** What streams weights to a design under verification: the image of a step again and again, at its own pace. */
import { BeatPace, type WeightSource } from '../../sim/weight-source.js';
import type { Design } from '../design/design.js';
import type { RtlSimulator } from '../eda/rtl-sim.js';
import { weightBeats, weightStreamOf } from '../emit/weight-image.js';

export class WeightDriver {
  readonly #beats: readonly bigint[];
  readonly #bits: number;
  #next = 0;
  #isOffered = false;

  constructor(
    readonly rtl: RtlSimulator,
    design: Design,
  ) {
    this.#beats = weightBeats(design);
    this.#bits = weightStreamOf(design).bits;
  }

  /** Begin with the first beat of an image, none offered. */
  restart(): void {
    this.#next = 0;
    this.#isOffered = false;
  }

  /** Beat of the image that comes next, or waits to be taken. */
  get next(): number {
    return this.#next;
  }

  /** Offer a beat, if `offers`, or if one waits; what lies on the bus without means nothing. */
  drive(offers: boolean): void {
    this.#isOffered ||= offers;
    const valid = this.#isOffered;
    const data = this.#beats[this.#next];
    const [isFirst, isLast] = [this.#next === 0, this.#next === this.#beats.length - 1];
    this.rtl.set('s_axis_weights_tvalid', valid ? 1 : 0);
    this.rtl.set('s_axis_weights_tdata', valid ? data : BigInt.asUintN(this.#bits, ~data));
    this.rtl.set('s_axis_weights_tuser', isFirst === valid ? 1 : 0);
    this.rtl.set('s_axis_weights_tlast', isLast === valid ? 1 : 0);
  }

  /** All signals have settled: whether the beat is taken in this cycle. */
  settle(): boolean {
    if (!this.#isOffered || this.rtl.getNumber('s_axis_weights_tready') !== 1) return false;
    this.#next = (this.#next + 1) % this.#beats.length;
    this.#isOffered = false;
    return true;
  }
}

/** When a source of this kind offers beats: asked and told once a cycle, from cycle 0. */
export class PacedOffers {
  readonly #pace: BeatPace;

  constructor(design: Design, source: WeightSource) {
    this.#pace = new BeatPace(weightStreamOf(design).bits, source);
  }

  offers(cycle: number): boolean {
    return cycle >= this.#pace.earliest();
  }

  taken(cycle: number): void {
    this.#pace.take(cycle);
  }
}
