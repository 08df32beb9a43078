/** The idx format of MNIST: big-endian magic 0x0000_08_nn (bytes in n dimensions), the sizes, the bytes. */
import { UserError } from '../errors.js';

export interface IdxFile {
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

/** @throws {UserError} for another type or number of dimensions, and for a file cut short */
export function parseIdx(path: string, bytes: Buffer, dimensions: number): IdxFile {
  const magic = bytes.length < 4 ? undefined : bytes.readUInt32BE(0);
  const expected = 0x800 + dimensions;
  if (magic !== expected) {
    throw new UserError({
      where: path,
      given: magic === undefined ? `${bytes.length} bytes` : `magic number ${magic}`,
      allowed: `an idx file of bytes in ${dimensions} dimension${dimensions === 1 ? '' : 's'} begins with ${expected}`,
    });
  }
  const header = 4 + 4 * dimensions;
  const sizes = Array.from({ length: dimensions }, (_, k) =>
    bytes.length < header ? NaN : bytes.readUInt32BE(4 + 4 * k),
  );
  const total = header + sizes.reduce((product, size) => product * size, 1);
  if (bytes.length === total && total > header) return { sizes, bytes: bytes.subarray(header) };
  throw new UserError({
    where: path,
    given: `${bytes.length} bytes`,
    allowed: `sizes ${sizes.join(' x ')} need ${total}, and at least one item`,
  });
}
