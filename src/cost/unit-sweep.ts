/**
 * A unit alone, synthesized over its widths, and a profile's formulas fitted to that: for units that the designs of
 * the calibration sweep do not have.
 */
import type { SourceFiles } from '../eda/files.js';
import { synthesize, type Family, type Resources, type SynthOptions } from '../eda/synth.js';
import { linearForm, rms, rounded, synthesisFamily } from './calibrate.js';
import { ProfileError } from './errors.js';
import { nonNegativeLeastSquares } from './least-squares.js';
import { checkProfile, type Profile, type ProfileData } from './profile.js';

export interface UnitPoint extends Pick<Resources, 'luts' | 'ffs' | 'carries' | 'dsps'> {
  readonly family: Family;
  readonly weightBits: number;
  readonly accBits: number;
}

export interface UnitData {
  readonly version: 1;
  readonly unit: 'hg_pe_recoded';
  readonly primitive: 'pe-recoded';
  readonly tool: string;
  readonly toolVersion: string;
  readonly points: readonly UnitPoint[];
}

/** Every weight; accumulators from those of a narrow layer to those of a wide one. */
export const UNIT_WIDTHS: readonly { readonly weightBits: number; readonly accBits: number }[] = [
  2, 3, 4, 5, 6, 7, 8,
].flatMap((weightBits) => [16, 20, 24, 28].map((accBits) => ({ weightBits, accBits })));

/**
 * Synthesize hg_pe_recoded over UNIT_WIDTHS, 8-bit activations.
 *
 * @param files hg_pe_recoded.v and what it instantiates
 * @throws EdaError when a synthesis fails
 */
export async function measureUnit(
  files: SourceFiles,
  family: Family,
  options: SynthOptions = {},
): Promise<Pick<UnitData, 'tool' | 'toolVersion' | 'points'>> {
  const points: UnitPoint[] = [];
  let [tool, toolVersion] = ['', ''];
  for (const { weightBits, accBits } of UNIT_WIDTHS) {
    const parameters = { WEIGHT_WIDTH: weightBits, ACC_WIDTH: accBits };
    const result = await synthesize(files, 'hg_pe_recoded', family, { ...options, parameters });
    const { luts, ffs, carries, dsps } = result;
    ({ tool, toolVersion } = result);
    points.push({ family, weightBits, accBits, luts, ffs, carries, dsps });
  }
  return { tool, toolVersion, points };
}

/** Measurements as a file: a line that says what they are, then one synthesis a line. */
export function unitText({ points, ...header }: UnitData): string {
  return [header, ...points].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** What `unitText` wrote. */
export function parseUnits(text: string, file: string): UnitData {
  const [header, ...points] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown) as [Omit<UnitData, 'points'>, ...UnitPoint[]];
  if (header?.version !== 1) {
    throw new ProfileError([
      { where: `${file}, line 1`, given: `version ${header?.version}`, allowed: 'must be 1' },
    ]);
  }
  return { ...header, points };
}

/**
 * The family whose points a profile is fitted to; undefined for ASICs. Without DSP blocks, Yosys maps logic alike for
 * both iCE40s.
 */
export function unitFamily(profile: ProfileData): Family | undefined {
  return profile.family === 'ice40' ? 'ice40-hx8k' : synthesisFamily(profile);
}

/**
 * Fit the LUT formula of the unit's primitive to the points of one family. The formula has to be linear in its
 * coefficients; the residual is stated as the error, relative to the mean.
 */
export function fitUnit(
  profile: Profile,
  { points, ...about }: UnitData,
  family: Family,
): ProfileData {
  const data = structuredClone(profile.data);
  const own = points.filter((point) => point.family === family);
  const formula = data.primitives[about.primitive].lut;
  const form = linearForm(formula, about.primitive);
  const lines = own.map(({ weightBits, accBits }) =>
    form({ weightBits, accBits, rows: 1, columns: 1 }),
  );
  const target = own.map(({ luts }, n) => luts - lines[n].fixed);
  const solution = nonNegativeLeastSquares(
    lines.map(({ basis }) => basis),
    target,
  ).map(rounded);
  const residuals = lines.map(
    ({ basis }, n) => basis.reduce((sum, value, k) => sum + value * solution[k], 0) - target[n],
  );
  const mean = own.reduce((sum, { luts }) => sum + luts, 0) / own.length;
  data.primitives[about.primitive].lut = {
    ...formula,
    coefficients: Object.fromEntries(
      Object.keys(formula.coefficients).map((name, k) => [name, solution[k]]),
    ),
    quality: 'fitted',
    source: `fit to ${own.length} syntheses of ${about.unit} alone by ${about.tool} ${about.toolVersion}`,
    data: `data/units.jsonl#${family}`,
    error: { kind: 'residual', relative: rounded(rms(residuals) / mean) },
  };
  return checkProfile(data, profile.file).data;
}
