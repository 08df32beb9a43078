import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdaError } from './errors.js';
import type { SourceFiles } from './files.js';
import type { RunLimits } from './process.js';
import { hiddenCells } from './hidden-cells.js';
import { runProcess } from './process.js';
import { withTempFolder } from './temp-folder.js';
import { findTool } from './tools.js';
import { runInWorker } from './worker.js';
import { firstError, readVerilogCommands } from './yosys.js';

export type Family = 'ice40-up5k' | 'ice40-hx8k' | 'ecp5' | 'xc7' | 'generic-lut4';

export interface SynthOptions extends RunLimits {
  /** Let multipliers go to DSP blocks; default true. iCE40 HX has none. */
  readonly dsp?: boolean;
  /** Let memories go to block RAM; default true. */
  readonly bram?: boolean;
  /** The npm build (default) or `yosys` on PATH. */
  readonly tool?: 'npm' | 'native';
  /** Parameters of the top module. */
  readonly parameters?: Readonly<Record<string, number | bigint>>;
}

/**
 * Resources after mapping, before placement. What counts as what:
 *
 * | family | luts | carries | brams | lutRam |
 * |---|---|---|---|---|
 * | iCE40 | SB_LUT4 | SB_CARRY | SB_RAM40_4K* | - |
 * | ecp5 | LUT4 + 2 per CCU2C | CCU2C (two bits each) | DP16KD, PDPW16KD | 4 per TRELLIS_DPR16X4 |
 * | xc7 | LUT1..LUT6, each 1 | CARRY4 (four bits each) | RAMB36E1 + 1/2 RAMB18E1 | RAMxx, SRLxx in LUT6 |
 * | generic-lut4 | $lut | - | - | - |
 *
 * An inverter (INV) of xc7 is not counted: placement absorbs it. LUTs used as memory are in `lutRam`
 * only. DSPs are SB_MAC16, MULT18X18D, DSP48E1.
 */
export interface Resources {
  readonly luts: number;
  readonly ffs: number;
  readonly carries: number;
  readonly brams: number;
  readonly dsps: number;
  /** 256-Kbit blocks of the UP5K. */
  readonly sprams: number;
  readonly lutRam: number;
}

export interface SynthResult extends Resources {
  readonly family: Family;
  /** Instances by cell type, flattened. */
  readonly cells: Readonly<Record<string, number>>;
  /** `yosys (npm)` or `yosys`. */
  readonly tool: string;
  readonly toolVersion: string;
  /** Yosys' JSON, which nextpnr reads. */
  readonly netlistJson: Uint8Array;
  readonly log: string;
}

/**
 * Synthesize a project for an FPGA family with Yosys' standard script for it, flattened, without IO
 * buffers where the script lets us choose.
 *
 * @throws EdaError when Yosys stops, with the end of its log.
 */
export async function synthesize(
  files: SourceFiles,
  top: string,
  family: Family,
  options: SynthOptions = {},
): Promise<SynthResult> {
  const hidden = family === 'ice40-up5k' && options.dsp !== false ? hiddenCells(files) : undefined;
  const script =
    `${hidden ? `${hidden.before.join('; ')}; ` : ''}` +
    `${readDesign(files, top, options.parameters, hidden?.defines)}; ` +
    `${familyScript(top, family, options)}; ${hidden ? `${hidden.after}; ` : ''}` +
    'write_json netlist.json';
  const run = await runYosysTool(script, files, ['netlist.json'], options);
  const netlistJson = run.outputs['netlist.json'];
  const cells = countCells(new TextDecoder().decode(netlistJson), top);
  return {
    ...countResources(cells, family),
    ...{ family, cells, tool: run.tool, toolVersion: run.toolVersion },
    ...{ netlistJson, log: run.log },
  };
}

export interface AsicOptions extends RunLimits {
  readonly tool?: 'npm' | 'native';
  readonly parameters?: Readonly<Record<string, number | bigint>>;
}

export interface AsicResult {
  /** Sum of cell areas; no wires, no utilization, memories as flip-flops. */
  readonly areaUm2: number;
  /** Part of it in flip-flops; undefined where Yosys does not say. */
  readonly sequentialAreaUm2: number | undefined;
  readonly cells: Readonly<Record<string, number>>;
  readonly tool: string;
  readonly toolVersion: string;
  readonly log: string;
}

/**
 * Map a project to the cells of a Liberty library, for area: `synth -flatten`, `dfflibmap`, `abc`
 * without timing constraint.
 *
 * @param libertyText the library, areas in um2.
 */
export async function synthesizeAsic(
  files: SourceFiles,
  top: string,
  libertyText: string,
  options: AsicOptions = {},
): Promise<AsicResult> {
  const script =
    `${readDesign(files, top, options.parameters)}; synth -flatten -top ${top}; ` +
    'dfflibmap -liberty cells.lib; abc -liberty cells.lib; opt_clean -purge; ' +
    'stat -liberty cells.lib; write_json netlist.json';
  const run = await runYosysTool(
    script,
    { ...files, 'cells.lib': libertyText },
    ['netlist.json'],
    options,
  );
  const area = /Chip area for (?:top )?module '\\?[^']*': ([\d.eE+-]+)/.exec(run.log);
  if (area === null) {
    throw new EdaError('the log states no chip area', {
      tool: 'yosys',
      stage: 'synthesize',
      log: run.log,
    });
  }
  const sequential = /of which used for sequential elements: ([\d.eE+-]+)/.exec(run.log);
  return {
    areaUm2: Number(area[1]),
    sequentialAreaUm2: sequential === null ? undefined : Number(sequential[1]),
    cells: countCells(new TextDecoder().decode(run.outputs['netlist.json']), top),
    ...{ tool: run.tool, toolVersion: run.toolVersion, log: run.log },
  };
}

function readDesign(
  files: SourceFiles,
  top: string,
  parameters: SynthOptions['parameters'] = {},
  defines: Readonly<Record<string, string>> = {},
): string {
  const read = readVerilogCommands(files, defines);
  if (Object.keys(parameters).length === 0) return read;
  const chosen = Object.entries(parameters)
    .map(([name, value]) => `-chparam ${name} ${value} `)
    .join('');
  // No check yet, since the family's own cells are read later; then give the top its name back.
  return `${read}; hierarchy ${chosen}-top ${top}; rename -top ${top}`;
}

function familyScript(top: string, family: Family, { dsp, bram }: SynthOptions): string {
  const noBram = bram === false ? ' -nobram' : '';
  switch (family) {
    case 'ice40-up5k':
      return `synth_ice40 -device u -top ${top}${dsp === false ? '' : ' -dsp'}${noBram}`;
    case 'ice40-hx8k':
      return `synth_ice40 -device hx -top ${top}${noBram}`;
    case 'ecp5':
      return `synth_ecp5 -top ${top}${dsp === false ? ' -nodsp' : ''}${noBram}`;
    case 'xc7':
      return (
        `synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top ${top}` +
        `${dsp === false ? ' -nodsp' : ''}${noBram}`
      );
    case 'generic-lut4':
      return `synth -flatten -lut 4 -top ${top}; opt_clean`;
  }
}

interface YosysToolRun {
  readonly outputs: Readonly<Record<string, Uint8Array>>;
  readonly log: string;
  readonly tool: string;
  readonly toolVersion: string;
}

async function runYosysTool(
  script: string,
  files: SourceFiles,
  outputs: readonly string[],
  { tool, ...options }: RunLimits & { readonly tool?: 'npm' | 'native' },
): Promise<YosysToolRun> {
  const limits: RunLimits = {
    ...(options.timeoutSeconds === undefined ? {} : { timeoutSeconds: options.timeoutSeconds }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  if (tool !== 'native') {
    const run = await runInWorker({
      ...{ tool: 'yosys', args: ['-p', script], files, outputs, stage: 'synthesize' },
      ...limits,
    });
    return { outputs: run.files, log: run.log, tool: 'yosys (npm)', toolVersion: run.version };
  }
  const native = await findTool('yosys');
  if (native === undefined) throw new EdaError('not on PATH', { tool: 'yosys', stage: 'find' });
  return withTempFolder(files, async (cwd) => {
    const { exitCode, log } = await runProcess(native.path, ['-p', script], { ...limits, cwd });
    if (exitCode !== 0) {
      throw new EdaError(firstError(log) ?? `exit code ${exitCode}`, {
        ...{ tool: 'yosys', stage: 'synthesize', log },
      });
    }
    const written = await Promise.all(
      outputs.map(async (name) => [name, new Uint8Array(await readFile(join(cwd, name)))] as const),
    );
    return {
      ...{ outputs: Object.fromEntries(written), log },
      ...{ tool: 'yosys', toolVersion: native.version },
    };
  });
}

/** Instances by type below `top`, through any hierarchy that is left. */
function countCells(netlistJson: string, top: string): Record<string, number> {
  const { modules } = JSON.parse(netlistJson) as {
    modules: Record<string, { attributes?: object; cells: Record<string, { type: string }> }>;
  };
  const counts: Record<string, number> = {};
  const count = (name: string): void => {
    for (const { type } of Object.values(modules[name].cells)) {
      const inner = modules[type];
      const attributes = inner?.attributes ?? {};
      if (inner !== undefined && !('blackbox' in attributes) && !('whitebox' in attributes)) {
        count(type);
      } else if (type !== '$scopeinfo') {
        counts[type] = (counts[type] ?? 0) + 1;
      }
    }
  };
  if (modules[top] === undefined) {
    throw new EdaError(`module '${top}' is not in the netlist`, {
      tool: 'yosys',
      stage: 'synthesize',
    });
  }
  count(top);
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** LUT6s that a distributed memory or shift register of 7-series takes (UG474, tables 2-3 and 2-7). */
const XC7_LUT_RAM: Readonly<Record<string, number>> = {
  ...{ RAM32X1S: 1, RAM64X1S: 1, RAM128X1S: 2, RAM256X1S: 4 },
  ...{ RAM32X1D: 2, RAM64X1D: 2, RAM128X1D: 4, RAM32M: 4, RAM64M: 4 },
  ...{ SRL16E: 1, SRLC16E: 1, SRLC32E: 1 },
};

/** Bits of storage by LUTs of one TRELLIS_DPR16X4: four LUT4 hold 16 x 4 bits. */
const ECP5_LUTS_PER_DPR16X4 = 4;

/** Sort cell counts of a mapped netlist into resources; the table is at `Resources`. */
export function countResources(cells: Readonly<Record<string, number>>, family: Family): Resources {
  const sum = (pattern: RegExp): number =>
    Object.entries(cells).reduce(
      (total, [type, count]) => (pattern.test(type) ? total + count : total),
      0,
    );
  const none = { luts: 0, ffs: 0, carries: 0, brams: 0, dsps: 0, sprams: 0, lutRam: 0 };
  switch (family) {
    case 'ice40-up5k':
    case 'ice40-hx8k':
      return {
        ...none,
        luts: sum(/^SB_LUT4$/),
        ffs: sum(/^SB_DFF/),
        carries: sum(/^SB_CARRY$/),
        brams: sum(/^SB_RAM40_4K/),
        dsps: sum(/^SB_MAC16$/),
        sprams: sum(/^SB_SPRAM256KA$/),
      };
    case 'ecp5':
      return {
        ...none,
        luts: sum(/^LUT4$/) + 2 * sum(/^CCU2C$/),
        ffs: sum(/^TRELLIS_FF$/),
        carries: sum(/^CCU2C$/),
        brams: sum(/^(DP16KD|PDPW16KD)$/),
        dsps: sum(/^(MULT18X18D|MULT9X9D)$/),
        lutRam: ECP5_LUTS_PER_DPR16X4 * sum(/^TRELLIS_DPR16X4$/),
      };
    case 'xc7':
      return {
        ...none,
        luts: sum(/^LUT[1-6]$/),
        ffs: sum(/^FD[RSCP]E(_1)?$/),
        carries: sum(/^CARRY4$/),
        brams: sum(/^RAMB36E1$/) + sum(/^RAMB18E1$/) / 2,
        dsps: sum(/^DSP48E1$/),
        lutRam: Object.entries(XC7_LUT_RAM).reduce(
          (total, [type, luts]) => total + luts * (cells[type] ?? 0),
          0,
        ),
      };
    case 'generic-lut4':
      return { ...none, luts: sum(/^\$lut$/), ffs: sum(/^\$_S?DFF/) };
  }
}
