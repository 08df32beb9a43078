/** JSON artifacts: `{"format": "halfgate.model", "version": 1, ...}`, checked by a schema when read. */
import type { z } from 'zod';
import { UserError } from '../errors.js';
import { readIfPresent, writeFileAtomic } from './atomic.js';

export interface ArtifactKind<T> {
  /** `halfgate.<name>` in the file. */
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

export function artifact<T>(name: string, version: number, schema: z.ZodType<T>): ArtifactKind<T> {
  return { name, version, schema };
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[part];
  return at;
}

function shortJson(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What a schema's issue allows, in our words. */
function allowedText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'must be an integer'
        : `must be a${/^[aeiou]/.test(issue.expected) ? 'n' : ''} ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

function complaints(issue: z.core.$ZodIssue, value: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${pathText([...issue.path, key])}: unknown key`);
  }
  // Of a union, the alternative that came furthest says most.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const best = issue.errors.reduce((a, b) => (b.length < a.length ? b : a));
    return best.flatMap((inner) =>
      complaints({ ...inner, path: [...issue.path, ...inner.path] }, value),
    );
  }
  const where = pathText(issue.path);
  return [
    `${where === '' ? '' : `${where}: `}given ${shortJson(valueAt(value, issue.path))}, ${allowedText(issue)}`,
  ];
}

/** The value as the schema's type; every problem in one error. */
export function parseWith<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const all = result.error.issues.flatMap((issue) => complaints(issue, value));
  const shown = all.slice(0, 5).join('; ');
  throw new UserError({
    where,
    given: all.length > 5 ? `${shown}; and ${all.length - 5} more` : shown,
  });
}

export function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError({
      where,
      given: `not JSON (${(error as Error).message})`,
      hint: 'the file is damaged; repeat the stage that made it',
    });
  }
}

export function writeArtifact<T>(path: string, kind: ArtifactKind<T>, value: T): void {
  // Only what can be read again is written.
  const body = parseWith(path, kind.schema, value) as object;
  const text = JSON.stringify(
    { format: `halfgate.${kind.name}`, version: kind.version, ...body },
    undefined,
    2,
  );
  writeFileAtomic(path, `${compactNumbers(text)}\n`);
}

/** Lists of numbers on one line: a curve of 200 points is not 200 lines. */
function compactNumbers(text: string): string {
  return text.replace(
    /\[\s+(-?[\d.eE+-]+(?:,\s+-?[\d.eE+-]+)*)\s+\]/g,
    (_, body: string) => `[${body.replace(/\s+/g, ' ')}]`,
  );
}

/** The artifact at `path`, or undefined where there is no such file. */
export function readArtifact<T>(path: string, kind: ArtifactKind<T>): T | undefined {
  const bytes = readIfPresent(path);
  if (bytes === undefined) return undefined;
  const value = parseJson(path, bytes.toString('utf8'));
  const { format, version, ...body } = (value ?? {}) as Record<string, unknown>;
  const wanted = `halfgate.${kind.name}`;
  if (format !== wanted) {
    throw new UserError({
      where: path,
      given: `format ${shortJson(format)}`,
      allowed: `must be ${JSON.stringify(wanted)}`,
    });
  }
  if (version !== kind.version) {
    throw new UserError({
      where: path,
      given: `version ${shortJson(version)}`,
      allowed: `this halfgate reads version ${kind.version}`,
      hint: 'repeat the stage that made it',
    });
  }
  return parseWith(path, kind.schema, body);
}
