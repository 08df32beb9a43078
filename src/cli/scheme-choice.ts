/** Schemes by name, or from a description in a JSON file. */
import { UserError } from '../errors.js';
import type { ModelScheme } from '../model/model.js';
import { type Scheme, SCHEMES } from '../quant/scheme.js';
import { readSchemeFile } from '../store/scheme-file.js';

export const SCHEME_NAMES: readonly string[] = ['float', ...Object.keys(SCHEMES)];

/** The scheme of that name, or the one that the file describes. */
export function findScheme(nameOrFile: string): Scheme {
  if (nameOrFile.endsWith('.json')) return readSchemeFile(nameOrFile);
  const scheme = Object.hasOwn(SCHEMES, nameOrFile) ? SCHEMES[nameOrFile] : undefined;
  if (scheme !== undefined) return scheme;
  throw new UserError({
    where: '--scheme',
    given: JSON.stringify(nameOrFile),
    allowed: `must be one of ${SCHEME_NAMES.join(', ')}, or a .json file that describes one`,
  });
}

export function findModelScheme(nameOrFile: string): ModelScheme {
  return nameOrFile === 'float' ? 'float' : findScheme(nameOrFile);
}
