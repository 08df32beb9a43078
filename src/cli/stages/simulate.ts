import { simulate } from '../../pipeline.js';
import type { SchemeName } from '../../quant/quantized-model.js';
import { SIMULATION, type SimulationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, planStage } from './plan.js';

export async function simulateStage(
  run: RunFolder,
  scheme: SchemeName,
  options: StageOptions & DesignOptions & { readonly sequences: readonly number[] },
): Promise<Staged<SimulationFile>> {
  const { design, file } = planStage(run, scheme, options);
  const sequences = [...options.sequences];
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
}
