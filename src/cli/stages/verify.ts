import { npmYosysVersion } from '../../eda/yosys.js';
import { cosimulate, datasetInput, emit } from '../../pipeline.js';
import type { SchemeName } from '../../quant/quantized-model.js';
import { VERIFICATION, type VerificationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { pace } from '../progress.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { reopenDataset } from './data.js';
import { designInputs, type DesignOptions, planStage } from './plan.js';

export async function verifyStage(
  run: RunFolder,
  scheme: SchemeName,
  options: StageOptions & DesignOptions & { readonly steps: number },
  context: Context,
): Promise<Staged<VerificationFile>> {
  const { design, file } = planStage(run, scheme, options);
  const inputs = designInputs(file, options.steps);
  const staged = await cached(
    run.file(scheme, 'verification.json'),
    VERIFICATION,
    inputs,
    options,
    async () => {
      context.progress.update(0, `verify ${scheme}: compiling the Verilog`, NaN);
      const netlist = emit(design);
      const batches = datasetInput(design, reopenDataset(run).dataset, options.steps);
      const left = pace();
      const result = await cosimulate(design, netlist, batches, {
        randomizeState: 1,
        signal: context.signal,
        onProgress: (cycle, cycles) =>
          context.progress.update(
            cycle / cycles,
            `verify ${scheme}: cycle ${cycle} of ${cycles}`,
            left(cycle / cycles),
          ),
      });
      const { design: _, firstProblems, ...figures } = result;
      return {
        scheme,
        designId: netlist.designId,
        steps: batches.reduce((sum, { steps }) => sum + steps.length, 0),
        ...figures,
        firstProblems: [...firstProblems],
        tool: 'RTL simulation with yosys (npm)',
        toolVersion: await npmYosysVersion(),
      };
    },
  );
  const { bitMismatches, cycleMismatches, firstProblems } = staged.value;
  if (bitMismatches + cycleMismatches > 0) {
    throw new StageFailure(
      `${scheme}: ${bitMismatches} bit mismatches, ${cycleMismatches} cycle mismatches\n` +
        firstProblems.map((problem) => `  ${problem}`).join('\n'),
    );
  }
  return staged;
}
