/**
 * Precision, recall and F1 of entities, counted as conlleval does (Tjong Kim Sang and Buchholz 2000): an
 * entity is correct where begin, end and type are all right. Tags are IO, IOB1, IOB2 or BIOES, also
 * sequences that no scheme allows, as models predict them: I- or E- after O begins an entity, and so
 * does another type.
 */

/** Tokens from `start` to before `end`. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** In 0..1; 0 where there is nothing to divide by. */
export interface EntityScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Entities of the reference, those predicted, and those that are in both. */
  readonly gold: number;
  readonly predicted: number;
  readonly correct: number;
}

export interface EntityReport extends EntityScore {
  readonly tokens: number;
  /** Part of tokens whose tag is right, O included. */
  readonly tokenAccuracy: number;
  /** By name; every type that reference or prediction has. */
  readonly types: readonly (EntityScore & { readonly type: string })[];
}

interface Tag {
  /** `O`, `B`, `I`, `E` or `S`. */
  readonly prefix: string;
  readonly type: string;
}

const OUTSIDE: Tag = { prefix: 'O', type: '' };

function parse(text: string): Tag {
  const dash = text.indexOf('-');
  return dash < 0
    ? { prefix: text, type: '' }
    : { prefix: text.slice(0, dash), type: text.slice(dash + 1) };
}

/** Whether an entity that holds the token of `before` goes on in `tag`. */
function continues(before: Tag, tag: Tag): boolean {
  return (
    (before.prefix === 'B' || before.prefix === 'I') &&
    (tag.prefix === 'I' || tag.prefix === 'E') &&
    before.type === tag.type
  );
}

function chunksOfTags(length: number, tagAt: (k: number) => Tag): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let before = OUTSIDE;
  for (let k = 0; k <= length; k++) {
    const tag = k < length ? tagAt(k) : OUTSIDE;
    if (!continues(before, tag)) {
      if (before.prefix !== 'O') chunks.push({ start, end: k, type: before.type });
      start = k;
    }
    before = tag;
  }
  return chunks;
}

/** Entities of one sentence, in order. */
export function chunksOf(tags: readonly string[]): Chunk[] {
  return chunksOfTags(tags.length, (k) => parse(tags[k]));
}

interface Counts {
  gold: number;
  predicted: number;
  correct: number;
}

function scoreOf({ gold, predicted, correct }: Counts): EntityScore {
  const precision = predicted === 0 ? 0 : correct / predicted;
  const recall = gold === 0 ? 0 : correct / gold;
  const f1 = correct === 0 ? 0 : (2 * correct) / (gold + predicted);
  return { precision, recall, f1, gold, predicted, correct };
}

/**
 * Micro-averaged over all entities, and by type.
 * `gold` and `predicted` are the sentences' tags as indices into `tags`, pairwise equally long.
 */
export function entityReport(
  gold: readonly ArrayLike<number>[],
  predicted: readonly ArrayLike<number>[],
  tags: readonly string[],
): EntityReport {
  if (gold.length !== predicted.length) {
    throw new RangeError(`entityReport: ${gold.length} sentences, ${predicted.length} predicted`);
  }
  const parsed = tags.map(parse);
  const byType = new Map<string, Counts>();
  const countsOf = (type: string): Counts => {
    const counts = byType.get(type) ?? { gold: 0, predicted: 0, correct: 0 };
    byType.set(type, counts);
    return counts;
  };
  let [tokens, right] = [0, 0];
  gold.forEach((reference, n) => {
    const guess = predicted[n];
    if (guess.length !== reference.length) {
      throw new RangeError(
        `entityReport: sentence ${n} has ${reference.length} tags, ${guess.length} predicted`,
      );
    }
    tokens += reference.length;
    for (let k = 0; k < reference.length; k++) if (reference[k] === guess[k]) right++;
    const wanted = chunksOfTags(reference.length, (k) => parsed[reference[k]]);
    const found = chunksOfTags(guess.length, (k) => parsed[guess[k]]);
    const startsAt = new Map(wanted.map((chunk) => [chunk.start, chunk]));
    for (const { type } of wanted) countsOf(type).gold++;
    for (const { start, end, type } of found) {
      const counts = countsOf(type);
      counts.predicted++;
      const match = startsAt.get(start);
      if (match?.end === end && match.type === type) counts.correct++;
    }
  });
  const all: Counts = { gold: 0, predicted: 0, correct: 0 };
  for (const counts of byType.values()) {
    all.gold += counts.gold;
    all.predicted += counts.predicted;
    all.correct += counts.correct;
  }
  const types = [...byType]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, counts]) => ({ type, ...scoreOf(counts) }));
  return { ...scoreOf(all), tokens, tokenAccuracy: tokens === 0 ? 0 : right / tokens, types };
}
