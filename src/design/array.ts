/**
 * What the array's elements multiply by, and how codes of other formats are written in it: an element that
 * knows signs alone is a fraction of one that multiplies, so int codes become several planes of digits
 * wherever most weights are narrower.
 */
import { codeLimit, codingOf, weightBits, type WeightFormat } from '../quant/coding.js';
import { GATE_NAMES } from '../quant/gates.js';
import { layerWeights, type Scheme } from '../quant/scheme.js';

/** Narrowest first: signs; -1, 0, +1; signed powers of two and 0; two's complement. */
export const ARRAY_KINDS = ['binary', 'ternary', 'pow2', 'int'] as const;
export type ArrayKind = (typeof ARRAY_KINDS)[number];

/** What an element multiplies by. */
export interface WeightAlphabet {
  readonly kind: ArrayKind;
  /** Bits of one weight. */
  readonly weightBits: number;
}

export interface ArrayFormat extends WeightAlphabet {
  /** Bits of one activation: 8, or 2 where activations are ternary. */
  readonly activationBits: number;
  /** Activations, and weights, in one operand word; above 1 only where activations are ternary. */
  readonly pack: number;
}

/** The narrowest array whose elements take the codes of this format as they are. */
export function naturalKind(format: WeightFormat): ArrayKind {
  switch (format.kind) {
    case 'binary':
      return 'binary';
    case 'multibit':
      return format.masked ? 'ternary' : 'binary';
    case 'ternary':
    case 'ternary2':
      return 'ternary';
    case 'pow2':
      return 'pow2';
    case 'int':
      return format.bits === 2 ? 'ternary' : 'int';
  }
}

const widest = (kinds: readonly ArrayKind[]): ArrayKind =>
  ARRAY_KINDS[Math.max(...kinds.map((kind) => ARRAY_KINDS.indexOf(kind)))];

interface LayerSize {
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/**
 * The array that suits a scheme: of multipliers where at least half of the layers' weights are int, as wide
 * as these, else of the widest of the other codings. Ternary activations are counted, not multiplied, by
 * weights -1, 0, +1 at most.
 */
export function suitableArray(scheme: Scheme, layers: readonly LayerSize[]): WeightAlphabet {
  const formats: WeightFormat[] = [];
  let ints = 0;
  let others = 0;
  layers.forEach(({ inputSize, hiddenSize }, l) => {
    for (const gate of GATE_NAMES) {
      const { format } = codingOf(layerWeights(scheme, l)[gate]);
      formats.push(format);
      const count = hiddenSize * (inputSize + hiddenSize);
      if (naturalKind(format) === 'int') ints += count;
      else others += count;
    }
  });
  const head = codingOf(scheme.head).format;
  if (naturalKind(head) !== 'int') formats.push(head);
  const narrow = formats.map(naturalKind).filter((kind) => kind !== 'int');
  if (scheme.activations === 'ternary') {
    const isBinary = narrow.length > 0 && widest(narrow) === 'binary';
    return alphabetOf(isBinary ? 'binary' : 'ternary', formats);
  }
  return alphabetOf(ints >= others ? 'int' : widest(narrow), formats);
}

/** The narrowest weights of this kind that hold these formats, as far as the kind does. */
export function alphabetOf(kind: ArrayKind, formats: readonly WeightFormat[]): WeightAlphabet {
  switch (kind) {
    case 'binary':
      return { kind, weightBits: 1 };
    case 'ternary':
      return { kind, weightBits: 2 };
    case 'pow2': {
      const bits = formats.map((f) => (f.kind === 'pow2' ? weightBits(f) : 0));
      return { kind, weightBits: Math.max(3, ...bits) };
    }
    case 'int':
      return { kind, weightBits: Math.max(...formats.map(intBits)) };
  }
}

/** Bits of two's complement that hold -limit..limit. */
function intBits(format: WeightFormat): number {
  return 1 + Math.ceil(Math.log2(codeLimit(format) + 1));
}

/** Whether elements take the codes of this format as they are. */
function holds({ kind, weightBits: bits }: WeightAlphabet, format: WeightFormat): boolean {
  if (kind === 'int') return intBits(format) <= bits;
  if (ARRAY_KINDS.indexOf(naturalKind(format)) > ARRAY_KINDS.indexOf(kind)) return false;
  return format.kind !== 'pow2' || format.bits <= bits;
}

/** A code as digits that the array knows: unit * code = sum over planes of factors[p] * digits(code)[p]. */
export interface Numerals {
  readonly factors: readonly number[];
  readonly unit: 1 | 2;
  digits(code: number): readonly number[];
}

const AS_IT_IS: Numerals = { factors: [1], unit: 1, digits: (code) => [code] };

/** Digits of every code of -limit..limit, looked up. */
function tabled(
  limit: number,
  factors: readonly number[],
  unit: 1 | 2,
  expand: (code: number) => readonly number[],
): Numerals {
  const table = Array.from({ length: 2 * limit + 1 }, (_, n) => expand(n - limit));
  return { factors, unit, digits: (code) => table[code + limit] };
}

/** Digits of -floor((radix - 1) / 2) .. floor(radix / 2), mirrored for negative codes. */
function radixNumerals(radix: number, limit: number): Numerals {
  const offset = Math.floor((radix - 1) / 2);
  const factors: number[] = [];
  // The largest number of so many digits.
  for (let reach = 0; reach < limit;) {
    factors.push(radix ** factors.length);
    reach += (radix - 1 - offset) * factors[factors.length - 1];
  }
  return tabled(limit, factors, 1, (code) => {
    let rest = Math.abs(code);
    return factors.map(() => {
      const digit = ((rest + offset) % radix) - offset;
      rest = (rest - digit) / radix;
      return code < 0 ? 0 - digit : digit;
    });
  });
}

/**
 * Signs alone: twice the code, which is even, as a sum of signs times 1, 1, 2, 4, 8, ... From the largest
 * down, each sign leaves a rest that those below can still make up.
 */
function signNumerals(limit: number): Numerals {
  const factors = [1, 1];
  while (factors[factors.length - 1] < limit) factors.push(2 * factors[factors.length - 1]);
  return tabled(limit, factors, 2, (code) => {
    const signs = new Array<number>(factors.length);
    let rest = 2 * code;
    for (let p = factors.length - 1; p >= 0; p--) {
      signs[p] = rest >= 0 ? 1 : -1;
      rest -= signs[p] * factors[p];
    }
    return signs;
  });
}

/**
 * How an array writes the codes of one plane of a format. Where the combiner behind the array multiplies
 * anyway, digits count by the largest radix there is; else by a power of two, which only shifts.
 */
export function numerals(
  alphabet: WeightAlphabet,
  format: WeightFormat,
  multiplies: boolean,
): Numerals {
  if (holds(alphabet, format)) return AS_IT_IS;
  const limit = codeLimit(format);
  const { kind, weightBits: bits } = alphabet;
  if (kind === 'binary') return signNumerals(limit);
  // Of powers of two, 0, 1 and 2 are next to each other.
  const digit = kind === 'ternary' ? 1 : kind === 'pow2' ? 2 : 2 ** (bits - 1) - 1;
  const radix = 2 * digit + 1;
  return radixNumerals(multiplies ? radix : 2 ** Math.floor(Math.log2(radix)), limit);
}
