/**
 * Schemes of tags that mark entities, found, checked and converted:
 *
 * - `IO`: only I-. Adjacent entities of one type cannot be told apart.
 * - `IOB1`: B- only where an entity directly follows another of its type (CoNLL 2003).
 * - `IOB2`: B- begins every entity.
 * - `BIOES`: B- begins, E- ends an entity of several tokens, S- is one of a single token.
 */
import { UserError } from '../errors.js';
import type { TargetTagScheme } from '../model/dataset.js';
import { at } from './series-file.js';

export type TagScheme = 'IO' | 'IOB1' | 'IOB2' | 'BIOES';

/** Tags of one sentence with the lines they stand on. */
export interface TagLines {
  readonly tags: readonly string[];
  readonly lines: readonly number[];
}

/** Tokens from `start` to before `end`. */
export interface Entity {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

interface Tag {
  readonly prefix: 'O' | 'B' | 'I' | 'E' | 'S';
  readonly type: string;
}

const OUTSIDE: Tag = { prefix: 'O', type: '' };

/** `B-PER` -> B and PER; undefined for what is no tag. */
export function parseTag(text: string): Tag | undefined {
  if (text === 'O') return OUTSIDE;
  const match = /^([BIES])-(\S+)$/.exec(text);
  return match === null ? undefined : { prefix: match[1] as Tag['prefix'], type: match[2] };
}

interface Violation {
  readonly line: number;
  readonly given: string;
}

const ALLOWED: Readonly<Record<TagScheme, string>> = {
  IO: 'I- and O are the only tags',
  IOB1: 'B- stands only directly after an entity of the same type',
  IOB2: 'every entity begins with B-',
  BIOES: 'entities are S-, or B- I- ... E-',
};

/** Whether `tag` may follow `before` (O before the first token and after the last). */
function follows(scheme: TagScheme, before: Tag, tag: Tag): boolean {
  const isSameType = before.type === tag.type;
  const isOpen = before.prefix === 'B' || before.prefix === 'I';
  switch (scheme) {
    case 'IO':
      return tag.prefix === 'O' || tag.prefix === 'I';
    case 'IOB1':
      return (
        tag.prefix === 'O' || tag.prefix === 'I' || (tag.prefix === 'B' && isOpen && isSameType)
      );
    case 'IOB2':
      return (
        tag.prefix === 'O' || tag.prefix === 'B' || (tag.prefix === 'I' && isOpen && isSameType)
      );
    case 'BIOES':
      return isOpen
        ? (tag.prefix === 'I' || tag.prefix === 'E') && isSameType
        : tag.prefix === 'O' || tag.prefix === 'B' || tag.prefix === 'S';
  }
}

function violations(scheme: TagScheme, sentences: readonly TagLines[]): Violation[] {
  const found: Violation[] = [];
  for (const { tags, lines } of sentences) {
    let before = OUTSIDE;
    let name = 'the begin of a sentence';
    for (let k = 0; k <= tags.length; k++) {
      const tag = k === tags.length ? OUTSIDE : parseTag(tags[k])!;
      const given = k === tags.length ? 'the end of a sentence' : tags[k];
      if (!follows(scheme, before, tag)) {
        found.push({ line: lines[Math.min(k, lines.length - 1)], given: `${given} after ${name}` });
      }
      [before, name] = [tag, given];
    }
  }
  return found;
}

/**
 * The scheme of a file's tags, the stricter where several fit; IOB1 without adjacent entities reads as IO.
 * @throws {UserError} with the first offending line where the tags keep to none
 */
export function detectScheme(path: string, sentences: readonly TagLines[]): TagScheme {
  const prefixes = new Set(sentences.flatMap(({ tags }) => tags.map((tag) => tag[0])));
  const candidates: TagScheme[] =
    prefixes.has('E') || prefixes.has('S')
      ? ['BIOES']
      : prefixes.has('B')
        ? ['IOB2', 'IOB1']
        : ['IO'];
  const [nearest] = candidates
    .map((scheme) => ({ scheme, found: violations(scheme, sentences) }))
    .sort((a, b) => a.found.length - b.found.length);
  if (nearest.found.length === 0) return nearest.scheme;
  const [{ line, given }] = nearest.found;
  throw new UserError({
    where: at(path, line),
    given,
    allowed: `the file is nearest to ${nearest.scheme}: ${ALLOWED[nearest.scheme]}`,
    hint: `${nearest.found.length} such place${nearest.found.length === 1 ? '' : 's'}`,
  });
}

/** Entities of a sentence whose tags keep to one of the schemes. */
export function entitiesOf(tags: readonly string[]): Entity[] {
  const entities: Entity[] = [];
  let open: { start: number; type: string } | undefined;
  const close = (end: number): void => {
    if (open !== undefined) entities.push({ ...open, end });
    open = undefined;
  };
  tags.forEach((text, k) => {
    const { prefix, type } = parseTag(text)!;
    if (prefix === 'O' || prefix === 'B' || prefix === 'S' || open?.type !== type) close(k);
    if (prefix !== 'O') open ??= { start: k, type };
    if (prefix === 'E' || prefix === 'S') close(k + 1);
  });
  close(tags.length);
  return entities;
}

/** Tags of a sentence of `length` tokens. */
export function writeTags(
  entities: readonly Entity[],
  length: number,
  scheme: TargetTagScheme,
): string[] {
  const tags = new Array<string>(length).fill('O');
  for (const { start, end, type } of entities) {
    tags.fill(`I-${type}`, start, end);
    tags[start] = `B-${type}`;
    if (scheme === 'IOB2') continue;
    tags[end - 1] = `${end - start === 1 ? 'S' : 'E'}-${type}`;
  }
  return tags;
}

/** `O`, then the tags of each type. */
export function tagNames(types: readonly string[], scheme: TargetTagScheme): string[] {
  const prefixes = scheme === 'IOB2' ? ['B', 'I'] : ['B', 'I', 'E', 'S'];
  return ['O', ...types.flatMap((type) => prefixes.map((prefix) => `${prefix}-${type}`))];
}
