/** The one table of a run: for the terminal and for a README. */
import type { ReportData } from '../report/report-data.js';
import { siText, tableText } from './table.js';

const NONE = '-';

interface SourceText {
  readonly kind: string;
  readonly by?: string;
  readonly error?: string | undefined;
}

interface Summary {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

function summarize(data: ReportData): Summary {
  const { measure, schemes, sources } = data;
  const digits = (value: number | undefined, count: number): string =>
    value?.toFixed(count) ?? NONE;
  const header = [
    'scheme',
    measure.unit,
    'weight bytes',
    'cycles/step',
    'LUT',
    'FF',
    'BRAM',
    'DSP',
    'LUT without DSP',
    'Fmax MHz',
    'energy/step',
    'steps/s',
  ];
  const rows = schemes.map((scheme) => {
    const { measured, estimated, stepsPerSecond } = scheme;
    const energy = estimated?.energyPj?.reduce((sum, { value }) => sum + value, 0);
    return [
      scheme.scheme,
      digits(scheme.accuracy, measure.digits),
      digits(scheme.weightBytes, 0),
      digits(scheme.cyclesPerStep, 1),
      digits(measured?.luts, 0),
      digits(measured?.ffs, 0),
      digits(measured?.brams, 0),
      digits(measured?.dsps, 0),
      digits(measured?.lutsWithoutDsp, 0),
      digits(measured?.fmaxMhz, 1),
      energy === undefined ? NONE : siText(energy * 1e-12, 'J'),
      digits(stepsPerSecond, 0),
    ];
  });
  const int8 = schemes.find(({ scheme }) => scheme === 'int8')?.measured;
  const ternary = schemes.find(({ scheme }) => scheme === 'ternary-level3')?.measured;
  const by = (name: string, source: SourceText | undefined): string[] =>
    source?.by === undefined
      ? []
      : [
          `${name}: ${source.kind} (${source.by}${source.error === undefined ? '' : `, ${source.error}`})`,
        ];
  const notes = [
    `${measure.name}: of the golden integer model, test data; cycles: equal to the Verilog's`,
    ...by('LUT, FF, BRAM, DSP', sources.synthesis),
    ...by('Fmax, steps/s', sources.placement),
    ...by('energy', sources.energy),
    ...by('Verilog equal to golden model and simulator', sources.verification),
    ...(int8 === undefined || ternary === undefined
      ? []
      : [
          `ternary-level3 / int8: LUT ${lutRatio(ternary, int8)}, BRAM ${ternary.brams} / ${int8.brams}, DSP ${ternary.dsps} / ${int8.dsps}`,
        ]),
  ];
  return { header, rows, notes };
}

export function summaryText(data: ReportData): string {
  const { header, rows, notes } = summarize(data);
  return [tableText(header, rows), '', ...notes].join('\n');
}

/** The same for a README, with what made it. */
export function summaryMarkdown(data: ReportData, made: string): string {
  const { header, rows, notes } = summarize(data);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)];
  return `${[...table, '', ...notes.map((note) => `- ${note}`), '', made].join('\n')}\n`;
}

type Measured = NonNullable<ReportData['schemes'][number]['measured']>;

/** Multipliers in DSP blocks are no LUTs: both ratios belong together. */
function lutRatio(ours: Measured, theirs: Measured): string {
  const ratio = (ours.luts / theirs.luts).toFixed(2);
  if (ours.lutsWithoutDsp === undefined || theirs.lutsWithoutDsp === undefined) return ratio;
  return `${ratio} with DSP blocks, ${(ours.lutsWithoutDsp / theirs.lutsWithoutDsp).toFixed(2)} without`;
}
