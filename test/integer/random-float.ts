import type { FloatLstm } from '../../src/integer/float-lstm.js';
import type { IntegerSizes, IntegerVariant } from '../../src/integer-hardware/random.js';
import { randomFloatLayer } from '../../src/integer-hardware/realistic.js';
import { Random } from '../../src/model/random.js';

export { INTEGER_VARIANTS as VARIANTS, variantName } from '../../src/integer-hardware/random.js';
export { randomReals } from '../../src/integer-hardware/realistic.js';

/** Weights of the size that trained layers have. */
export function randomFloatLstm(
  seed: number,
  variant: IntegerVariant,
  sizes: IntegerSizes,
): FloatLstm {
  return randomFloatLayer(new Random(seed), variant, sizes);
}
