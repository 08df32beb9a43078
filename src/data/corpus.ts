/** Real text that every installation has: the type declarations inside the `typescript` package. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import type { TextDataset } from '../model/dataset.js';
import type { Loaded } from './loaded.js';
import { textDataset, type TextOptions } from './text.js';

export const CORPUS_NAME = 'type declarations of typescript';

/** Printable ASCII and newlines of the declaration files, in name order, cut to `characters`. */
export function corpusText(characters = Infinity): { text: string; version: string } {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve('typescript/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(dirname(manifest), 'lib');
  // By code unit, not by locale: the same order on every machine.
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.d.ts'))
    .sort((a, b) => (a < b ? -1 : 1));
  let text = '';
  for (const name of names) {
    if (text.length >= characters) break;
    text += withoutLicence(readFileSync(join(folder, name), 'utf8')).replace(/[^\n\x20-\x7e]/g, '');
  }
  return { text: text.slice(0, characters), version };
}

/** Every file begins with the same licence comment, which would be learnt by heart. */
function withoutLicence(text: string): string {
  return text.replace(/^\uFEFF?\/\*![\s\S]*?\*\/\s*/, '');
}

export function loadCorpus(characters: number, options: TextOptions = {}): Loaded<TextDataset> {
  const { text, version } = corpusText(characters);
  if (text.length < characters && Number.isFinite(characters)) {
    throw new UserError({
      where: 'corpus-size',
      given: `${characters}`,
      allowed: `the declarations of typescript ${version} have ${text.length} characters`,
    });
  }
  const loaded = textDataset(CORPUS_NAME, Buffer.from(text, 'latin1'), {
    ...options,
    mode: 'utf8',
  });
  return { ...loaded, notes: [`source code from typescript ${version}`, ...loaded.notes] };
}
