/** Which units a project instantiates, with which parameters: read from its Verilog, by Yosys. */
import { EdaError } from '../eda/errors.js';
import { runInWorker } from '../eda/worker.js';
import { readVerilogCommands } from '../eda/yosys.js';
import type { Netlist } from '../emit/emit.js';
import type { Parameters } from './specification.js';

export interface Unit {
  readonly name: string;
  readonly parameters: Parameters;
}

interface JsonModule {
  readonly attributes?: { readonly hdlname?: string };
  readonly parameter_default_values?: Parameters;
}

/** Every module below the top with its parameters, once each, by name. */
export async function unitsOf(netlist: Netlist, signal?: AbortSignal): Promise<Unit[]> {
  const { files, log } = await runInWorker({
    ...{ tool: 'yosys', files: netlist.files, outputs: ['units.json'], stage: 'elaborate' },
    args: [
      '-p',
      `${readVerilogCommands(netlist.files)}; hierarchy -top ${netlist.top}; proc; write_json units.json`,
    ],
    ...(signal ? { signal } : {}),
  });
  const json = files['units.json'];
  if (json === undefined) {
    throw new EdaError('no netlist written', { tool: 'yosys', stage: 'elaborate', log });
  }
  const { modules } = JSON.parse(new TextDecoder().decode(json)) as {
    modules: Readonly<Record<string, JsonModule>>;
  };
  return Object.entries(modules)
    .map(([key, module]): Unit => ({
      name: module.attributes?.hdlname ?? key,
      parameters: module.parameter_default_values ?? {},
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
