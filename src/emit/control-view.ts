/** View-model of the decoder of a design's registers and windows, from their map. */
import { indexBits } from '../design/bits.js';
import {
  WORD_BITS,
  WORD_BYTES,
  type Field,
  type Register,
  type RegisterMap,
  type Window,
} from '../control/map.js';
import { literal, msb } from './literal.js';

const stateName = ({ name }: Register, field: Field): string =>
  `${name}_${field.name}_q`.toLowerCase();
const storeName = ({ name }: Register): string => `stores_${name.toLowerCase()}`;

function bitRange(low: number, width: number): string {
  return width === 1 ? `[${low}]` : `[${low + width - 1}:${low}]`;
}

/** What a field reads. */
function fieldValue(register: Register, field: Field): string {
  const { kind, width, reset, signal } = field;
  if (kind === 'constant') return `${width}'h${reset.toString(16)}`;
  if (kind === 'pulse') return literal(0, width);
  return kind === 'status' ? signal! : stateName(register, field);
}

/** A register's fields as a word, the highest first. */
function registerValue(register: Register): string {
  const parts: string[] = [];
  let low = 0;
  for (const field of register.fields) {
    if (field.low > low) parts.unshift(literal(0, field.low - low));
    parts.unshift(fieldValue(register, field));
    low = field.low + field.width;
  }
  if (low < WORD_BITS) parts.unshift(literal(0, WORD_BITS - low));
  return parts.length === 1 ? parts[0] : `{${parts.join(', ')}}`;
}

/** Fields of one kind with the names that they have in the decoder. */
function fieldsOf(map: RegisterMap, kinds: readonly Field['kind'][]): object[] {
  return map.registers.flatMap((register) =>
    register.fields
      .filter(({ kind }) => kinds.includes(kind))
      .map((field) => ({
        name: stateName(register, field),
        range: field.width === 1 ? '' : `[${field.width - 1}:0] `,
        reset: literal(field.reset, field.width),
        one: literal(1, field.width),
        store: storeName(register),
        data: `write_data${bitRange(field.low, field.width)}`,
        signal: field.signal ?? '',
      })),
  );
}

/** Lowest address bit of an entry of a window, and the number of bits that select one. */
function entryBits({ strideBytes, entries }: Window): { low: number; count: number } {
  return { low: Math.log2(strideBytes), count: indexBits(entries) };
}

/** Whether `write_addr` has so much in these bits at most; empty where it cannot have more. */
function atMost(low: number, count: number, last: number): string {
  return last === 2 ** count - 1
    ? ''
    : ` && write_addr${bitRange(low, count)} <= ${literal(last, count)}`;
}

function windowCondition({ addressBits }: RegisterMap, window: Window): string {
  const { base, bytes, entries, strideBytes, entryWords } = window;
  const top = Math.log2(bytes);
  const { low, count } = entryBits(window);
  const words = low - Math.log2(WORD_BYTES);
  return (
    `write_addr${bitRange(top, addressBits - top)} == ${literal(base / bytes, addressBits - top)}` +
    atMost(low, count, entries - 1) +
    (words > 0
      ? atMost(Math.log2(WORD_BYTES), words, Math.min(entryWords, strideBytes / WORD_BYTES) - 1)
      : '')
  );
}

/** For each word of an entry that completes one of its memories' words: when that is. */
function windowEnables({ name, entryWords, unitWords, strideBytes }: Window): string[] {
  const words = Math.log2(strideBytes / WORD_BYTES);
  const loads = `loads && has_${name.toLowerCase()}`;
  return Array.from({ length: entryWords / unitWords }, (_, n) => {
    const word = (n + 1) * unitWords - 1;
    const part =
      words === 0
        ? ''
        : ` && write_addr${bitRange(Math.log2(WORD_BYTES), words)} == ${literal(word, words)}`;
    return `${loads}${part}`;
  });
}

/** Where a memory finds its write signals in the top module. */
export interface LoadSignals {
  /** Bit of `load_<name>`. */
  readonly enable: string;
  readonly addr: string;
  readonly addrBits: number;
  readonly data: string;
}

/** Bits of the data that the decoder hands to all memories: words of the bus, the last one highest. */
function dataBits({ windows }: RegisterMap): number {
  return WORD_BITS * Math.max(...windows.map(({ unitWords }) => unitWords));
}

/** The write signals of one of a window's memories. */
export function loadSignals(map: RegisterMap, window: Window, unit: number): LoadSignals {
  const { unitBits, unitWords, unitsPerWord } = window;
  const name = `load_${window.name.toLowerCase()}`;
  const low =
    unitWords > 1 ? dataBits(map) - WORD_BITS * unitWords : unitBits * (unit % unitsPerWord);
  // One word of the bus sits above what waits for wider words.
  const base = unitWords > 1 ? 0 : dataBits(map) - WORD_BITS;
  return {
    enable: `${name}[${Math.floor(unit / unitsPerWord)}]`,
    addr: `${name}_addr`,
    addrBits: indexBits(window.entries),
    data: `load_data${bitRange(base + low, unitBits)}`,
  };
}

function windowView(map: RegisterMap, window: Window): object {
  const enables = windowEnables(window);
  const { low, count } = entryBits(window);
  return {
    name: window.name.toLowerCase(),
    enableMsb: msb(enables.length),
    addrMsb: msb(count),
    condition: windowCondition(map, window),
    enables: enables.map((condition, n) => ({ index: String(n), condition })),
    high: String(low + count - 1),
    low: String(low),
  };
}

/** "0x0040 .. 0x107f" */
function rangeText(from: number, bytes: number): string {
  const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
  return `${hex(from)} .. ${hex(from + bytes - 1)}`;
}

export function controlView(
  map: RegisterMap,
  { header, top }: { readonly header: string; readonly top: string },
): object {
  const { registers, windows, addressBits } = map;
  const isLoaded = windows.length > 0;
  const writables = registers.filter(({ access }) => access !== 'read');
  const enable = registers.find(({ name }) => name === 'IRQ_ENABLE')!;
  const status = registers.find(({ name }) => name === 'IRQ_STATUS')!;
  const holdWords = isLoaded ? dataBits(map) / WORD_BITS - 1 : 0;
  const isHeld = holdWords > 0;
  return {
    header,
    top,
    module: `${top}_control`,
    isLoaded,
    addressBits: String(addressBits),
    addressMsb: msb(addressBits),
    lines: [
      ...registers.map(
        ({ name, offset, description }) =>
          `0x${offset.toString(16).padStart(4, '0')}  ${name.padEnd(10)}  ${description}`,
      ),
      ...windows.map(
        ({ name, base, bytes, entries }) =>
          `${rangeText(base, bytes)}  ${name}, ${entries} entries`,
      ),
    ],
    registers: registers.map((register) => ({
      name: register.name,
      word: literal(register.offset / WORD_BYTES, addressBits - 2),
      value: registerValue(register),
    })),
    writables: writables.map(({ name }) => ({ name, lower: name.toLowerCase() })),
    states: fieldsOf(map, ['control', 'pulse', 'event', 'counter']),
    controls: fieldsOf(map, ['control']),
    pulses: fieldsOf(map, ['pulse']),
    events: fieldsOf(map, ['event']),
    counters: fieldsOf(map, ['counter']),
    kept: fieldsOf(map, ['event', 'counter']),
    irq: status.fields
      .map((field) => {
        const enabled = enable.fields.find(({ name }) => name === field.name)!;
        return `(${stateName(status, field)} && ${stateName(enable, enabled)})`;
      })
      .join(' ||\n        '),
    windows: windows.map((window) => windowView(map, window)),
    anyStore: writables.map(({ name }) => `is_${name.toLowerCase()}`).join(' || '),
    anyWindow: windows.map(({ name }) => `has_${name.toLowerCase()}`).join(' ||\n      '),
    isHeld,
    dataMsb: msb(WORD_BITS * (holdWords + 1)),
    holdMsb: msb(Math.max(1, WORD_BITS * holdWords)),
    holdNext:
      holdWords > 1
        ? `{write_data, hold_q[${WORD_BITS * holdWords - 1}:${WORD_BITS}]}`
        : 'write_data',
  };
}
