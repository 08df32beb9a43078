/** Resources of the machine by variant, as Yosys maps it. */
import { type Family, type Resources, synthesize } from '../eda/synth.js';
import { planInteger } from './design.js';
import { emitInteger } from './emit.js';
import { INTEGER_VARIANTS, type IntegerVariant, variantName } from './random.js';
import { realisticLayers } from './realistic.js';
import { simulateInteger } from './simulate.js';

export interface VariantMeasurement {
  readonly variant: string;
  readonly family: Family;
  readonly resources: Resources;
  readonly cyclesPerStep: number;
  /** `yosys (npm) 0.55.944` */
  readonly tool: string;
}

/** Plain, and with one extension each. */
export const MEASURED_VARIANTS: readonly IntegerVariant[] = [0, 1, 2, 4, 8].map(
  (k) => INTEGER_VARIANTS[k],
);

export interface MeasureOptions {
  readonly family: Family;
  readonly hidden?: number;
  readonly rows?: number;
  readonly isDspAllowed?: boolean;
}

/** One layer of `hidden` inputs and units, projected to half as many. */
export async function measureVariant(
  variant: IntegerVariant,
  { family, hidden = 16, rows = 4, isDspAllowed = true }: MeasureOptions,
): Promise<VariantMeasurement> {
  const sizes = { input: hidden, cell: hidden, output: Math.ceil(hidden / 2) };
  const design = planInteger(realisticLayers(1, [variant], sizes), { name: 'measured', rows });
  const { files, top } = emitInteger(design);
  const { tool, toolVersion, luts, ffs, carries, brams, dsps, sprams, lutRam } = await synthesize(
    files,
    top,
    family,
    { dsp: isDspAllowed },
  );
  return {
    variant: variantName(variant),
    family,
    resources: { luts, ffs, carries, brams, dsps, sprams, lutRam },
    cyclesPerStep: simulateInteger(design, { sequences: [1] }).cyclesPerStep,
    tool: `${tool} ${toolVersion}`,
  };
}
