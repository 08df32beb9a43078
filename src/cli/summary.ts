/** The one table of a run, for the terminal. */
import type { ReportData } from '../report/report-data.js';
import { siText, tableText } from './table.js';

const NONE = '-';

export function summaryText(data: ReportData): string {
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
      digits(measured?.fmaxMhz, 1),
      energy === undefined ? NONE : siText(energy * 1e-12, 'J'),
      digits(stepsPerSecond, 0),
    ];
  });
  const int8 = schemes.find(({ scheme }) => scheme === 'int8')?.measured?.luts;
  const ternary = schemes.find(({ scheme }) => scheme === 'ternary-level3')?.measured?.luts;
  const by = (
    name: string,
    source: { readonly kind: string; readonly by?: string } | undefined,
  ): string[] => (source?.by === undefined ? [] : [`${name}: ${source.kind} (${source.by})`]);
  return [
    tableText(header, rows),
    '',
    `${measure.name}: of the golden integer model, test data; cycles: equal to the Verilog's`,
    ...by('LUT, FF, BRAM, DSP', sources.synthesis),
    ...by('Fmax, steps/s', sources.placement),
    ...by('energy', sources.energy),
    ...by('Verilog equal to golden model and simulator', sources.verification),
    ...(int8 === undefined || ternary === undefined
      ? []
      : [`LUT ratio ternary-level3 / int8: ${(ternary / int8).toFixed(2)}`]),
  ].join('\n');
}
