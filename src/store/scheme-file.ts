/**
 * Scheme descriptions: a JSON object with a name, weight codings, and whatever differs from the defaults.
 *
 *   { "name": "mixed", "weights": { "i": "ternary", "f": "ternary", "g": "int8", "o": "binary" },
 *     "gates": "level3" }
 *
 * `weights` is one coding for all gates, an object by gate, or a list of these by layer.
 */
import { z } from 'zod';
import { UserError } from '../errors.js';
import { uniformWeights, type Scheme, SCHEME_DEFAULTS } from '../quant/scheme.js';
import { parseJson, parseWith } from './artifact.js';
import { readIfPresent } from './atomic.js';
import { quantizedScheme, text } from './schemas.js';

const gateCodings = z.union([text, z.strictObject({ i: text, f: text, g: text, o: text })]);
const description = z.looseObject({
  name: text,
  weights: z.union([gateCodings, z.array(gateCodings).min(1)]),
  head: text.default('int8'),
});

/** The scheme that a description stands for; `where` names it in errors. */
export function parseScheme(where: string, value: unknown): Scheme {
  const { weights, ...rest } = parseWith(where, description, value);
  const layers = Array.isArray(weights) ? weights : [weights];
  return parseWith(where, quantizedScheme, {
    ...SCHEME_DEFAULTS,
    ...rest,
    weights: layers.flatMap((layer) =>
      typeof layer === 'string' ? uniformWeights(layer) : [layer],
    ),
  });
}

export function readSchemeFile(path: string): Scheme {
  const bytes = readIfPresent(path);
  if (bytes === undefined) throw new UserError({ where: path, given: 'no such file' });
  return parseScheme(path, parseJson(path, new TextDecoder().decode(bytes)));
}
