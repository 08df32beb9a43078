/** Random weight-stationary designs: of shapes that hold weights, which few of those drawn for all dataflows do. */
import { DesignError, type Design } from '../design/design.js';
import { plan, type PlanOptions } from '../design/plan.js';
import { Random } from '../model/random.js';
import { schemeProblems, type Scheme } from '../quant/scheme.js';
import { randomModel, type ModelShape } from './random-model.js';

export interface StationaryCase {
  readonly shape: ModelShape;
  readonly options: PlanOptions;
  readonly design: Design;
}

/** Draws until one can be planned. */
const MOST_DRAWS = 40;

/**
 * Every fifth case of a seed: R 1..16, C 1..12, 1..20 sequences, sizes as of all cases. Undefined for the others, and
 * for a scheme that does not hold its weights.
 * @param drawScheme the scheme asked for, or any
 * @param mostUnits of a layer of that scheme
 */
export function stationaryCase(
  seed: number,
  index: number,
  name: string,
  drawScheme: (random: Random) => Scheme,
  mostUnits: (scheme: Scheme) => number,
): StationaryCase | undefined {
  const random = new Random((Math.imul(seed + 2, 0xc2b2ae35) ^ Math.imul(index, 0x165667b1)) >>> 0);
  if (random.integer(5) > 0) return undefined;
  const size = (max: number): number => 1 + random.integer(max);
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const drawn = drawScheme(random);
    // Of mixtures those whose sums need no factors: x and h have one scale.
    const scheme: Scheme = drawn.name === 'mixture' ? { ...drawn, operandScales: 'shared' } : drawn;
    const most = mostUnits(scheme);
    const hasValue = random.integer(4) === 0;
    const shape: ModelShape = {
      scheme,
      inputSize: size(most),
      hiddenSizes: Array.from({ length: size(2) }, () => size(most)),
      classes: hasValue ? 1 : 1 + size(24),
      ...(hasValue ? { output: 'value' as const } : {}),
      ...(random.integer(3) === 0 ? { vocabSize: 1 + size(60) } : {}),
      when: random.integer(2) === 0 ? 'every-step' : 'last-step',
    };
    const options: PlanOptions = {
      ...{ name, rows: size(16), columns: size(12), dataflow: 'ws' },
      lockstep: size(random.integer(2) === 0 ? 4 : 20),
      // Codes of most formats are one plane on int elements.
      ...(scheme.activations === 'int8' && random.integer(2) === 0
        ? { array: 'int' as const }
        : {}),
    };
    if (schemeProblems(scheme).length > 0) continue;
    try {
      return { shape, options, design: plan(randomModel(shape, random), options) };
    } catch (error) {
      if (!(error instanceof DesignError)) throw error;
    }
  }
  return undefined;
}
