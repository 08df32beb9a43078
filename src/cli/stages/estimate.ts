import { type AmountNode, attribute, type Attribution } from '../../cost/attribution.js';
import { assertFits, type CostNode, type Estimate } from '../../cost/estimate.js';
import type { Profile } from '../../cost/profile.js';
import type { Design } from '../../design/design.js';
import { withoutDsp } from '../../design/multipliers.js';
import { simulate } from '../../../sim/simulate.js';
import { hasDsp } from '../../cost/profile.js';
import { estimate } from '../../cost/estimate.js';
import {
  ESTIMATE,
  type EstimateFile,
  estimateFileName,
  SIMULATION,
  type StoredAmount,
  type StoredPart,
} from '../../store/result-files.js';
import { readArtifact } from '../../store/artifact.js';
import type { RunFolder } from '../../store/run-folder.js';
import { cached, hashOf, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';
import { runWorkload, type WorkloadOptions } from './workload.js';

/** What the run's simulation was of, where there is one of sequences that this design takes. */
function simulatedWorkload(run: RunFolder, scheme: string, design: Design): WorkloadOptions {
  const simulated = readArtifact(run.file(scheme, 'simulation.json'), SIMULATION);
  const most = design.sequence?.maxSteps ?? Infinity;
  return simulated?.sequences.every((length) => length <= most)
    ? { sequences: simulated.sequences, density: simulated.density }
    : {};
}

const RESOURCE_NAMES = ['lut', 'ff', 'dsp', 'bram', 'spram', 'lutRam', 'logicCells'] as const;

/** @throws {CapacityError} before anything is written, when the device is too small. */
export function estimateStage(
  run: RunFolder,
  scheme: string,
  profile: Profile,
  options: StageOptions & DesignOptions,
): Promise<Staged<EstimateFile>> {
  const { name } = profile.data;
  return withDesign(run, scheme, options, (planned, file) => {
    const design = hasDsp(profile) ? planned : withoutDsp(planned);
    const simulated = simulatedWorkload(run, scheme, design);
    const inputs = designInputs(file, { ...simulated, profile: hashOf(profile.data) });
    return cached(run.file(scheme, estimateFileName(name)), ESTIMATE, inputs, options, () => {
      const report = simulate(design, runWorkload(run, design, simulated));
      const result = estimate(design, profile, report);
      assertFits(result);
      const attribution = storedAttribution(attribute(design, report, result));
      return { scheme, designId: file.designId, ...stored(result, profile), attribution };
    });
  });
}

function storedAmount({ name, amount, children }: AmountNode): StoredAmount {
  return { name, amount, children: children.map(storedAmount) };
}

function storedPart({ name, detail, total, children }: CostNode): StoredPart {
  const takes = Object.fromEntries(Object.entries(total).filter(([, value]) => value !== 0));
  return { name, detail, takes, children: children.map(storedPart) };
}

function storedAttribution({
  cycles,
  energyPj,
  resources,
}: Attribution): EstimateFile['attribution'] {
  return {
    cycles: storedAmount(cycles),
    energyPj: storedAmount(energyPj),
    resources: storedPart(resources),
  };
}

function stored(
  result: Estimate,
  profile: Profile,
): Omit<EstimateFile, 'inputs' | 'scheme' | 'designId' | 'attribution'> {
  const { resources, areaUm2, fmaxMhz, energy, speed } = result;
  const bar = ({ value, error, available }: Estimate['areaUm2']): EstimateFile['areaUm2'] => ({
    value,
    error,
    ...(available === undefined ? {} : { available }),
  });
  return {
    profile: result.profile,
    description: profile.data.description,
    basis: result.basis,
    resources: Object.fromEntries(RESOURCE_NAMES.map((name) => [name, bar(resources[name])])),
    areaUm2: bar(areaUm2),
    fmaxMhz: bar(fmaxMhz),
    clockMhz: result.clockMhz,
    stepsPerSecond: speed!.stepsPerSecond,
    energy: {
      table: energy!.table,
      perStepPj: energy!.perStepPj,
      errorPj: energy!.errorPj,
      shares: { ...energy!.shares },
      powerMw: energy!.powerMw,
    },
    warnings: [...result.warnings],
  };
}
