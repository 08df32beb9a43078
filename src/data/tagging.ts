/** CoNLL column files -> tagging dataset: separate files, or one split by documents or sentences. */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { TaggedSentence, TaggingDataset, TargetTagScheme } from '../model/dataset.js';
import { type ConllFile, type ConllOptions, type ConllSentence, parseConll } from './conll.js';
import type { Loaded } from './loaded.js';
import { readBytes, sha256 } from './read-file.js';
import { at } from './series-file.js';
import {
  checkPartPaths,
  checkSplit,
  dealParts,
  DEFAULT_SPLIT,
  type SplitParts,
  splitText,
  withoutTest,
} from './split.js';
import { entitiesOf, parseTag, tagNames, writeTags } from './tag-scheme.js';
import { TOKEN_FEATURES, type TokenFeatureName, tokenEncoder } from './token-features.js';

export interface TaggingOptions extends ConllOptions {
  readonly validPath?: string | undefined;
  readonly testPath?: string | undefined;
  /** Tags of the dataset, whatever the files have; default IOB2. */
  readonly scheme?: TargetTagScheme | undefined;
  /** Values of a feature seen less often in training are unknown; default 2. */
  readonly minCount?: number | undefined;
  /** Default all of TOKEN_FEATURES. */
  readonly features?: readonly TokenFeatureName[] | undefined;
  /** Parts of a file without test file; with one, validation is taken from training in proportion. */
  readonly split?: SplitParts | undefined;
  /** What is dealt to the parts; default documents where the file marks two or more. */
  readonly splitBy?: 'document' | 'sentence' | undefined;
  readonly seed?: number | undefined;
}

/** A rare word of training must be able to stand for the unknown ones. */
export const DEFAULT_MIN_COUNT = 2;

type Parts = [ConllSentence[], ConllSentence[], ConllSentence[]];

function checkOptions({ minCount = 1, features = ['word'] }: TaggingOptions): void {
  if (!Number.isInteger(minCount) || minCount < 1) {
    throw new UserError({
      where: 'min-count',
      given: `${minCount}`,
      allowed: 'must be an integer of at least 1',
    });
  }
  const unknown = features.find((name) => !TOKEN_FEATURES.includes(name));
  if (features.length > 0 && unknown === undefined && new Set(features).size === features.length)
    return;
  throw new UserError({
    where: 'features',
    given: features.length === 0 ? 'none' : features.join(', '),
    allowed: `one or more of ${TOKEN_FEATURES.join(', ')}, each once`,
  });
}

/** Sentences dealt one by one, or document by document. */
function dealSentences(
  file: ConllFile,
  split: SplitParts,
  by: 'document' | 'sentence',
  seed: number,
): Parts {
  if (by === 'sentence') return dealParts(file.sentences, split, seed);
  const documents: ConllSentence[][] = [];
  for (const sentence of file.sentences) (documents[sentence.document] ??= []).push(sentence);
  return dealParts(documents, split, seed).map((part) => part.flat()) as Parts;
}

function typesOf(file: ConllFile): string[] {
  const types = new Set<string>();
  for (const { tags } of file.sentences)
    for (const tag of tags) if (tag !== 'O') types.add(parseTag(tag)!.type);
  if (types.size > 0) return [...types].sort();
  throw new UserError({
    where: file.path,
    given: 'every tag is O',
    allowed: 'training needs entities',
    hint: 'name the column of the tags with --tag-column',
  });
}

function checkTypes(file: ConllFile, types: readonly string[], trainPath: string): void {
  for (const { tags, lines } of file.sentences) {
    const wrong = tags.findIndex((tag) => tag !== 'O' && !types.includes(parseTag(tag)!.type));
    if (wrong < 0) continue;
    throw new UserError({
      where: at(file.path, lines[wrong]),
      given: `type ${parseTag(tags[wrong])!.type}`,
      allowed: `${trainPath} has ${types.join(', ')}`,
    });
  }
}

function fileNote({ path, scheme, documents, tokenColumn, tagColumn, columns }: ConllFile): string {
  return (
    `${basename(path)}: ${scheme} tags, columns ${tokenColumn} (token) and ${tagColumn} (tag) of ${columns}` +
    (documents > 1 ? `, ${documents} documents` : '')
  );
}

/** The parts of one to three files, and how they came about. */
function partsOf(
  files: readonly ConllFile[],
  options: TaggingOptions,
): { parts: Parts; notes: string[] } {
  const { split = DEFAULT_SPLIT, seed = 1 } = options;
  const [main, ...others] = files;
  const rest = others.map(({ sentences }) => [...sentences]);
  if (rest.length === 2) return { parts: [[...main.sentences], rest[0], rest[1]], notes: [] };
  const by = options.splitBy ?? (main.documents > 1 ? 'document' : 'sentence');
  if (rest.length === 0) {
    const notes = [`split ${splitText(split)} by ${by}, seed ${seed}`];
    return { parts: dealSentences(main, split, by, seed), notes };
  }
  const [train, valid] = dealSentences(main, withoutTest(split), by, seed);
  const notes = [`validation part: ${valid.length} training sentences by ${by}, seed ${seed}`];
  return { parts: [train, valid, rest[0]], notes };
}

function countText(part: readonly ConllSentence[]): string {
  let tokens = 0;
  let entities = 0;
  for (const { words, tags } of part) {
    tokens += words.length;
    entities += entitiesOf(tags).length;
  }
  return `${part.length} sentences (${tokens} tokens, ${entities} entities)`;
}

/** A tagged corpus as a dataset; `path` is the training part where there are other files. */
export function loadTagging(path: string, options: TaggingOptions = {}): Loaded<TaggingDataset> {
  const { validPath, testPath, scheme = 'IOB2', minCount = DEFAULT_MIN_COUNT } = options;
  checkPartPaths(options);
  checkSplit(options.split ?? DEFAULT_SPLIT);
  checkOptions(options);
  const paths = [path, validPath, testPath].filter((each) => each !== undefined);
  const contents = paths.map(readBytes);
  const files = paths.map((each, k) => parseConll(each, contents[k], options));
  const types = typesOf(files[0]);
  for (const file of files.slice(1)) checkTypes(file, types, path);
  const { parts, notes } = partsOf(files, options);
  if (parts[0].length === 0 || parts[2].length === 0) {
    throw new UserError({
      where: path,
      given: `${parts[0].length} sentences for training and ${parts[2].length} for testing`,
      allowed: 'both parts need at least one',
      hint: 'use more sentences or documents, another --split, or a test file with --test',
    });
  }
  const names = options.features ?? TOKEN_FEATURES;
  const encoder = tokenEncoder(
    names,
    parts[0].map(({ words }) => words),
    minCount,
  );
  const tags = tagNames(types, scheme);
  const tagIndex = new Map(tags.map((tag, index) => [tag, index]));
  const encode = ({ words, tags: own }: ConllSentence): TaggedSentence => ({
    features: encoder.encode(words),
    tags: Int32Array.from(writeTags(entitiesOf(own), words.length, scheme), (tag) =>
      tagIndex.get(tag)!,
    ),
  });
  const [train, valid, test] = parts.map((part) => part.map(encode));
  const { features } = encoder;
  const ambiguous = files.some((file) => file.scheme === 'IO')
    ? ['IO tags cannot tell adjacent entities of one type apart: they count as one']
    : [];
  return {
    dataset: { kind: 'tagging', scheme, tags, features, train, valid, test },
    sha256: sha256(...contents),
    summary:
      `types ${types.join(', ')} in ${tags.length} ${scheme} tags; ` +
      `${features.map(({ name, size }) => `${name} ${size}`).join(', ')}; ` +
      `training ${countText(parts[0])}, validation ${countText(parts[1])}, test ${countText(parts[2])}`,
    notes: [...files.map(fileNote), ...notes, ...ambiguous],
  };
}
