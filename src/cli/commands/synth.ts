import { type Command, Option } from 'commander';
import type { Context } from '../context.js';
import { integer } from '../options.js';
import { openRun } from '../run-choice.js';
import { synthStage } from '../stages/synth.js';
import { tableText } from '../table.js';
import {
  addDesignOptions,
  type DesignFlags,
  freshText,
  schemesOf,
  stageOptions,
} from './shared.js';

interface SynthFlags extends DesignFlags {
  readonly device: 'up5k' | 'hx8k';
  readonly seed: number;
  readonly native?: boolean;
}

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('synth'))
    .summary('measure LUTs, FFs, BRAMs, DSPs and clock by synthesis, placement and routing')
    .description(
      'Synthesize, place and route for iCE40 with the npm builds of Yosys and nextpnr: measured figures. The HX8K has ' +
        'no DSP blocks: there int arrays multiply in LUTs, unless --dsp says otherwise.',
    )
    .addOption(
      new Option('--device <name>', 'iCE40 device').choices(['up5k', 'hx8k']).default('up5k'),
    )
    .option(
      '--seed <n>',
      'seed of the placer; the clock varies by some percent with it',
      integer('--seed', 0, 2 ** 31 - 1),
      1,
    )
    .option('--no-dsp', 'every product in LUTs: compares designs by LUTs alone')
    .option('--native', 'use yosys and nextpnr-ice40 on PATH')
    .addHelpText(
      'after',
      `
Examples:
  halfgate synth
  halfgate synth --run runs/book --scheme int8 --rows 8 --dsp 4
  halfgate synth --run runs/book --scheme ternary-level3 --rows 16 --device hx8k`,
    )
    .action(async (flags: SynthFlags) => {
      const run = openRun(flags.run);
      const { device, seed, native } = flags;
      const rows: string[][] = [];
      const values: object[] = [];
      for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
        const options = {
          ...stageOptions(flags),
          device,
          seed,
          usesDsp: flags.dsp !== false,
          tool: native === true ? 'native' : 'npm',
        } as const;
        const { value, isFresh } = await synthStage(run, scheme, options, context());
        context().progress.clear();
        const { inputs: _, ...report } = value;
        values.push({ isFresh, ...report });
        const cells = report.placed?.utilization['ICESTORM_LC'];
        rows.push([
          `${scheme}${freshText(isFresh)}`,
          String(report.luts),
          String(report.ffs),
          String(report.brams),
          String(report.dsps),
          String(report.lutsWithoutDsp ?? report.luts),
          cells === undefined ? '-' : `${cells.used} of ${cells.available}`,
          report.placed?.fmaxMhz === undefined ? '-' : `${report.placed.fmaxMhz.toFixed(1)} MHz`,
        ]);
      }
      const header = [
        `scheme on ${device}`,
        'LUT',
        'FF',
        'BRAM',
        'DSP',
        'LUT without DSP',
        'logic cells placed',
        'Fmax',
      ];
      context().result({ run: run.path, syntheses: values }, tableText(header, rows));
    });
}
