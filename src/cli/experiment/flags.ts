import type { EngineName } from '../../engine/create.js';
import type { SizeName } from '../../experiment/description.js';

/** Options of `halfgate experiment`. */
export interface ExperimentFlags {
  readonly list?: boolean;
  readonly size: SizeName;
  readonly seeds?: readonly number[];
  readonly jobs?: number;
  readonly data?: string;
  readonly out?: string;
  readonly only?: readonly string[];
  readonly run?: string;
  readonly engine: EngineName;
  readonly force?: boolean;
  readonly cell?: string;
}
