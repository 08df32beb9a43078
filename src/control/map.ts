/**
 * The register map of a design with control: the one description from which its Verilog decoder, its C header,
 * its documentation and the driver of the tests are made. All registers and windows are of 32-bit words, at byte
 * offsets from the core's base address.
 */
import { indexBits } from '../design/bits.js';
import { loadableMemories, type Design, type MemorySpec } from '../design/design.js';

export const WORD_BITS = 32;
export const WORD_BYTES = 4;
/** "HG" and the version of this map. */
export const MAP_VALUE = 0x48470001;
/** What a load image begins with: "HGIM". */
export const IMAGE_MAGIC = 0x4847494d;
/** Words before the contents of an image: magic, design, words that follow, their sum. */
export const IMAGE_HEADER_WORDS = 4;

/** What a field does. */
export type FieldKind =
  /** Reads `value`. */
  | 'constant'
  /** Reads what the core says. */
  | 'status'
  /** Reads and writes. */
  | 'control'
  /** Writing 1 acts once; reads 0. */
  | 'pulse'
  /** Reads 1 from the event on until 1 is written. */
  | 'event'
  /** Counts; 0 after a reset. */
  | 'counter';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Lowest bit. */
  readonly low: number;
  readonly width: number;
  /** After a reset of the whole core. */
  readonly reset: number;
  /** What drives it: a signal of the decoder, for `status`, `event` and `counter`. */
  readonly signal?: string;
  readonly description: string;
}

export interface Register {
  readonly name: string;
  /** Byte offset. */
  readonly offset: number;
  readonly access: 'read' | 'read/write' | 'read, write 1 to clear';
  readonly description: string;
  readonly fields: readonly Field[];
}

/** A memory, or one for every row of the array side by side, as a processor writes it. */
export interface Window {
  readonly name: string;
  readonly role: MemorySpec['role'];
  /** Byte offset; a multiple of `bytes`, which is a power of two. */
  readonly base: number;
  readonly bytes: number;
  /** Entries, and bytes from one to the next. */
  readonly entries: number;
  readonly strideBytes: number;
  /** Words of an entry, the lowest first; what lies between them and the stride cannot be written. */
  readonly entryWords: number;
  /** Memories that an entry is spread over: one word of each. */
  readonly units: number;
  readonly unitBits: number;
  /** Units whose words share a word of the bus, side by side from bit 0 up; 1 where a unit takes `unitWords`. */
  readonly unitsPerWord: number;
  readonly unitWords: number;
  readonly description: string;
}

export interface RegisterMap {
  /** Bits of a byte address. */
  readonly addressBits: number;
  /** Says which hardware this is: an image for another one is refused. */
  readonly designId: number;
  readonly registers: readonly Register[];
  readonly windows: readonly Window[];
}

/** Registers have the first bytes for themselves. */
const REGISTER_BYTES = 64;

function registersOf(designId: number, isLoaded: boolean): Register[] {
  const registers: Register[] = [];
  const add = (
    name: string,
    access: Register['access'],
    description: string,
    fields: readonly Field[],
  ): void =>
    void registers.push({
      name,
      offset: registers.length * WORD_BYTES,
      access,
      description,
      fields,
    });
  const field = (
    name: string,
    kind: FieldKind,
    low: number,
    description: string,
    more: Partial<Field> = {},
  ): Field => ({ name, kind, low, width: 1, reset: 0, description, ...more });
  const whole = (kind: FieldKind, description: string, more: Partial<Field>): Field[] => [
    field('value', kind, 0, description, { width: WORD_BITS, ...more }),
  ];
  const enable = (what: string): string => `irq_o follows IRQ_STATUS.${what}`;

  add('MAP', 'read', 'Which map this is.', [
    field('version', 'constant', 0, 'version of the map', {
      ...{ width: 16, reset: MAP_VALUE % 2 ** 16 },
    }),
    field('magic', 'constant', 16, '"HG"', {
      ...{ width: 16, reset: Math.floor(MAP_VALUE / 2 ** 16) },
    }),
  ]);
  add(
    'DESIGN',
    'read',
    'Which hardware this is.',
    whole('constant', 'hash of the design, without the weights where these are loaded', {
      reset: designId,
    }),
  );
  add('CONTROL', 'read/write', 'What the core may do.', [
    field('run', 'control', 0, '1: takes input; 0: finishes the steps it has, then halts', {
      // What nobody has loaded yet must not run.
      reset: isLoaded ? 0 : 1,
    }),
    field(
      'reset',
      'pulse',
      1,
      'drops all steps and results under way, clears IRQ_STATUS and counters',
    ),
  ]);
  add('STATUS', 'read', 'What the core does.', [
    field('idle', 'status', 0, 'no step is under way and no result waits', { signal: 'idle_i' }),
    field('halted', 'status', 1, 'idle, and run is 0: windows may be written', {
      signal: 'is_halted',
    }),
  ]);
  add('IRQ_ENABLE', 'read/write', 'What irq_o tells of.', [
    field('result', 'control', 0, enable('result')),
    field('sequence', 'control', 1, enable('sequence')),
  ]);
  add('IRQ_STATUS', 'read, write 1 to clear', 'What has happened.', [
    field('result', 'event', 0, 'a result is complete', { signal: 'result_done_i' }),
    field('sequence', 'event', 1, 'so is the last one of a sequence', {
      signal: 'result_done_i && result_last_i',
    }),
  ]);
  add(
    'STEPS',
    'read',
    'Input.',
    whole('counter', 'steps that have come in, modulo 2^32', { signal: 'step_taken_i' }),
  );
  add(
    'RESULTS',
    'read',
    'Output.',
    whole('counter', 'results that have left, modulo 2^32', { signal: 'result_taken_i' }),
  );
  add(
    'CYCLES',
    'read',
    'Work.',
    whole('counter', 'clock cycles in which the core was not idle, modulo 2^32', {
      signal: '!idle_i',
    }),
  );
  return registers;
}

const DESCRIPTIONS: Partial<Record<MemorySpec['role'], string>> = {
  weights:
    'weights in schedule order; an entry has the word of every row of the array, as its elements read it',
  rows: 'row parameters in drain order: {high, low} thresholds or {shift select, multiplier, bias}',
  factors: 'factors of sums',
  embedding: 'rows of x by token',
  table: 'sums of x by token',
};

function windowOf(spec: MemorySpec, end: number): Window {
  // Every column has its own copy of a table, and all are written at once.
  const units = spec.role === 'weights' ? spec.copies : 1;
  const unitBits = spec.width;
  const unitsPerWord = Math.max(1, Math.floor(WORD_BITS / unitBits));
  const unitWords = Math.ceil(unitBits / WORD_BITS);
  const entryWords = Math.ceil(units / unitsPerWord) * unitWords;
  const strideBytes = WORD_BYTES * 2 ** Math.ceil(Math.log2(entryWords));
  const bytes = strideBytes * 2 ** indexBits(spec.depth);
  return {
    name: spec.name.toUpperCase(),
    role: spec.role,
    base: Math.ceil(end / bytes) * bytes,
    bytes,
    entries: spec.depth,
    strideBytes,
    entryWords,
    units,
    unitBits,
    unitsPerWord,
    unitWords,
    description: DESCRIPTIONS[spec.role]!,
  };
}

/** @param designId 32 bits */
export function registerMap(
  design: Pick<Design, 'weights' | 'memories'>,
  designId: number,
): RegisterMap {
  const windows: Window[] = [];
  let end = REGISTER_BYTES;
  for (const spec of loadableMemories(design)) {
    const window = windowOf(spec, end);
    windows.push(window);
    end = window.base + window.bytes;
  }
  return {
    addressBits: Math.ceil(Math.log2(end)),
    designId,
    registers: registersOf(designId, windows.length > 0),
    windows,
  };
}

/** A register by its name. */
export function registerOf({ registers }: RegisterMap, name: string): Register {
  const found = registers.find((register) => register.name === name);
  if (!found) throw new RangeError(`registerOf: there is no register ${name}`);
  return found;
}

/** A field of a register as the bits that it takes there. */
export function fieldMask(map: RegisterMap, register: string, name: string): number {
  const found = registerOf(map, register).fields.find((field) => field.name === name);
  if (!found) throw new RangeError(`fieldMask: ${register} has no field ${name}`);
  return (2 ** found.width - 1) * 2 ** found.low;
}

/** Words that an image has for these windows. */
export function imageWords({ windows }: Pick<RegisterMap, 'windows'>): number {
  return windows.reduce((sum, { entries, entryWords }) => sum + entries * entryWords, 0);
}

/** Byte offset of every word of an image, in its order. */
export function imageOffsets({ windows }: Pick<RegisterMap, 'windows'>): number[] {
  return windows.flatMap(({ base, entries, strideBytes, entryWords }) =>
    Array.from(
      { length: entries * entryWords },
      (_, n) => base + Math.floor(n / entryWords) * strideBytes + (n % entryWords) * WORD_BYTES,
    ),
  );
}
