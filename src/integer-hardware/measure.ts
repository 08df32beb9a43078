/** Resources of the machine, as Yosys maps it. */
import { type Family, type Resources, synthesize } from '../eda/synth.js';
import type { IntegerModel } from '../integer/model.js';
import type { ActivationFlavour } from '../integer/activations.js';
import { type IntegerDesign, planInteger } from './design.js';
import { emitInteger } from './emit.js';
import { INTEGER_VARIANTS, type IntegerVariant, variantName } from './random.js';
import { realisticBothWays, realisticLayers } from './realistic.js';
import { simulateInteger } from './simulate.js';

export interface IntegerMeasurement {
  readonly family: Family;
  readonly resources: Resources;
  /** `yosys (npm) 0.55.944` */
  readonly tool: string;
}

export interface MeasureOptions {
  readonly family: Family;
  /** Default true. */
  readonly isDspAllowed?: boolean;
  readonly signal?: AbortSignal;
}

/** @throws EdaError when Yosys stops. */
export async function measureInteger(
  design: IntegerDesign,
  { family, isDspAllowed = true, signal }: MeasureOptions,
): Promise<IntegerMeasurement> {
  const { files, top } = emitInteger(design);
  const { tool, toolVersion, luts, ffs, carries, brams, dsps, sprams, lutRam } = await synthesize(
    files,
    top,
    family,
    { dsp: isDspAllowed, ...(signal && { signal }) },
  );
  return {
    family,
    resources: { luts, ffs, carries, brams, dsps, sprams, lutRam },
    tool: `${tool} ${toolVersion}`,
  };
}

/** What the table of docs/results/integer-hardware.md has a row for. */
export interface MeasuredKind {
  readonly variant: IntegerVariant;
  readonly activation: ActivationFlavour;
  readonly isBidirectional: boolean;
}

const [PLAIN] = INTEGER_VARIANTS;

/** All 16 variants, the other activation, and both directions with either. */
export const MEASURED_KINDS: readonly MeasuredKind[] = [
  ...INTEGER_VARIANTS.map((variant): MeasuredKind => ({
    variant,
    activation: 'lut256',
    isBidirectional: false,
  })),
  { variant: PLAIN, activation: 'gemmlowp', isBidirectional: false },
  { variant: PLAIN, activation: 'lut256', isBidirectional: true },
  { variant: PLAIN, activation: 'gemmlowp', isBidirectional: true },
];

/** `CIFG, projection, bidirectional, gemmlowp` */
export function kindName({ variant, activation, isBidirectional }: MeasuredKind): string {
  const extra = [isBidirectional && 'bidirectional', activation === 'gemmlowp' && activation];
  return [variantName(variant), ...extra].filter(Boolean).join(', ');
}

export interface MeasuredSizes {
  /** Of x. */
  readonly input: number;
  readonly hidden: number;
  readonly rows: number;
  /** Of a sequence that is kept whole. */
  readonly steps: number;
}

/** One layer with realistic numbers, projected to half as many; with `ends` the model's table and head. */
export function measuredDesign(
  { variant, activation, isBidirectional }: MeasuredKind,
  { input, hidden, rows, steps }: MeasuredSizes,
  ends?: Pick<IntegerModel, 'input' | 'head'>,
): IntegerDesign {
  const sizes = { input, cell: hidden, output: Math.ceil(hidden / 2) };
  const layersOf = isBidirectional ? realisticBothWays : realisticLayers;
  const layers = layersOf(1, [variant], sizes, { activation });
  return planInteger(layers, { name: 'measured', rows, maxSteps: steps, ...ends });
}

/** Cycles of a step in the mean over a sequence of `steps`. */
export function cyclesOf(design: IntegerDesign, steps: number): number {
  return simulateInteger(design, { sequences: [steps] }).cyclesPerStep;
}
