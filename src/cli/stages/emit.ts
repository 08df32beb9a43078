import { packageVersion } from '../../package-root.js';
import { emit, type Netlist } from '../../pipeline.js';
import type { SchemeName } from '../../quant/quantized-model.js';
import { writeFolderAtomic } from '../../store/atomic.js';
import type { RunFolder } from '../../store/run-folder.js';
import { type DesignOptions, planStage } from './plan.js';

/** halfgate's own list of an emitted folder: also says that the folder may be replaced. */
export const PROJECT_FILE = 'halfgate.json';

export interface Emitted {
  readonly folder: string;
  readonly netlist: Netlist;
}

export function emitStage(
  run: RunFolder,
  scheme: SchemeName,
  options: DesignOptions & { readonly out?: string | undefined },
): Emitted {
  const { design } = planStage(run, scheme, options);
  const netlist = emit(design);
  const folder = options.out ?? run.file(scheme, 'verilog');
  const { top, designId: id, sources, files } = netlist;
  const project = {
    format: 'halfgate.project',
    version: 1,
    halfgate: packageVersion(),
    top,
    designId: id,
    sources,
  };
  writeFolderAtomic(
    folder,
    { ...files, [PROJECT_FILE]: `${JSON.stringify(project, undefined, 2)}\n` },
    PROJECT_FILE,
  );
  return { folder, netlist };
}
