/** Units of profile values, checked and converted by mathjs. */
import { create, createUnitDependencies, unitDependencies } from 'mathjs';

const { createUnit, unit } = create({ createUnitDependencies, unitDependencies });

/** Things that are counted. Each has a dimension of its own, so that a LUT is never a flip-flop. */
const COUNTED = ['LUT', 'FF', 'DSP', 'BRAM', 'SPRAM', 'LUTRAM', 'cell'] as const;
for (const name of COUNTED) createUnit(name);

/** The unit in which each kind of value is kept. */
export const CANONICAL = {
  lut: 'LUT',
  ff: 'FF',
  dsp: 'DSP',
  bram: 'BRAM',
  spram: 'SPRAM',
  lutRam: 'LUTRAM',
  logicCells: 'cell',
  areaUm2: 'um^2',
  delayNs: 'ns',
  energyPj: 'pJ',
  powerMw: 'mW',
  frequencyMhz: 'MHz',
} as const;
export type Dimension = keyof typeof CANONICAL;

const factors = new Map<string, number | undefined>();

/** Number of canonical units that one `text` is; undefined when it measures something else. */
export function unitFactor(text: string, dimension: Dimension): number | undefined {
  const key = `${dimension} ${text}`;
  if (!factors.has(key)) factors.set(key, computeFactor(text, CANONICAL[dimension]));
  return factors.get(key);
}

function computeFactor(text: string, canonical: string): number | undefined {
  if (text === canonical) return 1;
  // Unit names and powers only: nothing that could carry a number of its own.
  if (!/^[A-Za-z]+(\^[1-3])?$/.test(text)) return undefined;
  try {
    const factor = unit(1, text).toNumber(canonical);
    return Number.isFinite(factor) && factor > 0 ? Number(factor.toPrecision(12)) : undefined;
  } catch {
    return undefined;
  }
}
