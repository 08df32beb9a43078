/**
 * The safetensors format: 8 bytes with the header's length, little-endian; a JSON header naming dtype,
 * shape and byte range of every tensor; the tensors' bytes. Reading trusts nothing in the file.
 * https://github.com/huggingface/safetensors#format
 */
import { UserError } from '../errors.js';

const DTYPES = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  F64: Float64Array,
} as const;

export type Dtype = keyof typeof DTYPES;
interface DataTypes {
  U8: Uint8Array;
  I8: Int8Array;
  U16: Uint16Array;
  I16: Int16Array;
  U32: Uint32Array;
  I32: Int32Array;
  F32: Float32Array;
  F64: Float64Array;
}

/** `data` is row-major and has as many elements as `shape` says. */
export type StoredTensor = {
  readonly [D in Dtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: DataTypes[D];
  };
}[Dtype];

export type StoredTensors = Readonly<Record<string, StoredTensor>>;

export interface Safetensors {
  readonly tensors: StoredTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = '__metadata__';
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

// Files are little-endian; so is every machine that Node's WASM SIMD runs on.
function bytesOf(data: StoredTensor['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The same tensors and metadata give the same bytes. */
export function encodeSafetensors(
  tensors: StoredTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  // Wide elements first, so that all are aligned without gaps, which the format forbids.
  const names = Object.keys(tensors).sort((a, b) => {
    const width = tensors[b].data.BYTES_PER_ELEMENT - tensors[a].data.BYTES_PER_ELEMENT;
    return width || (a < b ? -1 : 1);
  });
  let end = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name];
    if (name === METADATA)
      throw new RangeError(`safetensors: a tensor cannot be called ${METADATA}`);
    if (elementCount(shape) !== data.length) {
      throw new RangeError(
        `safetensors: ${name} has ${data.length} elements, shape [${shape.join(', ')}]`,
      );
    }
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  let text = JSON.stringify(header);
  const length = Buffer.byteLength(text);
  text += ' '.repeat((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
  const headerBytes = Buffer.from(text, 'utf8');
  const out = new Uint8Array(8 + headerBytes.length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  out.set(headerBytes, 8);
  let at = 8 + headerBytes.length;
  for (const name of names) {
    out.set(bytesOf(tensors[name].data), at);
    at += tensors[name].data.byteLength;
  }
  return out;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readHeader(
  where: string,
  bytes: Uint8Array,
): { header: Record<string, unknown>; dataStart: number } {
  const fail = (given: string, allowed: string): never => {
    throw new UserError({ where, given, allowed });
  };
  if (bytes.length < 8) {
    fail(
      `truncated: the file has ${bytes.length} bytes`,
      'a safetensors file begins with 8 bytes of length',
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    fail(`a header of ${length} bytes`, `at most ${MAX_HEADER_BYTES}; this is no safetensors file`);
  }
  const dataStart = 8 + Number(length);
  if (bytes.length < dataStart) {
    fail(
      `truncated: the header ends at byte ${dataStart}, the file has ${bytes.length}`,
      'must be complete',
    );
  }
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart));
    header = JSON.parse(text);
  } catch {
    fail('the header is not JSON', 'this is no safetensors file, or a damaged one');
  }
  if (!isObject(header)) return fail('the header is not an object', 'must name the tensors');
  return { header, dataStart };
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readEntry(where: string, name: string, value: unknown): Entry {
  const fail = (given: string, allowed: string): never => {
    throw new UserError({ where: `${where}: ${name}`, given, allowed });
  };
  if (!isObject(value)) return fail('not an object', 'needs dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const unknown = Object.keys(rest);
  if (unknown.length > 0)
    fail(`unknown key ${JSON.stringify(unknown[0])}`, 'only dtype, shape, data_offsets');
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    return fail(
      `dtype ${JSON.stringify(dtype) ?? 'missing'}`,
      `can read ${Object.keys(DTYPES).join(', ')}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return fail(`shape ${JSON.stringify(shape) ?? 'missing'}`, 'must be a list of sizes');
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`data_offsets ${JSON.stringify(offsets) ?? 'missing'}`, 'must be [begin, end]');
  }
  const [begin, end] = offsets as [number, number];
  const bytes = elementCount(shape) * DTYPES[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== bytes) {
    fail(
      `data_offsets [${begin}, ${end}] are ${end - begin} bytes`,
      `${dtype} [${shape.join(', ')}] takes ${bytes}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** @throws {UserError} naming `where` and the tensor, for anything that is not a whole, valid file. */
export function decodeSafetensors(where: string, bytes: Uint8Array): Safetensors {
  const { header, dataStart } = readHeader(where, bytes);
  const { [METADATA]: metadata = {}, ...rest } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw new UserError({
      where: `${where}: ${METADATA}`,
      given: 'not strings by name',
      allowed: 'must be',
    });
  }
  const entries = Object.entries(rest).map(([name, value]) => readEntry(where, name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected) {
      throw new UserError({
        where: `${where}: ${name}`,
        given: `begins at byte ${begin}`,
        allowed: `${begin < expected ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it'}, which ends at ${expected}`,
      });
    }
    expected = end;
  }
  const size = dataStart + expected;
  if (bytes.length !== size) {
    throw new UserError({
      where,
      given: `${bytes.length < size ? 'truncated' : 'too long'}: the header says ${size} bytes, the file has ${bytes.length}`,
      hint:
        bytes.length < size ? 'copy the file again, or repeat the stage that made it' : undefined,
    });
  }
  const tensors: Record<string, StoredTensor> = {};
  for (const { name, dtype, shape, begin, end } of entries) {
    // Copied: the view would need an aligned start, and would keep the whole file in memory.
    const data = new DTYPES[dtype](
      new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)).buffer,
    );
    tensors[name] = { dtype, shape, data } as StoredTensor;
  }
  return { tensors, metadata: metadata as Record<string, string> };
}
