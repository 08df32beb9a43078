import { runNativeTool } from './native-run.js';
import type { RunLimits } from './process.js';
import { runInWorker } from './worker.js';

/**
 * The bitstream of a placed iCE40 design: what a programmer writes to the flash.
 * @throws EdaError when the tool is missing or refuses the text.
 */
export async function packIce40(
  asc: Uint8Array | string,
  options: RunLimits & { readonly tool?: 'npm' | 'native' | undefined } = {},
): Promise<Uint8Array> {
  const { tool, ...limits } = options;
  const run = {
    ...{ tool: 'icepack' as const, args: ['design.asc', 'design.bin'] },
    ...{ files: { 'design.asc': asc }, outputs: ['design.bin'], stage: 'pack' },
    ...limits,
  };
  const { files } = tool === 'native' ? await runNativeTool(run) : await runInWorker(run);
  return files['design.bin'];
}
