import type { Command } from 'commander';
import type { EstimateFile, StoredAmount, StoredPart } from '../../store/result-files.js';
import type { Context } from '../context.js';
import { openRun } from '../run-choice.js';
import { siText, tableText } from '../table.js';
import { treeText, type TreeRow } from '../tree-text.js';
import {
  addDesignOptions,
  type DesignFlags,
  freshText,
  schemesOf,
  stageOptions,
} from './shared.js';

interface EstimateFlags extends DesignFlags {
  readonly profile: string;
  readonly energy?: string;
  readonly energies?: boolean;
  readonly tree?: boolean;
}

export const DEFAULT_PROFILE = 'ice40-up5k';

/** `632 +-40` */
function barText({ value, error }: EstimateFile['areaUm2'], digits = 0): string {
  return value === 0 ? '0' : `${value.toFixed(digits)} +-${error.toFixed(digits)}`;
}

/** A part's resources in columns, those that any part takes. */
function partsText(scheme: string, root: StoredPart): string {
  const names = Object.keys(root.takes);
  const row = ({ name, detail, takes, children }: StoredPart): TreeRow => ({
    name: detail === '' ? name : `${name} (${detail})`,
    cells: names.map((resource) => {
      const value = takes[resource] ?? 0;
      return resource === 'areaUm2' ? value.toFixed(1) : String(value);
    }),
    children: children.map(row),
  });
  return treeText(row(root), [`${scheme}: resources`, ...names]);
}

/** Amounts and their share of the whole. */
function amountText(title: string, root: StoredAmount, show: (amount: number) => string): string {
  const row = ({ name, amount, children }: StoredAmount): TreeRow => ({
    name,
    cells: [show(amount), `${((100 * amount) / root.amount).toFixed(1)} %`],
    children: children.map(row),
  });
  return treeText(row(root), [title, '', 'share']);
}

function attributionTexts(
  scheme: string,
  { attribution }: Pick<EstimateFile, 'attribution'>,
): string[] {
  const { resources, cycles, energyPj } = attribution;
  return [
    partsText(scheme, resources),
    amountText(`${scheme}: cycles of the run`, cycles, String),
    amountText(`${scheme}: energy per step`, energyPj, (pj) => `${pj.toFixed(3)} pJ`),
  ];
}

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('estimate'))
    .summary('LUTs, FFs, BRAMs, DSPs or area, clock and energy, without synthesis')
    .description(
      'Estimate what a design takes on the device or node of a hardware profile, in milliseconds and with error ' +
        'bars. A design that does not fit is refused with what is too much.',
    )
    .option('--profile <name>', 'a profile by name, or the path of your own .json', DEFAULT_PROFILE)
    .option(
      '--tree',
      'where it all goes: resources by unit and memory, cycles and energy by layer and gate',
    )
    .option(
      '--energy <table>',
      "energies of a named table instead of the profile's own, or of your own .json",
    )
    .option('--energies', 'list the tables of energy per action that come with halfgate')
    .option('--profiles', 'list the profiles that come with halfgate')
    .addHelpText(
      'after',
      `
Examples:
  halfgate estimate
  halfgate estimate --profiles
  halfgate estimate --tree
  halfgate estimate --energies
  halfgate estimate --profile asic-45nm --energy tpuv4i-7nm
  halfgate estimate --run runs/book --scheme int8 --rows 16 --profile ecp5-25k`,
    )
    .action(async (flags: EstimateFlags & { readonly profiles?: boolean }) => {
      // The formulas' evaluator takes a second to load: only where it is needed.
      const { loadProfile, profileNames, withEnergyTable } = await import('../../cost/profile.js');
      const { energyTableNames, loadEnergyTable } = await import('../../cost/energy-table.js');
      const energyTables = (): { name: string; node: string; description: string }[] => [
        ...energyTableNames().map((name) => {
          const { node, description } = loadEnergyTable(name);
          return { name, node, description };
        }),
        // Of one device each: --profile has them.
        ...profileNames().flatMap((name) => {
          const { family, energy } = loadProfile(name).data;
          const { table, description } = energy;
          return family === 'asic' ? [] : [{ name: table, node: name, description }];
        }),
      ];
      const { estimateStage } = await import('../stages/estimate.js');
      if (flags.profiles === true) {
        const profiles = profileNames().map((name) => ({
          name,
          description: loadProfile(name).data.description,
        }));
        const rows = profiles.map(({ name, description }) => `${name.padEnd(14)} ${description}`);
        context().result({ profiles }, rows.join('\n'));
        return;
      }
      if (flags.energies === true) {
        const tables = energyTables();
        const rows = tables.map(({ name, node, description }) => {
          return `${name.padEnd(18)} ${node.padEnd(6)} ${description}`;
        });
        context().result({ energies: tables }, rows.join('\n'));
        return;
      }
      const own = loadProfile(flags.profile);
      const profile =
        flags.energy === undefined || flags.energy === own.data.energy.table
          ? own
          : withEnergyTable(own, loadEnergyTable(flags.energy));
      const run = openRun(flags.run);
      const rows: string[][] = [];
      const values: object[] = [];
      const remarks = new Set<string>();
      const trees: string[] = [];
      for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
        const { value, isFresh } = await estimateStage(run, scheme, profile, stageOptions(flags));
        const { inputs: _, ...report } = value;
        values.push({ isFresh, ...report });
        const { resources, areaUm2, fmaxMhz, energy } = report;
        const isAsic = areaUm2.value > 0;
        rows.push([
          `${scheme}${freshText(isFresh)}`,
          ...(isAsic
            ? [barText(areaUm2)]
            : [
                barText(resources['lut']),
                barText(resources['ff']),
                barText(resources['bram'], 1),
                barText(resources['dsp']),
              ]),
          barText(fmaxMhz, 1),
          `${siText(energy.perStepPj * 1e-12, 'J')} +-${siText(energy.errorPj * 1e-12, 'J')}`,
          report.stepsPerSecond.toFixed(0),
        ]);
        if (flags.tree === true) trees.push(...attributionTexts(scheme, report));
        remarks.add(report.basis);
        remarks.add(`energies: ${energy.table}`);
        for (const warning of report.warnings) remarks.add(warning);
      }
      const isAsic = profile.data.family === 'asic';
      const header = [
        `scheme on ${profile.data.name}`,
        ...(isAsic ? ['area um2'] : ['LUT', 'FF', 'BRAM', 'DSP']),
        ...['Fmax MHz', 'energy/step', 'steps/s'],
      ];
      const text = [tableText(header, rows), ...trees, [...remarks].join('\n')].join('\n\n');
      context().result({ run: run.path, estimates: values }, text);
    });
}
