/** A run folder's artifacts -> what the report page and the summary table show. */
import { packageVersion } from '../package-root.js';
import type { ReportData, Resource, SchemeReport, Share, Source } from '../report/report-data.js';
import { type ArtifactKind, readArtifact } from '../store/artifact.js';
import { MODEL } from '../store/model-file.js';
import { QUANTIZED } from '../store/quantized-file.js';
import {
  DESIGN,
  ESTIMATE,
  type EstimateFile,
  estimateFileName,
  SIMULATION,
  type SimulationFile,
  SYNTHESIS,
  type SynthesisFile,
  VERIFICATION,
  type VerificationFile,
} from '../store/result-files.js';
import type { Inputs } from '../store/schemas.js';
import type { RunFolder } from '../store/run-folder.js';

const DEVICE_NAMES = { up5k: 'iCE40 UP5K', hx8k: 'iCE40 HX8K' } as const;

function cycleShares({ breakdown }: SimulationFile): Share[] {
  const { mac, flush, pad, stallInput, stallDependency, stallOutput, stallWeights, tail } =
    breakdown;
  return [
    { name: 'multiply-accumulate', value: mac },
    { name: 'drain and clear', value: flush },
    { name: 'pad', value: pad },
    { name: 'wait for x', value: stallInput },
    { name: 'wait for h', value: stallDependency },
    { name: 'wait for output', value: stallOutput },
    ...(stallWeights > 0 ? [{ name: 'wait for weights', value: stallWeights }] : []),
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

/** Names of the shares of the energy, for people. */
const ENERGY_NAMES: Readonly<Record<string, string>> = {
  mac: 'multiply-accumulate',
  weights: 'weight memory',
  memories: 'other memories',
  cell: 'cell unit',
  control: 'clocking',
  leakage: 'leakage',
};

function estimateOf({ resources, energy, attribution }: EstimateFile): SchemeReport['estimated'] {
  return {
    luts: resources['lut']?.value,
    ffs: resources['ff']?.value,
    brams: resources['bram']?.value,
    dsps: resources['dsp']?.value,
    attribution: { cycles: attribution.cycles, energyPj: attribution.energyPj },
    energyPj: Object.entries(energy.shares).map(([name, value]) => ({
      name: ENERGY_NAMES[name] ?? name,
      value,
    })),
  };
}

function energySource(estimates: readonly EstimateFile[]): Source | undefined {
  if (estimates.length === 0) return undefined;
  const { profile, energy } = estimates[0];
  const error = `\u00b1${Math.round((100 * energy.errorPj) / energy.perStepPj)} %`;
  return { kind: 'estimated', by: `hw-profiles/${profile}.json, ${energy.table}`, error };
}

function estimateSource(estimates: readonly EstimateFile[]): Source | undefined {
  if (estimates.length === 0) return undefined;
  const { profile, basis, resources } = estimates[0];
  const { value = 0, error = 0 } = resources['lut'] ?? {};
  const bar = value === 0 ? {} : { error: `LUT \u00b1${Math.round((100 * error) / value)} %` };
  return {
    kind: 'estimated',
    by: `hw-profiles/${profile}.json, ${basis.replace(/^estimated: /, '')}`,
    ...bar,
  };
}

function distinct(values: readonly string[]): string {
  return [...new Set(values)].join(', ');
}

interface Gathered {
  readonly report: SchemeReport;
  readonly provenance: string;
  readonly synthesis: SynthesisFile | undefined;
  readonly verification: VerificationFile | undefined;
  readonly estimate: EstimateFile | undefined;
}

function gatherScheme(
  run: RunFolder,
  scheme: string,
  isText: boolean,
  profile: string,
): Gathered | undefined {
  const read = <T>(name: string, kind: ArtifactKind<T>): T | undefined =>
    readArtifact(run.file(scheme, name), kind);
  const model = read('model.json', MODEL);
  const quantized = read('quantized.json', QUANTIZED);
  const figures = quantized?.evaluation ?? model?.evaluation;
  if (figures === undefined) return undefined;
  const designId = read('design.json', DESIGN)?.designId;
  // Results of an earlier design stay in the folder, but do not mix with this one's.
  const current = <T extends { readonly inputs: Inputs }>(
    name: string,
    kind: ArtifactKind<T>,
  ): T | undefined => {
    const file = read(name, kind);
    return file?.inputs['design'] === designId ? file : undefined;
  };
  const simulation = current('simulation.json', SIMULATION);
  const synthesis = current('synthesis.json', SYNTHESIS);
  const estimate = current(estimateFileName(profile), ESTIMATE);
  const verification = current('verification.json', VERIFICATION);
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
      timeline: simulation.timeline,
    }),
    ...(synthesis && {
      measured: {
        ...{
          luts: synthesis.luts,
          ffs: synthesis.ffs,
          brams: synthesis.brams,
          dsps: synthesis.dsps,
          lutsWithoutDsp: synthesis.lutsWithoutDsp ?? synthesis.luts,
        },
        fmaxMhz,
        resources: resources(synthesis),
      },
    }),
    ...(simulation &&
      fmaxMhz !== undefined && {
        stepsPerSecond:
          (fmaxMhz * 1e6 * (simulation.lockstep ?? simulation.columns)) / simulation.cyclesPerStep,
      }),
    ...(estimate && { estimated: estimateOf(estimate) }),
    ...(verification && { verification: verificationOf(verification) }),
  };
  const facts = [
    model === undefined
      ? 'quantized after training in float'
      : `seed ${model.seed}, ${model.training.steps} steps, ${model.training.engine} (${model.training.engineVersion})`,
    ...(figures.goldenSteps === 0
      ? []
      : [`${figures.goldenSteps} test steps repeated on the golden model`]),
    ...(quantized === undefined ? [] : [`weights sha256 ${quantized.tensors.sha256.slice(0, 16)}`]),
    ...(synthesis === undefined
      ? []
      : [`design ${synthesis.designId}`, `placer seed ${synthesis.placed?.seed ?? '-'}`]),
  ];
  return { report, provenance: facts.join('; '), synthesis, verification, estimate };
}

/** Everything the run folder holds, as plain data. */
export function gatherReport(run: RunFolder, title: string, profile: string): ReportData {
  const dataset = run.dataset();
  const isText = dataset.spec.kind !== 'series';
  const names = new Set([...run.schemesWith('model.json'), ...run.schemesWith('quantized.json')]);
  const gathered = [...names].flatMap((scheme) => gatherScheme(run, scheme, isText, profile) ?? []);
  const syntheses = gathered.flatMap(({ synthesis }) => synthesis ?? []);
  const placements = syntheses.flatMap(({ placed }) => placed ?? []);
  const estimates = gathered.flatMap(({ estimate }) => estimate ?? []);
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
      energy: energySource(estimates),
      estimate: estimateSource(estimates),
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
