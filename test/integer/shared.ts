import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Recorded results that are no part of the repository. */
export const GOLDEN = join(
  process.env['HALFGATE_SHARED'] ?? join(import.meta.dirname, '../../../shared'),
  'golden/int8-lstm',
);
export const hasGolden = existsSync(GOLDEN);
/** To stand in a title. */
export const skipReason = hasGolden ? '' : ` (skipped: no ${GOLDEN}; set HALFGATE_SHARED)`;
