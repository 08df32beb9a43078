/** The options that say which data to train on. */
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import type { DatasetSpec } from '../data/dataset-spec.js';
import type { SplitParts } from '../data/split.js';
import { DEFAULT_MAX_SYMBOLS, DEFAULT_MAX_WORDS, DEFAULT_SPLIT } from '../data/text.js';
import { TOKEN_FEATURES, type TokenFeatureName } from '../data/token-features.js';
import { UserError } from '../errors.js';
import { choice, integer, list, split } from './options.js';

export interface DataFlags {
  readonly text?: string;
  readonly series?: string;
  readonly corpus?: true | number;
  readonly tags?: string;
  readonly regression?: string;
  readonly cmapss?: string;
  readonly mnist?: string;
  readonly ecg5000?: string;
  readonly strikewatch?: string;
  readonly bytes?: boolean;
  readonly utf8?: boolean;
  readonly words?: boolean;
  readonly symbols?: boolean;
  readonly maxSymbols?: number;
  readonly split: SplitParts;
  readonly valid?: string;
  readonly test?: string;
  readonly labelColumn?: string;
  readonly idColumn?: string;
  readonly timeColumn?: string;
  readonly targetColumn?: string;
  readonly tokenColumn?: number;
  readonly tagColumn?: number;
  readonly features?: readonly TokenFeatureName[];
  readonly window?: number;
  readonly stride?: number;
  readonly maxLife?: number;
  readonly pixels?: boolean;
  readonly person?: number;
  readonly seed: number;
}

type Source = Extract<
  keyof DataFlags,
  | 'text'
  | 'series'
  | 'corpus'
  | 'tags'
  | 'regression'
  | 'cmapss'
  | 'mnist'
  | 'ecg5000'
  | 'strikewatch'
>;

const SOURCES: readonly Source[] = [
  ...(['text', 'series', 'corpus', 'tags', 'regression'] as const),
  ...(['cmapss', 'mnist', 'ecg5000', 'strikewatch'] as const),
];

/** Which sources an option belongs to; the others are for all. */
const BELONGS: Partial<Record<keyof DataFlags, readonly Source[]>> = {
  bytes: ['text'],
  utf8: ['text'],
  words: ['text'],
  symbols: ['text'],
  maxSymbols: ['text', 'corpus'],
  valid: ['text', 'tags'],
  test: ['text', 'series', 'tags', 'regression', 'ecg5000'],
  labelColumn: ['series'],
  idColumn: ['series', 'regression'],
  timeColumn: ['series', 'regression'],
  targetColumn: ['regression'],
  tokenColumn: ['tags'],
  tagColumn: ['tags'],
  features: ['tags'],
  window: ['cmapss', 'regression'],
  stride: ['cmapss', 'regression'],
  maxLife: ['cmapss'],
  pixels: ['mnist'],
  person: ['strikewatch'],
};

export const DEFAULT_CORPUS_SIZE = 600_000;

const optionName = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export function addDataOptions(command: Command): Command {
  return command
    .optionsGroup('Data (exactly one of the first nine):')
    .option('--text <file>', 'text file, for language models: UTF-8 where valid, else bytes')
    .option(
      '--series <file>',
      'labelled series: .ts (sktime, aeon) or CSV; a _TEST file beside a _TRAIN file is found',
    )
    .option('--tags <file>', 'CoNLL column file of tagged sentences')
    .option('--regression <file>', 'CSV of series with a real target')
    .option('--cmapss <file>', 'NASA turbofan engines: train_FD00n.txt, the others beside it')
    .option('--mnist <dir>', 'folder of the four idx files, images row by row')
    .option('--ecg5000 <file>', 'heartbeats: training file; --test names the other one')
    .option('--strikewatch <dir>', 'folder of wrist recordings')
    .option(
      '--corpus [characters]',
      `type declarations of the typescript package (default ${DEFAULT_CORPUS_SIZE} characters)`,
      integer('--corpus', 1000, 100_000_000),
    )
    .option('--bytes', 'read the text as bytes')
    .option('--utf8', 'refuse a text that is not UTF-8')
    .option('--words', 'read the text as words, one sentence per line')
    .option('--symbols', 'read the text as symbols with a space between any two')
    .option(
      '--max-symbols <n>',
      `keep this many distinct symbols (default ${DEFAULT_MAX_SYMBOLS}, of words ${DEFAULT_MAX_WORDS})`,
      integer('--max-symbols', 2, 65536),
    )
    .option('--valid <file>', 'validation part, where it is a file of its own')
    .option('--test <file>', 'test part, where it is a file of its own')
    .option('--label-column <name>', 'CSV: column of the class label')
    .option('--id-column <name>', 'CSV: column that names the case')
    .option('--time-column <name>', 'CSV: column of the time')
    .option('--target-column <name>', 'CSV: column of the real target')
    .option('--token-column <n>', 'tags: column of the token', integer('--token-column', 1, 100))
    .option('--tag-column <n>', 'tags: column of the tag', integer('--tag-column', 1, 100))
    .option(
      '--features <list>',
      `tags: what is seen of a word, by comma: ${TOKEN_FEATURES.join(', ')}`,
      list(choice('--features', TOKEN_FEATURES)),
    )
    .option('--window <n>', 'steps of a window with one target', integer('--window', 1, 100_000))
    .option('--stride <n>', 'steps from window to window', integer('--stride', 1, 100_000))
    .option('--max-life <n>', 'cmapss: cut lives here (default 125)', integer('--max-life', 1, 1e6))
    .option('--pixels', 'mnist: pixel by pixel')
    .option('--person <n>', 'strikewatch: one person only', integer('--person', 1, 1000))
    .addOption(
      new Option('--split <a/b/c>', 'percentages for training, validation, test')
        .argParser(split('--split'))
        .default(DEFAULT_SPLIT, '80/10/10'),
    );
}

/** Some data is named. */
export function hasSource(flags: DataFlags): boolean {
  return SOURCES.some((name) => flags[name] !== undefined);
}

/** The only source given; refuses options of others. */
function sourceOf(flags: DataFlags): Source {
  const given = SOURCES.filter((name) => flags[name] !== undefined);
  if (given.length !== 1) {
    throw new UserError({
      where: 'data',
      given: given.length === 0 ? 'none given' : given.map(optionName).join(' and '),
      allowed: `exactly one of ${SOURCES.map(optionName).join(', ')}`,
    });
  }
  const [source] = given;
  for (const [name, owners] of Object.entries(BELONGS)) {
    if (flags[name as keyof DataFlags] === undefined || owners.includes(source)) continue;
    throw new UserError({
      where: optionName(name),
      given: `with ${optionName(source)}`,
      allowed: `belongs to ${owners.map(optionName).join(', ')}`,
    });
  }
  return source;
}

function textSpec(path: string, flags: DataFlags): DatasetSpec {
  const modes = (['bytes', 'utf8', 'words', 'symbols'] as const).filter((name) => flags[name]);
  if (modes.length > 1) {
    throw new UserError({
      where: optionName(modes[0]),
      given: `with ${modes.slice(1).map(optionName).join(' and ')}`,
      allowed: 'only one of them',
    });
  }
  const mode = modes[0] ?? 'auto';
  return {
    kind: 'text',
    path,
    ...files(flags),
    mode,
    maxSymbols: flags.maxSymbols ?? (mode === 'words' ? DEFAULT_MAX_WORDS : DEFAULT_MAX_SYMBOLS),
    split: flags.split,
  };
}

function files({ valid, test }: DataFlags): { validPath?: string; testPath?: string } {
  return {
    ...(valid !== undefined && { validPath: valid }),
    ...(test !== undefined && { testPath: test }),
  };
}

function required(name: keyof DataFlags, value: string | undefined, source: Source): string {
  if (value !== undefined) return value;
  throw new UserError({
    where: optionName(name),
    given: 'nothing',
    allowed: `${optionName(source)} needs it`,
  });
}

/** Only what was given, so that two ways to say the same make the same spec. */
function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

/** Where the data comes from; throws UserError where options do not fit together. */
export function datasetSpec(flags: DataFlags): DatasetSpec {
  const source = sourceOf(flags);
  const { split: parts, seed, labelColumn, idColumn, timeColumn, window, stride } = flags;
  const path = String(flags[source]);
  switch (source) {
    case 'text':
      return textSpec(path, flags);
    case 'corpus': {
      const characters = typeof flags.corpus === 'number' ? flags.corpus : DEFAULT_CORPUS_SIZE;
      const { maxSymbols = DEFAULT_MAX_SYMBOLS } = flags;
      return { kind: 'corpus', characters, maxSymbols, split: parts };
    }
    case 'series': {
      const { test: testPath } = flags;
      const columns = given({ testPath, labelColumn, idColumn, timeColumn });
      return { kind: 'series', path, ...columns, split: parts, seed };
    }
    case 'tags': {
      const { tokenColumn, tagColumn, features } = flags;
      const columns = given({ tokenColumn, tagColumn, features });
      return { kind: 'tagging', path, ...files(flags), ...columns, split: parts, seed };
    }
    case 'regression': {
      const targetColumn = required('targetColumn', flags.targetColumn, source);
      const { test: testPath } = flags;
      const columns = given({ testPath, idColumn, timeColumn, window, stride });
      return { kind: 'regression', path, targetColumn, ...columns, split: parts, seed };
    }
    case 'cmapss':
      return { kind: 'cmapss', path, ...given({ window, stride, maxLife: flags.maxLife }), seed };
    case 'mnist':
      return { kind: 'mnist', path, order: flags.pixels === true ? 'pixels' : 'rows' };
    case 'ecg5000':
      return { kind: 'ecg5000', path, testPath: required('test', flags.test, source), seed };
    case 'strikewatch':
      return { kind: 'strikewatch', path, ...given({ person: flags.person }) };
  }
}

/** Name of the run folder for this data. */
export function runName(spec: DatasetSpec): string {
  if (spec.kind === 'corpus') return 'corpus';
  return basename(spec.path.replace(/\.gz$/, ''), extname(spec.path.replace(/\.gz$/, ''))).replace(
    /[_-]train$/i,
    '',
  );
}
