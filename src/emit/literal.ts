/** Numbers as Verilog text: every width and digit is computed here, none in a template. */

/** An unsigned literal, e.g. literal(5, 3) = `3'd5`. */
export function literal(value: number, width: number): string {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** width) {
    throw new RangeError(`literal: ${value} does not fit ${width} unsigned bits`);
  }
  return `${width}'d${value}`;
}

/** A two's complement or unsigned value as `width` bits, for concatenation into wider words. */
export function bitsOf(value: number, width: number): bigint {
  if (!Number.isInteger(value) || value < -(2 ** (width - 1)) || value >= 2 ** width) {
    throw new RangeError(`bitsOf: ${value} does not fit ${width} bits`);
  }
  return BigInt.asUintN(width, BigInt(value));
}

/** A word of a $readmemh file. */
export function hexWord(value: bigint, width: number): string {
  return value.toString(16).padStart(Math.ceil(width / 4), '0');
}

/** A literal of any width from equally wide fields, the first in the lowest bits. */
export function packedLiteral(fields: readonly number[], width: number): string {
  let value = 0n;
  fields.forEach((field, n) => {
    value |= bitsOf(field, width) << BigInt(n * width);
  });
  const total = fields.length * width;
  return `${total}'h${hexWord(value, total)}`;
}

/** Index of the most significant bit, for `[msb:0]`; padded, so that declarations line up. */
export function msb(width: number): string {
  return String(width - 1).padStart(2);
}

/** A signal of `from` bits as one of `to` bits. */
export function extend(signal: string, from: number, to: number): string {
  if (from === to) return signal;
  if (from > to) return `${signal}[${to - 1}:0]`;
  return `{${literal(0, to - from)}, ${signal}}`;
}
