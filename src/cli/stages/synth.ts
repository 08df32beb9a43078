import type { Design } from '../../design/design.js';
import { recodeAll, withoutDsp } from '../../design/multipliers.js';
import { EdaError } from '../../eda/errors.js';
import { compileRtl } from '../../eda/rtl-sim.js';
import { UserError } from '../../errors.js';
import { measureIce40 } from '../../eda/pnr.js';
import { synthesize } from '../../eda/synth.js';
import { emit } from '../../emit/emit.js';
import { SYNTHESIS, type SynthesisFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';

/** nextpnr's names of what a device has, in ours. */
const RESOURCE_NAMES: Readonly<Record<string, string>> = {
  ICESTORM_LC: 'logic cells',
  ICESTORM_RAM: 'BRAM',
  ICESTORM_DSP: 'DSP',
  SB_IO: 'pins',
  TRELLIS_COMB: 'LUTs',
  TRELLIS_FF: 'FFs',
  DP16KD: 'BRAM',
  MULT18X18D: 'DSP',
};

/** What the placer says when a design asks for more than the device has; undefined for other failures. */
export function fitError(
  error: unknown,
  device: string,
  { rows, columns }: Pick<Design, 'rows' | 'columns'>,
  larger = 'a larger --device',
): UserError | undefined {
  if (!(error instanceof EdaError)) return undefined;
  const over = error.logTail.flatMap((line) => {
    const [, name = '', used, available] = /(\w+):\s+(\d+)\/\s*(\d+)/.exec(line) ?? [];
    return name in RESOURCE_NAMES && Number(used) > Number(available)
      ? [`${used} ${RESOURCE_NAMES[name]} of ${available}`]
      : [];
  });
  if (over.length === 0) return undefined;
  return new UserError({
    where: device,
    given: `the ${rows}x${columns} design needs ${over.join(' and ')}`,
    allowed: 'does not fit',
    hint: over.some((what) => what.includes('DSP'))
      ? `use a smaller --dsp, fewer --rows or --columns, or ${larger}`
      : `use fewer --rows or --columns, a smaller --hidden, or ${larger}`,
  });
}

export interface SynthStageOptions extends StageOptions, DesignOptions {
  readonly device: 'up5k' | 'hx8k';
  readonly seed: number;
  readonly tool: 'npm' | 'native';
  /** Products in DSP blocks, as the design and the device have them; without, all in LUTs. */
  readonly usesDsp: boolean;
}

export function synthStage(
  run: RunFolder,
  scheme: string,
  options: SynthStageOptions,
  context: Context,
): Promise<Staged<SynthesisFile>> {
  const { device, seed, tool, usesDsp: dsp } = options;
  return withDesign(run, scheme, options, (planned, file) => {
    const inputs = designInputs(file, { device, seed, tool, dsp });
    const design = !dsp ? recodeAll(planned) : device === 'hx8k' ? withoutDsp(planned) : planned;
    return cached(run.file(scheme, 'synthesis.json'), SYNTHESIS, inputs, options, async () => {
      const netlist = emit(design);
      context.progress.update(0.02, `synth ${scheme}: reading the design`, NaN);
      const { ports } = await compileRtl(netlist.files, netlist.top);
      context.progress.update(0.05, `synth ${scheme}: yosys and nextpnr for ${device}`, NaN);
      const { signal } = context;
      const settings = { seed, tool, dsp, signal };
      const measure = measureIce40(netlist.files, netlist.top, ports, device, settings);
      const {
        design: mapped,
        placed,
        shell,
      } = await measure.catch((error: unknown) => {
        throw fitError(error, device, design) ?? error;
      });
      let lutsWithoutDsp: number | undefined;
      if (mapped.dsps > 0) {
        context.progress.update(0.7, `synth ${scheme}: yosys without DSP blocks`, NaN);
        const family = device === 'up5k' ? 'ice40-up5k' : 'ice40-hx8k';
        const logic = { tool, dsp: false, signal };
        const { files, top } = emit(recodeAll(design));
        lutsWithoutDsp = (await synthesize(files, top, family, logic)).luts;
      }
      return {
        ...(lutsWithoutDsp === undefined ? {} : { lutsWithoutDsp }),
        ...{ scheme, designId: netlist.designId, device },
        ...{
          luts: mapped.luts,
          ffs: mapped.ffs,
          brams: mapped.brams,
          dsps: mapped.dsps,
          sprams: mapped.sprams,
        },
        placed: {
          ...(placed.fmaxMhz === undefined ? {} : { fmaxMhz: placed.fmaxMhz }),
          utilization: { ...placed.utilization },
          ...{ seed: placed.seed, tool: placed.tool, toolVersion: placed.toolVersion },
        },
        ...(shell === undefined ? {} : { shell }),
        ...{ tool: mapped.tool, toolVersion: mapped.toolVersion },
      };
    });
  });
}
