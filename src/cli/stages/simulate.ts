import { simulate } from '../../../sim/simulate.js';
import { SIMULATION, type SimulationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';

export function simulateStage(
  run: RunFolder,
  scheme: string,
  options: StageOptions & DesignOptions & { readonly sequences: readonly number[] },
): Promise<Staged<SimulationFile>> {
  const sequences = [...options.sequences];
  return withDesign(run, scheme, options, (design, file) => {
    const inputs = designInputs(file, sequences);
    return cached(run.file(scheme, 'simulation.json'), SIMULATION, inputs, options, () => {
      const { cycles, steps, cyclesPerStep, utilization, breakdown, activity } = simulate(design, {
        sequences,
      });
      const { rows, columns } = design;
      return {
        ...{ scheme, rows, columns, sequences, cycles, steps, cyclesPerStep, utilization },
        breakdown,
        activity: { ...activity, memories: [...activity.memories] },
      };
    });
  });
}
