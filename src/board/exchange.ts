/** What a host and the board say to each other about given inputs, by the golden model. */
import type { Design } from '../design/design.js';
import { bitsOf } from '../emit/literal.js';
import type { TestVectors } from '../emit/vectors.js';
import { beatBits, widths } from '../emit/widths.js';
import { hexBytes, messageSizes, resultMessage, stepMessages } from './protocol.js';

export interface Exchange {
  /** What the host sends, a message for each step. */
  readonly steps: readonly (readonly number[])[];
  /** Results in their order. */
  readonly results: readonly (readonly number[])[];
}

/** The messages of these inputs and of the golden model's results. */
export function goldenExchange(
  design: Design,
  { beats, results }: Pick<TestVectors, 'beats' | 'results'>,
): Exchange {
  const sizes = messageSizes(design);
  const field = beatBits(widths(design).class);
  return {
    steps: stepMessages(sizes, beats),
    results: results.map(({ values, last }) => {
      const data = values.reduce(
        (word, value, column) => word | (bitsOf(value, field) << BigInt(column * field)),
        0n,
      );
      return resultMessage(sizes, { data, last });
    }),
  };
}

/** The exchange as a text: a line for each message, `>` to the board, `<` from it. */
export function exchangeText({ steps, results }: Exchange): string {
  const lines = [
    '# Bytes in hexadecimal: what to send for each step, and every result that comes back.',
    '# After each step the board also sends 06 once there is room for another.',
    ...steps.map((bytes) => `> ${hexBytes(bytes)}`),
    ...results.map((bytes) => `< ${hexBytes(bytes)}`),
  ];
  return `${lines.join('\n')}\n`;
}
