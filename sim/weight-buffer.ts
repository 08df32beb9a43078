/** The buffer of streamed weights cycle by cycle: a software twin of hg_weight_stream and of the source before it. */
import type { Design, WeightStream } from '../src/design/design.js';
import { beatsPerImage, writesPerLine } from '../src/design/weight-stream.js';
import { Schedule } from './trace.js';
import { BeatPace, type WeightSource } from './weight-source.js';

interface Half {
  /** A block is there to be read. */
  isValid: boolean;
  /** Rows may still read it. */
  isBusy: boolean;
  /** The last of its image. */
  isFinal: boolean;
}

const empty = (): Half => ({ isValid: false, isBusy: false, isFinal: false });

export class WeightBuffer {
  readonly #stream: WeightStream;
  readonly #rows: number;
  readonly #imageBeats: number;
  readonly #pace: BeatPace;
  readonly #halves = [empty(), empty()];
  // Source.
  #beat: number;
  #isOffered = false;
  // Filling.
  #isInImage = false;
  #fillHalf = 0;
  #fillLine = 0;
  #group = 0;
  #part = 0;
  // Reading.
  #readHalf = 0;
  #readLine = 0;
  #place = 0;
  #drops = false;
  #freeHalf = 0;
  readonly #freed = new Schedule();
  // What the schedule does in this cycle.
  #takes = false;
  #endsLine = false;
  #endsStep = false;

  constructor({ weightStream, rows }: Design, source: WeightSource) {
    this.#stream = weightStream!;
    this.#rows = rows;
    this.#imageBeats = beatsPerImage(this.#stream, rows);
    this.#pace = new BeatPace(this.#stream.bits, source);
    this.#beat = source.firstBeat ?? 0;
  }

  /** Whether the next operand's weights are there. */
  get isReady(): boolean {
    return this.#halves[this.#readHalf].isValid && !this.#drops;
  }

  /** An operand's weights are taken; the next one's begin with a line. */
  take(endsLine: boolean): void {
    this.#takes = true;
    this.#endsLine = endsLine;
  }

  /** The step needs no more weights. */
  endStep(): void {
    this.#endsStep = true;
  }

  /** The cycle is over: every register from those before it. */
  tick(cycle: number): void {
    const filled = this.#fill(cycle);
    const isReleased = this.#read();
    if (isReleased) {
      this.#halves[this.#readHalf].isValid = false;
      this.#readHalf = 1 - this.#readHalf;
      this.#readLine = 0;
      this.#freed.add(cycle + this.#rows - 1);
    }
    if (this.#freed.take(cycle)) {
      this.#halves[this.#freeHalf].isBusy = false;
      this.#freeHalf = 1 - this.#freeHalf;
    }
    if (filled) {
      this.#halves[this.#fillHalf] = filled;
      this.#fillHalf = 1 - this.#fillHalf;
      this.#fillLine = 0;
    }
    this.#takes = false;
    this.#endsStep = false;
  }

  /** A part of a beat, where one is offered and there is room; the half that is filled by it. */
  #fill(cycle: number): Half | undefined {
    const { beatsPerItem, linesPerBeat, halfLines } = this.#stream;
    this.#isOffered ||= cycle >= this.#pace.earliest();
    if (!this.#isOffered || this.#halves[this.#fillHalf].isBusy) return undefined;
    const isLast = this.#beat === this.#imageBeats - 1;
    const isWanted = this.#isInImage || this.#beat === 0;
    const atLastPart = this.#part === Math.max(beatsPerItem, linesPerBeat) - 1;
    const isTaken = linesPerBeat === 1 || atLastPart;
    const isFinal = isWanted && isTaken && isLast;
    let isFull = isFinal;
    if (isWanted || linesPerBeat > 1) this.#part = atLastPart ? 0 : this.#part + 1;
    if (isWanted && (linesPerBeat > 1 || atLastPart)) {
      this.#group = (this.#group + 1) % writesPerLine(this.#stream, this.#rows);
      if (this.#group === 0 && ++this.#fillLine === halfLines) isFull = true;
    }
    if (isTaken) {
      if (isWanted) this.#isInImage = !isLast;
      this.#beat = isLast ? 0 : this.#beat + 1;
      this.#isOffered = false;
      this.#pace.take(cycle);
    }
    return isFull ? { isValid: true, isBusy: true, isFinal } : undefined;
  }

  /** What the schedule takes; whether the half that is read is given back. */
  #read(): boolean {
    const { isValid, isFinal } = this.#halves[this.#readHalf];
    const wants = this.#endsStep || this.#drops;
    const isDropped = wants && isValid;
    this.#drops = wants && !(isDropped && isFinal);
    if (!this.#takes) return isDropped;
    const lineEnds = this.#endsLine || this.#place === this.#stream.perLine - 1;
    this.#place = lineEnds ? 0 : this.#place + 1;
    if (!lineEnds) return false;
    this.#readLine = (this.#readLine + 1) % this.#stream.halfLines;
    return this.#readLine === 0 && !isFinal;
  }
}
