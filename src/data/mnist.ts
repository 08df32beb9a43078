/** MNIST (or a set of the same files, such as Fashion-MNIST): images as sequences of rows or of pixels. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import type { SeriesCase, SeriesDataset } from '../model/dataset.js';
import { parseIdx } from './idx.js';
import type { Loaded } from './loaded.js';
import { readBytes, sha256 } from './read-file.js';

export interface MnistOptions {
  /** `rows`: 28 steps of 28 channels. `pixels`: 784 steps of one. Results are not comparable. */
  readonly order: 'rows' | 'pixels';
  /** The last images of the training file validate; default 10000. */
  readonly validCount?: number | undefined;
}

const CLASSES: readonly string[] = Array.from({ length: 10 }, (_, digit) => String(digit));

/** `name` in the folder, with `-` or `.` before `idx`, packed or not. */
function fileIn(folder: string, name: string): string {
  const names = [
    name,
    `${name}.gz`,
    ...[name, `${name}.gz`].map((each) => each.replace('-idx', '.idx')),
  ];
  const found = names.map((each) => join(folder, each)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new UserError({
    where: folder,
    given: `no ${name}`,
    allowed:
      'needs train- and t10k- files of images-idx3-ubyte and labels-idx1-ubyte, each may end in .gz',
  });
}

interface Images {
  readonly rows: number;
  readonly columns: number;
  readonly cases: SeriesCase[];
  readonly contents: readonly Buffer[];
}

function readImages(folder: string, part: 'train' | 't10k'): Images {
  const imagePath = fileIn(folder, `${part}-images-idx3-ubyte`);
  const labelPath = fileIn(folder, `${part}-labels-idx1-ubyte`);
  const contents = [readBytes(imagePath), readBytes(labelPath)];
  const images = parseIdx(imagePath, contents[0], 3);
  const labels = parseIdx(labelPath, contents[1], 1).bytes;
  const [count, rows, columns] = images.sizes;
  if (labels.length !== count) {
    throw new UserError({
      where: labelPath,
      given: `${labels.length} labels`,
      allowed: `${imagePath} has ${count} images`,
    });
  }
  const wrong = labels.findIndex((label) => label >= CLASSES.length);
  if (wrong >= 0) {
    throw new UserError({
      where: `${labelPath} (label ${wrong + 1})`,
      given: `${labels[wrong]}`,
      allowed: 'must be in 0..9',
    });
  }
  const values = Float32Array.from(images.bytes);
  const size = rows * columns;
  const cases = Array.from(labels, (label, k): SeriesCase => ({
    values: values.subarray(k * size, (k + 1) * size),
    label,
  }));
  return { rows, columns, cases, contents };
}

/** Values are the bytes 0..255, x = value / 255. All images of a file share one block of memory. */
export function loadMnist(folder: string, options: MnistOptions): Loaded<SeriesDataset> {
  const { order, validCount = 10_000 } = options;
  const main = readImages(folder, 'train');
  const other = readImages(folder, 't10k');
  const { rows, columns, cases } = main;
  if (other.rows !== rows || other.columns !== columns) {
    throw new UserError({
      where: folder,
      given: `test images of ${other.rows} x ${other.columns}`,
      allowed: `those of training have ${rows} x ${columns}`,
    });
  }
  if (!(Number.isInteger(validCount) && validCount >= 0 && validCount < cases.length)) {
    throw new UserError({
      where: 'valid-count',
      given: `${validCount}`,
      allowed: `must be an integer in 0..${cases.length - 1}, below the number of training images`,
    });
  }
  const channels = order === 'rows' ? columns : 1;
  const steps = order === 'rows' ? rows : rows * columns;
  const border = cases.length - validCount;
  return {
    dataset: {
      kind: 'series',
      channels,
      classes: CLASSES,
      mean: new Array<number>(channels).fill(0),
      gain: new Array<number>(channels).fill(1 / 255),
      train: cases.slice(0, border),
      valid: cases.slice(border),
      test: other.cases,
    },
    sha256: sha256(...main.contents, ...other.contents),
    summary:
      `images by ${order}: ${steps} steps of ${channels} channel${channels === 1 ? '' : 's'}; ` +
      `training ${border}, validation ${validCount}, test ${other.cases.length}`,
    notes: [`validation part: the last ${validCount} training images`, 'pixels divided by 255'],
  };
}
