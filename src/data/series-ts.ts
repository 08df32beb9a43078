/** The `.ts` format of the UCR/UEA archive, sktime and aeon: headers, then one case per line. */
import { UserError } from '../errors.js';
import type { SeriesCase } from '../model/dataset.js';
import { readLines } from './read-file.js';
import { at, isMissing, parseNumber, quoted, type SeriesFile } from './series-file.js';

interface Header {
  classes: string[] | undefined;
  univariate: boolean | undefined;
  dimensions: number | undefined;
  equalLength: boolean | undefined;
  seriesLength: number | undefined;
}

function truth(where: string, name: string, text: string | undefined): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new UserError({
    where,
    given: `@${name} ${text ?? '(nothing)'}`,
    allowed: 'must be true or false',
  });
}

function count(where: string, name: string, text: string | undefined): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UserError({
    where,
    given: `@${name} ${text ?? '(nothing)'}`,
    allowed: 'must be a positive integer',
  });
}

function readHeaderLine(header: Header, where: string, line: string): void {
  const [tag, ...words] = line.slice(1).trim().split(/\s+/);
  const value = words[0]?.toLowerCase();
  switch (tag.toLowerCase()) {
    case 'univariate':
      header.univariate = truth(where, 'univariate', value);
      break;
    case 'dimensions':
    case 'dimension':
      header.dimensions = count(where, tag, value);
      break;
    case 'equallength':
      header.equalLength = truth(where, 'equalLength', value);
      break;
    case 'serieslength':
      header.seriesLength = count(where, 'seriesLength', value);
      break;
    case 'timestamps':
      if (truth(where, 'timeStamps', value)) {
        throw new UserError({
          where,
          given: '@timeStamps true',
          allowed: 'only series without time stamps can be read',
          hint: 'resample to a fixed rate and drop the time stamps',
        });
      }
      break;
    case 'classlabel':
      if (!truth(where, 'classLabel', value)) {
        throw new UserError({
          where,
          given: '@classLabel false',
          allowed: 'classification needs a label per case',
          hint: 'write @classLabel true and its labels, and a label at the end of each line',
        });
      }
      header.classes = words.slice(1);
      if (header.classes.length === 0) {
        throw new UserError({
          where,
          given: '@classLabel true without labels',
          allowed: 'must name every class',
        });
      }
      break;
    case 'targetlabel':
      if (truth(where, 'targetLabel', value)) {
        throw new UserError({
          where,
          given: '@targetLabel true (regression)',
          allowed: 'only classification can be trained',
        });
      }
      break;
    default:
    // @problemName, @missing and others say nothing that the values do not.
  }
}

function readCase(
  path: string,
  line: number,
  text: string,
  header: Header,
  classes: Map<string, number>,
): SeriesCase & { channels: number } {
  const fields = text.split(':').map((field) => field.trim());
  const label = fields.pop()!;
  if (fields.length === 0) {
    throw new UserError({
      where: at(path, line),
      given: 'no ":"',
      allowed: 'a case is channels separated by ":", values by ",", its label last',
    });
  }
  if (label === '' || isMissing(label)) {
    throw new UserError({
      where: at(path, line),
      given: 'the label is missing',
      allowed: 'every case needs one',
    });
  }
  const index = classes.get(label);
  if (index === undefined) {
    throw new UserError({
      where: at(path, line),
      given: `label ${quoted(label)}`,
      allowed: `@classLabel names ${[...classes.keys()].join(', ')}`,
    });
  }
  if (header.dimensions !== undefined && fields.length !== header.dimensions) {
    throw new UserError({
      where: at(path, line),
      given: `${fields.length} channels`,
      allowed: `@dimensions says ${header.dimensions}`,
    });
  }
  if (header.univariate === true && fields.length !== 1) {
    throw new UserError({
      where: at(path, line),
      given: `${fields.length} channels`,
      allowed: '@univariate says 1',
    });
  }
  const columns = fields.map((field, channel) =>
    field.split(',').map((cell, step) => {
      const word = cell.trim();
      const value = parseNumber(word);
      if (value !== undefined) return value;
      throw new UserError({
        where: at(path, line),
        given: `channel ${channel + 1}, step ${step + 1} is ${isMissing(word) ? `missing (${quoted(word)})` : quoted(word)}`,
        allowed: 'must be a number',
        hint: isMissing(word) ? 'fill gaps before training' : undefined,
      });
    }),
  );
  const steps = columns[0].length;
  columns.forEach((column, channel) => {
    if (column.length !== steps) {
      throw new UserError({
        where: at(path, line),
        given: `channel ${channel + 1} has ${column.length} values, channel 1 has ${steps}`,
        allowed: 'all channels of a case must be equally long',
      });
    }
  });
  if (
    header.equalLength === true &&
    header.seriesLength !== undefined &&
    steps !== header.seriesLength
  ) {
    throw new UserError({
      where: at(path, line),
      given: `${steps} steps`,
      allowed: `@seriesLength says ${header.seriesLength}`,
      hint: 'write @equalLength false where lengths differ',
    });
  }
  const channels = columns.length;
  const values = Float32Array.from(
    { length: steps * channels },
    (_, k) => columns[k % channels][Math.floor(k / channels)],
  );
  return { values, label: index, channels };
}

/** @throws {UserError} with file and line for everything that is not a complete, labelled series. */
export function parseTs(path: string, bytes: Buffer): SeriesFile {
  const header: Header = {
    classes: undefined,
    univariate: undefined,
    dimensions: undefined,
    equalLength: undefined,
    seriesLength: undefined,
  };
  const cases: SeriesCase[] = [];
  let classes: Map<string, number> | undefined;
  let channels: number | undefined;
  const lines = readLines(path, bytes);
  for (let k = 0; k < lines.length; k++) {
    const text = lines[k].trim();
    const where = at(path, k + 1);
    if (text === '' || text.startsWith('#') || text.startsWith('%')) continue;
    if (classes === undefined) {
      if (!text.startsWith('@')) {
        throw new UserError({
          where,
          given: quoted(text),
          allowed: 'before @data only # comments and @ headers',
        });
      }
      if (!/^@data\b/i.test(text)) {
        readHeaderLine(header, where, text);
        continue;
      }
      if (header.classes === undefined) {
        throw new UserError({
          where,
          given: '@data without @classLabel',
          allowed: 'classification needs class labels',
        });
      }
      classes = new Map(header.classes.map((name, index) => [name, index]));
      if (classes.size !== header.classes.length) {
        throw new UserError({
          where,
          given: `@classLabel ${header.classes.join(' ')}`,
          allowed: 'labels must differ',
        });
      }
      continue;
    }
    const { channels: found, ...item } = readCase(path, k + 1, text, header, classes);
    channels ??= found;
    if (found !== channels) {
      throw new UserError({
        where,
        given: `${found} channels`,
        allowed: `the cases before have ${channels}`,
      });
    }
    cases.push(item);
  }
  if (classes === undefined) {
    throw new UserError({
      where: path,
      given: 'no @data line',
      allowed: 'a .ts file has headers, @data, then cases',
    });
  }
  if (channels === undefined) {
    throw new UserError({
      where: path,
      given: 'no case after @data',
      allowed: 'needs at least one',
    });
  }
  return { path, channels, classes: [...classes.keys()], cases };
}
