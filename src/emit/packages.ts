/** The project as other tools' packages know it: FuseSoC (CAPI2), LibreLane. */
import type { Design } from '../design/design.js';
import type { Netlist } from './emit.js';
import { templateSource } from './render.js';

/** Assumed: a clock that a 130 nm standard-cell library reaches without effort. */
export const DEFAULT_ASIC_MHZ = 50;

/** A fileset's entry; $readmemh reads memories from the folder of the run, so they are copied there. */
function fileLine(folder: string, file: string): string {
  const path = `${folder}/${file}`;
  return file.endsWith('.hex')
    ? `      - ${path}: {file_type: user, copyto: ${file}}`
    : `      - ${path}`;
}

/** Folder of the modules that `idleModules` gives. */
const IDLE = 'idle';

/**
 * Modules that sources name in branches that this design does not take, and that are therefore not among them.
 * Yosys, unless told to defer, first elaborates every module with its default parameters, and wants them there.
 */
export function idleModules({ files, sources }: Netlist): Readonly<Record<string, string>> {
  const idle: Record<string, string> = {};
  const visit = (text: string): void => {
    for (const [, name] of text.matchAll(/^ +(hg_\w+) (?:#\(|u_)/gm)) {
      const file = `${name}.v`;
      if (file in files || file in idle) continue;
      idle[file] = templateSource(file);
      visit(idle[file]);
    }
  };
  for (const file of sources) visit(files[file]);
  return Object.fromEntries(Object.entries(idle).map(([file, text]) => [`${IDLE}/${file}`, text]));
}

/** The project's FuseSoC core: lint with Verilator, sim with Icarus Verilog, synth with Yosys for iCE40. */
export function fusesocCore(
  { name, scheme }: Design,
  netlist: Netlist,
  testbench: { readonly top: string; readonly files: Readonly<Record<string, string>> },
): string {
  const { files, sources, top } = netlist;
  const idle = Object.keys(idleModules(netlist));
  const memories = Object.keys(files).filter((file) => file.endsWith('.hex'));
  const bench = Object.keys(testbench.files).sort();
  return [
    'CAPI=2:',
    `name: halfgate:lstm:${name}:0`,
    `description: ${scheme.name} LSTM accelerator`,
    '',
    'filesets:',
    '  rtl:',
    '    files:',
    ...[...sources, ...memories].map((file) => fileLine('rtl', file)),
    '    file_type: verilogSource-2005',
    '  testbench:',
    '    files:',
    ...bench.map((file) => fileLine('sim', file)),
    '    file_type: verilogSource-2005',
    ...(idle.length > 0
      ? [
          '  idle:',
          '    files:',
          ...idle.map((path) => `      - ${path}`),
          '    file_type: verilogSource-2005',
        ]
      : []),
    '',
    'targets:',
    '  default: &default',
    '    filesets: [rtl]',
    `    toplevel: ${top}`,
    '  lint:',
    '    <<: *default',
    '    default_tool: verilator',
    '    tools:',
    '      verilator: {mode: lint-only, verilator_options: [-Wall]}',
    '  sim:',
    '    default_tool: icarus',
    '    filesets: [rtl, testbench]',
    `    toplevel: ${testbench.top}`,
    '    tools:',
    '      icarus: {iverilog_options: [-g2005]}',
    '  synth:',
    '    default_tool: yosys',
    `    filesets: [${idle.length > 0 ? 'rtl, idle' : 'rtl'}]`,
    `    toplevel: ${top}`,
    '    tools:',
    '      yosys: {arch: ice40, yosys_synth_options: [-device, u, -dsp]}',
    '',
  ].join('\n');
}

/** LibreLane's configuration for sky130: Yosys finds the memories beside the sources. */
export function librelaneConfig(netlist: Netlist, clockMhz: number = DEFAULT_ASIC_MHZ): string {
  const { sources, top } = netlist;
  const config = {
    meta: { version: 2, flow: 'Classic' },
    PDK: 'sky130A',
    DESIGN_NAME: top,
    VERILOG_FILES: [
      ...sources.map((file) => `dir::../rtl/${file}`),
      ...Object.keys(idleModules(netlist)).map((path) => `dir::../${path}`),
    ],
    CLOCK_PORT: 'clk_i',
    CLOCK_PERIOD: Number((1000 / clockMhz).toFixed(3)),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
