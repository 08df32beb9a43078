/** Replays files of recorded results (schema `int8-lstm-golden/1`), value by value. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, UserError } from '../errors.js';
import { parseWith } from '../store/artifact.js';
import { SIGMOID_TABLE, sigmoidTable, tanhTable } from './activations.js';
import { Comparison, type Findings } from './vectors/comparison.js';
import {
  type ActivationFile,
  activationFile,
  header,
  lstmFile,
  primitivesFile,
  type TableFile,
  tableFile,
} from './vectors/format.js';
import { checkLstm } from './vectors/lstm-replay.js';
import { checkPrimitives } from './vectors/primitives.js';

export interface VectorReport {
  readonly path: string;
  /** Of the file, where it says one. */
  readonly kind: string | undefined;
  readonly hasPassed: boolean;
  /** Values compared, 0 where the file could not be read. */
  readonly compared: number;
  /** Empty if it has passed; the first says where the first difference is. */
  readonly problems: readonly string[];
}

function checkActivation(file: ActivationFile): Findings {
  const { implementation, left_shift, integer_bits } = file;
  const flavour = implementation === 'lut' ? 'lut256' : 'gemmlowp';
  const integerBits = implementation === 'lut' ? 3 + (left_shift ?? 0) : (integer_bits ?? 3);
  if (file.function === 'sigmoid' && integerBits !== 3) {
    const name = implementation === 'lut' ? 'left_shift' : 'integer_bits';
    const given = String(implementation === 'lut' ? left_shift : integer_bits);
    throw new UserError({ where: name, given, allowed: 'sigmoid takes Q3.12' });
  }
  const table =
    file.function === 'sigmoid' ? sigmoidTable(flavour) : tanhTable(integerBits, flavour);
  const bytes = Buffer.from(file.output, 'base64');
  if (bytes.length !== 2 * table.length) {
    throw new UserError({
      where: 'output',
      given: `${bytes.length} bytes`,
      allowed: `${2 * table.length} bytes`,
    });
  }
  const comparison = new Comparison();
  for (let k = 0; k < table.length; k++) {
    const where = (): string => `output at input ${k - 32768}`;
    comparison.value(where, table[k], bytes.readInt16LE(2 * k));
  }
  return { compared: comparison.compared, problems: comparison.problems() };
}

function checkTable({ data }: TableFile): Findings {
  if (data.length !== SIGMOID_TABLE.length) {
    const given = `${data.length} values`;
    throw new UserError({ where: 'data', given, allowed: `${SIGMOID_TABLE.length}` });
  }
  const comparison = new Comparison();
  comparison.values((k) => `data[${k}]`, SIGMOID_TABLE, data);
  return { compared: comparison.compared, problems: comparison.problems() };
}

function checkContent(path: string, kind: string, value: unknown): Findings {
  switch (kind) {
    case 'lstm':
      return checkLstm(parseWith(path, lstmFile, value));
    case 'primitives':
      return checkPrimitives(parseWith(path, primitivesFile, value));
    case 'activation_exhaustive':
      return checkActivation(parseWith(path, activationFile, value));
    default:
      return checkTable(parseWith(path, tableFile, value));
  }
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    // Null counts as missing.
    return JSON.parse(text, (_, value: unknown) => value ?? undefined) as unknown;
  } catch (error) {
    throw new UserError({ where: path, given: `not JSON (${(error as Error).message})` });
  }
}

/** Reads and replays one file; whatever is wrong with it is in the report. */
export function checkVectorFile(path: string): VectorReport {
  let kind: string | undefined;
  try {
    const value = readJson(path);
    kind = parseWith(path, header, value).kind;
    const { compared, problems } = checkContent(path, kind, value);
    return { path, kind, hasPassed: problems.length === 0, compared, problems };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // The report names the file already.
    const problem = text.startsWith(`${path}: `) ? text.slice(path.length + 2) : text;
    return { path, kind, hasPassed: false, compared: 0, problems: [problem] };
  }
}

/** The .json files of a folder by name, or the one file; throws a UserError if there is neither. */
export function vectorFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    throw fileError(path, error);
  }
}
