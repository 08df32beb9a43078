import { simulate } from '../../../sim/simulate.js';
import { emit } from '../../emit/emit.js';
import { emitProject } from '../../emit/project.js';
import { datasetInput } from '../../verify/dataset-input.js';
import { goldenRun, testVectors, workloadOf } from '../../verify/golden-run.js';
import { writeFolderAtomic } from '../../store/atomic.js';
import type { RunFolder } from '../../store/run-folder.js';
import { reopenDataset } from './data.js';
import { type DesignOptions, withDesign } from './plan.js';

/** A file that every emitted folder has: a folder with it may be replaced. */
const MARKER = 'files.f';

export interface Emitted {
  readonly folder: string;
  readonly top: string;
  readonly designId: string;
  readonly files: number;
}

export interface EmitStageOptions extends DesignOptions {
  readonly out?: string | undefined;
  /** Steps of test data that the testbench runs. */
  readonly steps: number;
  /** Clock in LibreLane's configuration. */
  readonly asicClockMhz?: number | undefined;
}

export function emitStage(
  run: RunFolder,
  scheme: string,
  options: EmitStageOptions,
): Promise<Emitted> {
  return withDesign(run, scheme, options, (design) => {
    const batches = datasetInput(design, reopenDataset(run).dataset, options.steps);
    const expected = goldenRun(design, batches);
    const workload = workloadOf(design, batches, expected);
    const { cyclesPerStep, utilization } = simulate(design, workload);
    const { asicClockMhz } = options;
    const files = emitProject(design, testVectors(design, batches, expected), {
      ...{ cyclesPerStep, utilization },
      ...(asicClockMhz === undefined ? {} : { asicClockMhz }),
    });
    const folder = options.out ?? run.file(scheme, 'verilog');
    writeFolderAtomic(folder, files, MARKER);
    const { top, designId } = emit(design);
    return { folder, top, designId, files: Object.keys(files).length };
  });
}
