/** The one table of a run, for the terminal. */
import type { ReportData } from '../report/report-data.js';
import { siText, tableText } from './table.js';

const NONE = '-';

interface SourceText {
  readonly kind: string;
  readonly by?: string;
  readonly error?: string | undefined;
}

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
  const int8 = schemes.find(({ scheme }) => scheme === 'int8')?.measured;
  const ternary = schemes.find(({ scheme }) => scheme === 'ternary-level3')?.measured;
  const by = (name: string, source: SourceText | undefined): string[] =>
    source?.by === undefined
      ? []
      : [
          `${name}: ${source.kind} (${source.by}${source.error === undefined ? '' : `, ${source.error}`})`,
        ];
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
      : [
          `ternary-level3 / int8: LUT ${(ternary.luts / int8.luts).toFixed(2)}, BRAM ${ternary.brams} / ${int8.brams}, DSP ${ternary.dsps} / ${int8.dsps}`,
        ]),
  ].join('\n');
}
