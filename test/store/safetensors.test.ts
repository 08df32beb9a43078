import { describe, expect, test } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensors,
} from '../../src/store/safetensors.js';

const tensors: StoredTensors = {
  bytes: { dtype: 'I8', shape: [3], data: Int8Array.of(-128, 0, 127) },
  'layer0.weights': { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1.5, -0, 1e-38, 3e38) },
  wide: { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) },
  words: { dtype: 'U16', shape: [2, 1], data: Uint16Array.of(0, 65535) },
  scalar: { dtype: 'I32', shape: [], data: Int32Array.of(-5) },
  none: { dtype: 'U8', shape: [0, 4], data: new Uint8Array(0) },
};

/** A file with this header text and so many bytes of data. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const body = Buffer.from(header);
  const out = new Uint8Array(8 + body.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(body.length), true);
  out.set(body, 8);
  return out;
}

const header = (entries: object): string => JSON.stringify(entries);
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  test('reads back what it wrote, to the bit', () => {
    const { tensors: read, metadata } = decodeSafetensors(
      'f',
      encodeSafetensors(tensors, { a: 'b' }),
    );
    expect(metadata).toEqual({ a: 'b' });
    expect(Object.keys(read).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, tensor] of Object.entries(tensors)) {
      expect(read[name].dtype).toBe(tensor.dtype);
      expect(read[name].shape).toEqual(tensor.shape);
      expect(Buffer.from(read[name].data.buffer)).toEqual(Buffer.from(tensor.data.buffer));
    }
  });

  test('writes the same bytes for the same tensors, in any order, with aligned data', () => {
    const once = encodeSafetensors(tensors);
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(encodeSafetensors(reversed)).toEqual(once);
    expect(Number(new DataView(once.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  test('refuses to write a shape that does not match', () => {
    expect(() =>
      encodeSafetensors({ w: { dtype: 'I8', shape: [2], data: new Int8Array(3) } }),
    ).toThrow('safetensors: w has 3 elements, shape [2]');
  });

  test('every truncation is refused', () => {
    const whole = encodeSafetensors(tensors);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeSafetensors('f', whole.slice(0, length)), `${length} bytes`).toThrow(
        /^f: truncated/,
      );
    }
    expect(() => decodeSafetensors('model.safetensors', whole.slice(0, -1))).toThrow(
      `model.safetensors: truncated: the header says ${whole.length} bytes, the file has ${whole.length - 1}; copy the file again, or repeat the stage that made it`,
    );
  });

  test.each([
    [
      'bytes after the end',
      fileOf('{}', 3),
      'f: too long: the header says 10 bytes, the file has 13',
    ],
    [
      'a huge header',
      Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0),
      'f: a header of 1099511627776 bytes, at most 100000000; this is no safetensors file',
    ],
    ['text', Buffer.from('hello world, this is no tensor'), 'f: a header of '],
    [
      'a broken header',
      fileOf('{"a": '),
      'f: the header is not JSON, this is no safetensors file, or a damaged one',
    ],
    ['a list as header', fileOf('[]'), 'f: the header is not an object, must name the tensors'],
    [
      'metadata of numbers',
      fileOf('{"__metadata__":{"a":1}}'),
      'f: __metadata__: not strings by name, must be',
    ],
    [
      'an entry that is a number',
      fileOf('{"w":1}'),
      'f: w: not an object, needs dtype, shape and data_offsets',
    ],
    [
      'an unknown dtype',
      fileOf(header({ w: { ...f32(0, 4), dtype: 'BF16' } }), 4),
      'f: w: dtype "BF16", can read U8, I8, U16, I16, U32, I32, F32, F64',
    ],
    [
      'an inherited name as dtype',
      fileOf(header({ w: { ...f32(0, 4), dtype: 'toString' } }), 4),
      'f: w: dtype "toString"',
    ],
    [
      'no dtype',
      fileOf(header({ w: { shape: [1], data_offsets: [0, 4] } }), 4),
      'f: w: dtype missing',
    ],
    [
      'a negative size',
      fileOf(header({ w: f32(0, 4, [-1]) }), 4),
      'f: w: shape [-1], must be a list of sizes',
    ],
    [
      'a fractional size',
      fileOf(header({ w: f32(0, 4, [0.5]) }), 4),
      'f: w: shape [0.5], must be a list of sizes',
    ],
    [
      'an unknown key',
      fileOf(header({ w: { ...f32(0, 4), scale: 1 } }), 4),
      'f: w: unknown key "scale", only dtype, shape, data_offsets',
    ],
    [
      'three offsets',
      fileOf(header({ w: { ...f32(0, 4), data_offsets: [0, 4, 8] } }), 4),
      'f: w: data_offsets [0,4,8], must be [begin, end]',
    ],
    [
      'offsets that do not match the shape',
      fileOf(header({ w: f32(0, 8, [1]) }), 8),
      'f: w: data_offsets [0, 8] are 8 bytes, F32 [1] takes 4',
    ],
    [
      'offsets backwards',
      fileOf(header({ w: f32(4, 0, [1]) }), 8),
      'f: w: data_offsets [4, 0] are -4 bytes, F32 [1] takes 4',
    ],
    [
      'overlapping tensors',
      fileOf(header({ a: f32(0, 8), b: f32(4, 12) }), 12),
      'f: b: begins at byte 4, overlaps the tensor before it, which ends at 8',
    ],
    [
      'a gap',
      fileOf(header({ a: f32(0, 4), b: f32(8, 12) }), 12),
      'f: b: begins at byte 8, leaves a gap after the tensor before it, which ends at 4',
    ],
    ['data out of bounds', fileOf(header({ a: f32(0, 40) }), 12), 'f: truncated: the header says '],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors('f', bytes)).toThrow(message);
  });
});
