/**
 * The pipeline on a run folder: each stage reads what the one before wrote, and is skipped when its
 * inputs (hashes, options, version) are those of the result already there.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Design } from '../design/design.js';
import { datasetName } from '../data/dataset-spec.js';
import type { Loaded } from '../data/loaded.js';
import { checkTextLength } from '../data/text.js';
import { compileRtl } from '../eda/rtl-sim.js';
import { npmYosysVersion } from '../eda/yosys.js';
import { designId } from '../emit/emit.js';
import { UserError } from '../errors.js';
import { parameterCount } from '../model/model.js';
import { packageRoot, packageVersion } from '../package-root.js';
import {
  cosimulate,
  createEngine,
  datasetInput,
  type DatasetSpec,
  emit,
  type EngineName,
  evaluate,
  loadDataset,
  measureIce40,
  type Netlist,
  plan,
  quantize,
  simulate,
  train,
  type TrainConfig,
} from '../pipeline.js';
import { adaptScheme } from '../quant/quantize.js';
import { type SchemeName, weightBytes } from '../quant/quantized-model.js';
import { type ArtifactKind, readArtifact, writeArtifact } from '../store/artifact.js';
import { writeFolderAtomic } from '../store/atomic.js';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../store/checkpoint.js';
import { MODEL, type StoredEvaluation, type StoredModel, writeModel } from '../store/model-file.js';
import { QUANTIZED, type StoredQuantized, writeQuantized } from '../store/quantized-file.js';
import {
  DESIGN,
  type DesignFile,
  SIMULATION,
  type SimulationFile,
  SYNTHESIS,
  type SynthesisFile,
  VERIFICATION,
  type VerificationFile,
} from '../store/result-files.js';
import type { RunFolder } from '../store/run-folder.js';
import { type Inputs, sameInputs } from '../store/schemas.js';
import type { Context } from './context.js';
import { StageFailure } from './errors.js';
import { pace } from './progress.js';

/** `isFresh`: made now, not found up to date. */
export interface Staged<T> {
  readonly value: T;
  readonly isFresh: boolean;
}

export interface StageOptions {
  /** Repeat the stage though nothing changed. */
  readonly isForced: boolean;
}

export function hashOf(...values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}

/** Version, and in a clone a hash of the code: results of older code are not taken for new ones. */
function codeVersion(): string {
  try {
    const stamp = readFileSync(new URL('dist/build.json', packageRoot()), 'utf8');
    return `${packageVersion()}+${(JSON.parse(stamp) as { sources: string }).sources.slice(0, 8)}`;
  } catch {
    return packageVersion();
  }
}

/** An artifact whose inputs are these; a damaged or older one counts as none. */
function upToDate<T extends { readonly inputs: Inputs }>(
  path: string,
  kind: ArtifactKind<T>,
  inputs: Inputs,
): T | undefined {
  try {
    const present = readArtifact(path, kind);
    return present !== undefined && sameInputs(present.inputs, inputs) ? present : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

async function cached<T extends { readonly inputs: Inputs }>(
  path: string,
  kind: ArtifactKind<T>,
  inputs: Inputs,
  { isForced }: StageOptions,
  work: () => Promise<Omit<T, 'inputs'>> | Omit<T, 'inputs'>,
): Promise<Staged<T>> {
  const present = isForced ? undefined : upToDate(path, kind, inputs);
  if (present !== undefined) return { value: present, isFresh: false };
  const value = { ...(await work()), inputs } as T;
  writeArtifact(path, kind, value);
  return { value, isFresh: true };
}

// ---- data -------------------------------------------------------------------------------------

/** Load the data and record it in the run folder. */
export function openDataset(run: RunFolder, spec: DatasetSpec): Loaded {
  const absolute: DatasetSpec =
    spec.kind === 'corpus'
      ? spec
      : spec.kind === 'text'
        ? { ...spec, path: resolve(spec.path) }
        : {
            ...spec,
            path: resolve(spec.path),
            ...(spec.testPath === undefined ? {} : { testPath: resolve(spec.testPath) }),
          };
  const loaded = loadDataset(absolute);
  const { dataset, sha256, summary, notes } = loaded;
  const labels = [...(dataset.kind === 'text' ? dataset.symbols : dataset.classes)];
  run.setDataset({
    spec: absolute,
    name: datasetName(spec),
    sha256,
    summary,
    notes: [...notes],
    labels,
  });
  return loaded;
}

/** The data of the run, as it was when the run began. */
export function reopenDataset(run: RunFolder): Loaded {
  const { spec, sha256, name } = run.dataset();
  const loaded = loadDataset(spec);
  if (loaded.sha256 === sha256) return loaded;
  throw new UserError({
    where: spec.kind === 'corpus' ? name : spec.path,
    given: `the data changed since the run began (sha256 ${loaded.sha256.slice(0, 12)})`,
    allowed: `${run.datasetPath} says ${sha256.slice(0, 12)}`,
    hint: 'train in another --run folder',
  });
}

// ---- train, quantize --------------------------------------------------------------------------

/** Steps of the test part that the golden model itself repeats. */
const GOLDEN_STEPS = 2000;

export interface TrainStageOptions extends StageOptions {
  readonly config: TrainConfig;
  readonly engine: EngineName;
}

export async function trainStage(
  run: RunFolder,
  loaded: Loaded,
  options: TrainStageOptions,
  context: Context,
): Promise<Staged<StoredModel>> {
  const { config, engine: engineName } = options;
  const { scheme } = config;
  const { dataset } = loaded;
  const inputs: Inputs = {
    dataset: loaded.sha256,
    options: hashOf(run.dataset().spec, config, engineName),
    halfgate: packageVersion(),
  };
  const path = run.file(scheme, 'model.json');
  const checkpoint = run.file(scheme, 'checkpoint.safetensors');
  if (!options.isForced && upToDate(path, MODEL, inputs) !== undefined) {
    return { value: run.model(scheme)!, isFresh: false };
  }
  if (dataset.kind === 'text')
    checkTextLength(run.dataset().name, dataset, config.batch, config.timeSteps);
  const resume = options.isForced ? undefined : readCheckpoint(checkpoint, inputs);
  const engine = await createEngine(engineName);
  if (resume !== undefined)
    context.progress.note(`${scheme}: resuming after step ${resume.meta.step}`);
  const { model, log } = await train(dataset, config, engine, {
    ...(resume === undefined ? {} : { resume }),
    signal: context.signal,
    onCheckpoint: (state) => writeCheckpoint(checkpoint, inputs, state),
    onProgress: ({ step, steps, epoch, loss, etaSeconds, lastValidation }) => {
      const unit =
        dataset.kind === 'text'
          ? `${(loss / Math.LN2).toFixed(3)} bit/symbol`
          : `loss ${loss.toFixed(4)}`;
      const validated =
        lastValidation === undefined
          ? ''
          : `, validation ${validationText(dataset.kind, lastValidation)}`;
      const text = `train ${scheme}: epoch ${epoch.toFixed(2)}, ${unit}${validated}`;
      context.progress.update(step / steps, text, etaSeconds);
    },
  });
  context.progress.update(1, `train ${scheme}: evaluating`, NaN);
  const result = await evaluate(model, dataset, 'test', engine, {
    goldenSteps: GOLDEN_STEPS,
    signal: context.signal,
  });
  const stored: StoredModel = {
    inputs,
    model,
    parameters: parameterCount(model),
    seed: config.seed,
    training: {
      ...log,
      validations: [...log.validations],
      curve: log.curve.map(([step, loss]): [number, number] => [step, loss]),
    },
    evaluation: storedEvaluation(result),
  };
  writeModel(path, stored);
  removeCheckpoint(checkpoint);
  return { value: stored, isFresh: true };
}

function validationText(
  kind: 'text' | 'series',
  { loss, accuracy }: { loss: number; accuracy: number },
): string {
  return kind === 'text' ? (loss / Math.LN2).toFixed(3) : `${(100 * accuracy).toFixed(1)} %`;
}

function storedEvaluation(result: Awaited<ReturnType<typeof evaluate>>): StoredEvaluation {
  const { bitsPerSymbol, ...rest } = result;
  return { split: 'test', ...rest, ...(bitsPerSymbol === undefined ? {} : { bitsPerSymbol }) };
}

/** The model trained in this scheme, or else the float model quantized after training. */
export async function quantizeStage(
  run: RunFolder,
  scheme: SchemeName,
  options: StageOptions,
  context: Context,
): Promise<Staged<StoredQuantized>> {
  const own = run.model(scheme);
  const source = own ?? run.model('float');
  if (source === undefined) {
    throw new UserError({
      where: run.path,
      given: `no ${scheme} model and no float model`,
      hint: `train one with: halfgate train --scheme ${scheme}`,
    });
  }
  const inputs: Inputs = {
    model: hashOf(source.inputs, source.training.parametersAtStep),
    scheme,
    halfgate: codeVersion(),
  };
  const path = run.file(scheme, 'quantized.json');
  if (!options.isForced && upToDate(path, QUANTIZED, inputs) !== undefined) {
    return { value: run.quantized(scheme), isFresh: false };
  }
  const quantized = quantize(source.model, scheme);
  let result = source.evaluation;
  if (own === undefined) {
    context.progress.update(0, `quantize ${scheme}: evaluating`, NaN);
    const { dataset } = reopenDataset(run);
    const engine = await createEngine('wasm');
    const { signal } = context;
    result = storedEvaluation(
      await evaluate(adaptScheme(source.model, scheme), dataset, 'test', engine, {
        goldenSteps: GOLDEN_STEPS,
        signal,
      }),
    );
  }
  const stored: StoredQuantized = {
    inputs,
    trainedInScheme: own !== undefined,
    weightBytes: weightBytes(quantized),
    evaluation: result,
    quantized,
  };
  writeQuantized(path, stored);
  return { value: stored, isFresh: true };
}

// ---- plan ---------------------------------------------------------------------------------------

export interface DesignOptions {
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
  readonly name?: string | undefined;
}

export const DEFAULT_ROWS = 8;
export const DEFAULT_COLUMNS = 1;

/** A Verilog identifier from a folder's name. */
function moduleName(run: RunFolder, scheme: SchemeName): string {
  const words = `${basename(resolve(run.path))}_${scheme}`
    .replace(/[^A-Za-z0-9]+/g, '_')
    .slice(-56);
  return /^[A-Za-z]/.test(words) ? words : `lstm_${words}`;
}

/** The run's design of this scheme: options given now, else those of the design.json, else defaults. */
export function planStage(
  run: RunFolder,
  scheme: SchemeName,
  options: DesignOptions,
): { design: Design; file: DesignFile } {
  const { quantized, inputs: made } = run.quantized(scheme);
  const path = run.file(scheme, 'design.json');
  const before = readArtifact(path, DESIGN);
  const name = options.name ?? before?.name ?? moduleName(run, scheme);
  const rows = options.rows ?? before?.rows ?? DEFAULT_ROWS;
  const columns = options.columns ?? before?.columns ?? DEFAULT_COLUMNS;
  const design = plan(quantized, { name, rows, columns });
  const inputs: Inputs = { quantized: hashOf(made) };
  const file: DesignFile = { inputs, name, rows, columns, designId: designId(design) };
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(file))
    writeArtifact(path, DESIGN, file);
  return { design, file };
}

function designInputs({ designId: id }: DesignFile, options: unknown): Inputs {
  return { design: id, options: hashOf(options), halfgate: codeVersion() };
}

// ---- simulate, emit, verify, synth ------------------------------------------------------------

export async function simulateStage(
  run: RunFolder,
  scheme: SchemeName,
  options: StageOptions & DesignOptions & { readonly sequences: readonly number[] },
): Promise<Staged<SimulationFile>> {
  const { design, file } = planStage(run, scheme, options);
  const sequences = [...options.sequences];
  const inputs = designInputs(file, sequences);
  return cached(run.file(scheme, 'simulation.json'), SIMULATION, inputs, options, () => {
    const { cycles, steps, cyclesPerStep, utilization, breakdown, activity } = simulate(design, {
      sequences,
    });
    const { rows, columns } = design;
    return {
      ...{ scheme, rows, columns, sequences, cycles, steps, cyclesPerStep, utilization },
      breakdown,
      activity: { ...activity, memories: [...activity.memories] },
    };
  });
}

/** halfgate's own list of an emitted folder: also says that the folder may be replaced. */
export const PROJECT_FILE = 'halfgate.json';

export interface Emitted {
  readonly folder: string;
  readonly netlist: Netlist;
}

export function emitStage(
  run: RunFolder,
  scheme: SchemeName,
  options: DesignOptions & { readonly out?: string | undefined },
): Emitted {
  const { design } = planStage(run, scheme, options);
  const netlist = emit(design);
  const folder = options.out ?? run.file(scheme, 'verilog');
  const { top, designId: id, sources, files } = netlist;
  const project = {
    format: 'halfgate.project',
    version: 1,
    halfgate: packageVersion(),
    top,
    designId: id,
    sources,
  };
  writeFolderAtomic(
    folder,
    { ...files, [PROJECT_FILE]: `${JSON.stringify(project, undefined, 2)}\n` },
    PROJECT_FILE,
  );
  return { folder, netlist };
}

export async function verifyStage(
  run: RunFolder,
  scheme: SchemeName,
  options: StageOptions & DesignOptions & { readonly steps: number },
  context: Context,
): Promise<Staged<VerificationFile>> {
  const { design, file } = planStage(run, scheme, options);
  const inputs = designInputs(file, options.steps);
  const staged = await cached(
    run.file(scheme, 'verification.json'),
    VERIFICATION,
    inputs,
    options,
    async () => {
      context.progress.update(0, `verify ${scheme}: compiling the Verilog`, NaN);
      const netlist = emit(design);
      const batches = datasetInput(design, reopenDataset(run).dataset, options.steps);
      const left = pace();
      const result = await cosimulate(design, netlist, batches, {
        randomizeState: 1,
        signal: context.signal,
        onProgress: (cycle, cycles) =>
          context.progress.update(
            cycle / cycles,
            `verify ${scheme}: cycle ${cycle} of ${cycles}`,
            left(cycle / cycles),
          ),
      });
      const { design: _, firstProblems, ...figures } = result;
      return {
        scheme,
        designId: netlist.designId,
        steps: batches.reduce((sum, { steps }) => sum + steps.length, 0),
        ...figures,
        firstProblems: [...firstProblems],
        tool: 'RTL simulation with yosys (npm)',
        toolVersion: await npmYosysVersion(),
      };
    },
  );
  const { bitMismatches, cycleMismatches, firstProblems } = staged.value;
  if (bitMismatches + cycleMismatches > 0) {
    throw new StageFailure(
      `${scheme}: ${bitMismatches} bit mismatches, ${cycleMismatches} cycle mismatches\n` +
        firstProblems.map((problem) => `  ${problem}`).join('\n'),
    );
  }
  return staged;
}

export interface SynthStageOptions extends StageOptions, DesignOptions {
  readonly device: 'up5k' | 'hx8k';
  readonly seed: number;
  readonly tool: 'npm' | 'native';
}

export async function synthStage(
  run: RunFolder,
  scheme: SchemeName,
  options: SynthStageOptions,
  context: Context,
): Promise<Staged<SynthesisFile>> {
  const { device, seed, tool } = options;
  const { design, file } = planStage(run, scheme, options);
  const inputs = designInputs(file, { device, seed, tool });
  return cached(run.file(scheme, 'synthesis.json'), SYNTHESIS, inputs, options, async () => {
    const netlist = emit(design);
    context.progress.update(0.02, `synth ${scheme}: reading the design`, NaN);
    const { ports } = await compileRtl(netlist.files, netlist.top);
    context.progress.update(0.05, `synth ${scheme}: yosys and nextpnr for ${device}`, NaN);
    const { signal } = context;
    const {
      design: mapped,
      placed,
      shell,
    } = await measureIce40(netlist.files, netlist.top, ports, device, { seed, tool, signal });
    return {
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
}

/** Where a command's user finds its files. */
export function runPath(given: string | undefined, name: string): string {
  return given ?? join('runs', name);
}
