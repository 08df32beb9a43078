/** A run folder's artifacts -> what the report page and the summary table show. */
import { packageVersion } from '../package-root.js';
import type { ModelScheme } from '../model/model.js';
import type { ReportData, Resource, SchemeReport, Share, Source } from '../report/report-data.js';
import { type ArtifactKind, readArtifact } from '../store/artifact.js';
import { MODEL } from '../store/model-file.js';
import { QUANTIZED } from '../store/quantized-file.js';
import {
  SIMULATION,
  type SimulationFile,
  SYNTHESIS,
  type SynthesisFile,
  VERIFICATION,
  type VerificationFile,
} from '../store/result-files.js';
import { ALL_SCHEMES, type RunFolder } from '../store/run-folder.js';

const DEVICE_NAMES = { up5k: 'iCE40 UP5K', hx8k: 'iCE40 HX8K' } as const;

function cycleShares({ breakdown }: SimulationFile): Share[] {
  const { mac, flush, pad, stallInput, stallDependency, stallOutput, tail } = breakdown;
  return [
    { name: 'multiply-accumulate', value: mac },
    { name: 'drain and clear', value: flush },
    { name: 'pad', value: pad },
    { name: 'wait for x', value: stallInput },
    { name: 'wait for h', value: stallDependency },
    { name: 'wait for output', value: stallOutput },
    { name: 'tail', value: tail },
  ];
}

function resources({ placed }: SynthesisFile): Resource[] {
  if (placed === undefined) return [];
  const names = {
    ICESTORM_LC: 'Logic cells',
    ICESTORM_RAM: 'BRAM',
    ICESTORM_DSP: 'DSP',
    ICESTORM_SPRAM: 'SPRAM',
  };
  return Object.entries(names).flatMap(([key, name]): Resource[] => {
    const found = placed.utilization[key];
    return found === undefined || found.available === 0 ? [] : [{ name, ...found }];
  });
}

function verificationOf(file: VerificationFile): SchemeReport['verification'] {
  const { steps, cycles, hiddenChecked, resultsChecked, bitMismatches, cycleMismatches } = file;
  return { steps, cycles, hiddenChecked, resultsChecked, bitMismatches, cycleMismatches };
}

function distinct(values: readonly string[]): string {
  return [...new Set(values)].join(', ');
}

interface Gathered {
  readonly report: SchemeReport;
  readonly provenance: string;
  readonly synthesis: SynthesisFile | undefined;
  readonly verification: VerificationFile | undefined;
}

function gatherScheme(run: RunFolder, scheme: ModelScheme, isText: boolean): Gathered | undefined {
  const read = <T>(name: string, kind: ArtifactKind<T>): T | undefined =>
    readArtifact(run.file(scheme, name), kind);
  const model = read('model.json', MODEL);
  const quantized = read('quantized.json', QUANTIZED);
  const figures = quantized?.evaluation ?? model?.evaluation;
  if (figures === undefined) return undefined;
  const simulation = read('simulation.json', SIMULATION);
  const synthesis = read('synthesis.json', SYNTHESIS);
  const verification = read('verification.json', VERIFICATION);
  const unit = (loss: number): number => (isText ? loss / Math.LN2 : loss);
  const fmaxMhz = synthesis?.placed?.fmaxMhz;
  const report: SchemeReport = {
    scheme,
    parameters: model?.parameters ?? run.model('float')?.parameters ?? 0,
    accuracy: figures.bitsPerSymbol ?? 100 * figures.accuracy,
    weightBytes: quantized?.weightBytes,
    training: model && {
      curve: model.training.curve.map(([step, loss]) => [step, unit(loss)] as const),
      validations: model.training.validations.map(({ step, loss }) => [step, unit(loss)] as const),
      seed: model.seed,
      steps: model.training.steps,
      seconds: model.training.seconds,
      engine: `${model.training.engine} (${model.training.engineVersion})`,
    },
    ...(simulation && {
      array: `${simulation.rows} x ${simulation.columns}`,
      cyclesPerStep: simulation.cyclesPerStep,
      utilization: simulation.utilization,
      cycles: cycleShares(simulation),
    }),
    ...(synthesis && {
      measured: {
        ...{
          luts: synthesis.luts,
          ffs: synthesis.ffs,
          brams: synthesis.brams,
          dsps: synthesis.dsps,
        },
        fmaxMhz,
        resources: resources(synthesis),
      },
    }),
    ...(simulation &&
      fmaxMhz !== undefined && {
        stepsPerSecond: (fmaxMhz * 1e6 * simulation.columns) / simulation.cyclesPerStep,
      }),
    ...(verification && { verification: verificationOf(verification) }),
  };
  const facts = [
    model === undefined
      ? 'quantized after training in float'
      : `seed ${model.seed}, ${model.training.steps} steps, ${model.training.engine} (${model.training.engineVersion})`,
    `${figures.goldenSteps} test steps repeated on the golden model`,
    ...(quantized === undefined ? [] : [`weights sha256 ${quantized.tensors.sha256.slice(0, 16)}`]),
    ...(synthesis === undefined
      ? []
      : [`design ${synthesis.designId}`, `placer seed ${synthesis.placed?.seed ?? '-'}`]),
  ];
  return { report, provenance: facts.join('; '), synthesis, verification };
}

/** Everything the run folder holds, as plain data. */
export function gatherReport(run: RunFolder, title: string): ReportData {
  const dataset = run.dataset();
  const isText = dataset.spec.kind !== 'series';
  const gathered = ALL_SCHEMES.flatMap((scheme) => gatherScheme(run, scheme, isText) ?? []);
  const syntheses = gathered.flatMap(({ synthesis }) => synthesis ?? []);
  const placements = syntheses.flatMap(({ placed }) => placed ?? []);
  const engines = gathered.flatMap(({ verification }) => verification?.engines ?? []);
  const measured = (by: readonly string[]): Source | undefined =>
    by.length === 0 ? undefined : { kind: 'measured', by: distinct(by) };
  const version = packageVersion();
  return {
    title,
    generator: `halfgate ${version}`,
    dataset: { name: dataset.name, summary: dataset.summary, notes: dataset.notes },
    measure: isText
      ? {
          name: 'Bits per character',
          unit: 'bpc',
          digits: 3,
          isLowerBetter: true,
          lossUnit: 'bits per character',
        }
      : { name: 'Accuracy', unit: '%', digits: 1, isLowerBetter: false, lossUnit: 'loss in nats' },
    device: distinct(syntheses.map(({ device }) => DEVICE_NAMES[device])),
    schemes: gathered.map(({ report }) => report),
    sources: {
      synthesis: measured(syntheses.map(({ tool, toolVersion }) => `${tool} ${toolVersion}`)),
      placement: measured(placements.map(({ tool, toolVersion }) => `${tool} ${toolVersion}`)),
      verification: measured(
        engines.filter(({ status }) => status === 'passed').map(({ tool }) => tool),
      ),
    },
    provenance: [
      ['halfgate', version],
      ['data', `${dataset.name}, sha256 ${dataset.sha256}`],
      ...gathered.map(({ report, provenance }) => [report.scheme, provenance] as const),
    ],
  };
}
