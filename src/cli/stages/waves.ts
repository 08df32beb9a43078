import { writeFileAtomic } from '../../store/atomic.js';
import type { RunFolder } from '../../store/run-folder.js';
import { datasetInput } from '../../verify/dataset-input.js';
import { fstWaves, vcdWaves } from '../../verify/waves.js';
import type { Context } from '../context.js';
import { reopenDataset } from './data.js';
import { type DesignOptions, withDesign } from './plan.js';

export interface WavesStageOptions extends DesignOptions {
  readonly formats: readonly ('vcd' | 'fst')[];
  /** Steps of test data, or as many as whole sequences of it have. */
  readonly steps: number;
}

export interface Written {
  readonly format: 'vcd' | 'fst';
  /** Paths: the waves, and GTKWave's save file. */
  readonly files: readonly string[];
  readonly cycles: number;
  readonly signals: number;
}

/** Waves of a run's design, in `<run>/<scheme>/waves/`. */
export function wavesStage(
  run: RunFolder,
  scheme: string,
  { formats, steps, ...options }: WavesStageOptions,
  context: Context,
): Promise<Written[]> {
  return withDesign(run, scheme, options, async (design) => {
    const batches = datasetInput(design, reopenDataset(run).dataset, steps);
    const written: Written[] = [];
    for (const format of formats) {
      context.progress.update(0.99, `verify ${scheme}: waves (${format})`, NaN);
      const record = format === 'vcd' ? vcdWaves : fstWaves;
      const { files, cycles, signals } = await record(design, batches, context.signal);
      const paths = Object.entries(files).map(([name, data]) => {
        const path = run.file(scheme, `waves/${name}`);
        writeFileAtomic(path, data);
        return path;
      });
      written.push({ format, files: paths, cycles, signals });
    }
    return written;
  });
}
