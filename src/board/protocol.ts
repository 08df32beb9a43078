/** The bytes that go over a board's UART; rtl-templates/hg_board_bridge.v is their other end. */
import { beatFields, beatsPerStep, type Design } from '../design/design.js';
import { beatBits, inputBits, resultBits } from '../emit/widths.js';

/** First bytes of a message. */
export const MESSAGE = {
  /** A step, or a result: its bytes follow. */
  step: 0x50,
  /** The same of the last step of a sequence. */
  lastStep: 0x51,
  /** To the board: reset the design. */
  hello: 0x52,
  /** From the board, after `hello`: the four bytes of the design's id follow. */
  identity: 0x5a,
  /** From the board: a step is taken, and there is room for another. */
  ready: 0x06,
} as const;

/** Bytes of the design's messages. */
export interface Sizes {
  /** Of a beat of s_axis: a field of whole bytes for each column, or for one of the sequences in lockstep. */
  readonly beatBytes: number;
  /** Beats of a step. */
  readonly beats: number;
  /** Of a beat of m_axis. */
  readonly resultBytes: number;
}

export function messageSizes(design: Design): Sizes {
  const fields = beatFields(design);
  return {
    beatBytes: (fields * inputBits(design)) / 8,
    beats: beatsPerStep(design),
    resultBytes: (fields * beatBits(resultBits(design))) / 8,
  };
}

/** A word as bytes, the lowest first. */
export function bytesOf(word: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, n) => Number((word >> BigInt(8 * n)) & 0xffn));
}

/** A beat of s_axis, or what is expected of m_axis. */
export interface Beat {
  readonly data: bigint;
  readonly last: boolean;
}

/** Messages that send these beats: one for each step. */
export function stepMessages({ beats, beatBytes }: Sizes, stream: readonly Beat[]): number[][] {
  return Array.from({ length: stream.length / beats }, (_, step) => {
    const own = stream.slice(step * beats, (step + 1) * beats);
    const isLast = own[beats - 1].last;
    return [
      isLast ? MESSAGE.lastStep : MESSAGE.step,
      ...own.flatMap(({ data }) => bytesOf(data, beatBytes)),
    ];
  });
}

/** The message of a result. */
export function resultMessage({ resultBytes }: Sizes, { data, last }: Beat): number[] {
  return [last ? MESSAGE.lastStep : MESSAGE.step, ...bytesOf(data, resultBytes)];
}

/** What the board answers to `hello`. */
export function identityMessage(designId: string): number[] {
  const id = BigInt(`0x${designId}`);
  return [MESSAGE.identity, ...bytesOf(id, 4).reverse()];
}

/** "50 0a ff" */
export function hexBytes(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
