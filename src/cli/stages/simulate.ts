import { simulate } from '../../../sim/simulate.js';
import type { Design } from '../../design/design.js';
import { SIMULATION, type SimulationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';

/** One long sequence, or the longest that the design holds. */
export function defaultSequences({ sequence }: Design): readonly number[] {
  return [sequence?.maxSteps ?? 256];
}

export function simulateStage(
  run: RunFolder,
  scheme: string,
  options: StageOptions & DesignOptions & { readonly sequences?: readonly number[] | undefined },
): Promise<Staged<SimulationFile>> {
  return withDesign(run, scheme, options, (design, file) => {
    const sequences = [...(options.sequences ?? defaultSequences(design))];
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
