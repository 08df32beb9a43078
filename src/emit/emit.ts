/** Design -> Netlist: the generated Verilog project as files in memory. */
import { createHash } from 'node:crypto';
import { packageVersion } from '../package-root.js';
import { registerMap, type RegisterMap } from '../control/map.js';
import { lstmJobs, tableOf, usesPlanes, type Design } from '../design/design.js';
import { usesSquash, usesTanh } from '../design/memory-plan.js';
import { directedLayer } from '../design/planes.js';
import { comesAsTrits } from '../design/weight-stream.js';
import { isStationary, type StationaryDesign } from '../design/stationary.js';
import {
  arrayMatrices,
  embeddingFile,
  factorFile,
  inputTableFile,
  memoryFiles,
  rowFile,
  squashFile,
  tanhFile,
  weightBankFile,
} from './memories.js';
import { render, templateSource } from './render.js';
import { columnView, peModules } from './column-view.js';
import { laneLeaves } from './lane-leaves.js';
import { controlView } from './control-view.js';
import { sequenceSequencerView } from './sequence-sequencer-view.js';
import { sequencerView } from './sequencer-view.js';
import { embeddingRowFile, embeddingRowText, tileFile } from './stationary-memories.js';
import { stationarySequencerView } from './stationary-sequencer-view.js';
import { stationaryArrayView, stationaryLeaves, stationaryTopView } from './stationary-view.js';
import { topView } from './top-view.js';
import { widths } from './widths.js';

/** Generated files; `sources` are the Verilog files among them, leaf modules first. */
export interface Netlist {
  readonly top: string;
  /** Short hash of the design: the same design gives the same bytes. */
  readonly designId: string;
  /** File name -> text: *.v, and the *.hex that $readmemh reads from the folder of the simulation. */
  readonly files: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
}

const SOURCES = {
  tokens: 'hg_source_token',
  features: 'hg_source_features',
  dense: 'hg_source_dense',
} as const;

const WEIGHT_BANKS = {
  rom: 'hg_weight_bank',
  ram: 'hg_weight_bank_ram',
  stream: 'hg_weight_bank_stream',
} as const;

/** Leaf module that x comes from. */
export function sourceModule({
  input,
  sequence,
  dataflow,
  weights,
}: Pick<Design, 'input' | 'sequence' | 'dataflow' | 'weights'>): string {
  if (dataflow === 'ws') return 'hg_operand_row';
  if (dataflow === 'sparse' && input.kind === 'dense') return 'hg_queue';
  const isLoaded = weights === 'ram' && input.kind !== 'dense';
  if (!sequence) return isLoaded ? 'hg_source_features_ram' : SOURCES[input.kind];
  if (input.kind === 'dense') return 'hg_sequence_dense';
  return isLoaded ? 'hg_sequence_tokens_ram' : 'hg_sequence_tokens';
}

/** Leaf modules that a design instantiates, dependencies first. */
function leafModules(design: Design): string[] {
  if (isStationary(design)) return stationaryLeaves(design);
  const { scheme, array, combiner, input, sequence, dataflow } = design;
  const hasPlanes = usesPlanes(design);
  const isLoaded = design.weights === 'ram';
  const hasTanh = usesTanh(design) || usesSquash(design);
  const storesTanh = hasTanh && scheme.tanh !== 'piecewise';
  const choices: readonly (readonly [boolean, string])[] = [
    [!isLoaded || storesTanh, 'hg_rom'],
    [true, 'hg_ram'],
    [dataflow === 'sparse', 'hg_queue'],
    [array.pack > 1, 'hg_pack'],
    [design.weights === 'stream', 'hg_weight_stream'],
    [design.weights === 'stream' && comesAsTrits(array), 'hg_trits'],
    [true, WEIGHT_BANKS[design.weights ?? 'rom']],
    ...peModules(design).map((name) => [true, name] as const),
    [combiner !== undefined, 'hg_combine'],
    ...laneLeaves(design).map((name) => [true, name] as const),
    [
      input.kind !== 'dense' && (sequence !== undefined || input.kind === 'features' || isLoaded),
      'hg_feature_start',
    ],
    [true, sourceModule(design)],
    [true, hasPlanes ? 'hg_drain_planes' : 'hg_drain'],
    [true, sequence ? 'hg_sequence_in' : 'hg_stream_in'],
    [true, 'hg_stream_out'],
    [design.control === 'axi-lite', 'hg_axi_lite'],
  ];
  return [...new Set(choices.flatMap(([isUsed, name]) => (isUsed ? [name] : [])))];
}

/** First 8 hex digits of a hash over plain data. */
function shortHash(data: object): string {
  const hash = createHash('sha256');
  const replacer = (_: string, value: unknown): unknown =>
    value instanceof Int8Array ? Buffer.from(value).toString('base64') : value;
  hash.update(JSON.stringify(data, replacer));
  return hash.digest('hex').slice(0, 8);
}

/** First 8 hex digits of a hash over everything that was planned, weights included. */
export function designId(design: Design): string {
  return shortHash(design);
}

/** The same over everything the Verilog depends on: not over weights that are loaded. */
export function hardwareId(design: Design): string {
  if (design.weights !== 'ram') return designId(design);
  const { model, ...mapping } = design;
  const isTernary = design.scheme.activations === 'ternary';
  const decisions = lstmJobs(design).map((job) => directedLayer(model, job).hiddenDecision);
  return shortHash({ ...mapping, decisions: isTernary ? decisions : [] });
}

/** The registers and windows of a design that has them. */
export function designMap(design: Design): RegisterMap {
  return registerMap(design, Number.parseInt(hardwareId(design), 16));
}

/** Comment at the top of every generated file: generator, source, design. No date, host or user. */
export function fileHeader(design: Design, template: string, id = hardwareId(design)): string {
  const sizes = [
    design.layers[0].inputSize,
    ...design.layers.map(({ hiddenSize, isBidirectional }) =>
      isBidirectional ? `2 x ${hiddenSize}` : hiddenSize,
    ),
    design.headOutput ?? design.classes,
  ].join(' -> ');
  return [
    `// Generated by halfgate ${packageVersion()} from rtl-templates/${template}; edit that file, not this one.`,
    `// Design ${id}: ${design.scheme.name} ${sizes}, array ${design.rows}x${design.columns} ${design.array.kind}, ` +
      `${design.accBits}-bit accumulator.`,
    '//',
  ].join('\n');
}

/** The tables of tanh that lanes read. */
function laneTables(design: Design): Record<string, string> {
  const names = memoryFiles(design.name);
  const squash = usesSquash(design) ? squashFile(design) : undefined;
  const tanh = tanhFile(design);
  const readsTanh = usesTanh(design) || (usesSquash(design) && squash === undefined);
  return {
    ...(tanh !== undefined && readsTanh ? { [names.tanh]: tanh } : {}),
    ...(squash === undefined ? {} : { [names.squash]: squash }),
  };
}

/** What the memories of a weight-stationary design hold. */
function stationaryMemoryFiles(design: StationaryDesign): Record<string, string> {
  const { name, columns, rows, input } = design;
  const names = memoryFiles(name);
  const matrices = arrayMatrices(design);
  const files = laneTables(design);
  for (let column = 0; column < columns; column++) {
    files[names.weights(column)] = tileFile(design, matrices, column);
  }
  files[names.rows] = rowFile(design, matrices, widths(design).rowWord);
  for (let row = 0; row < rows && input.kind === 'tokens'; row++) {
    files[embeddingRowFile(name, row)] = embeddingRowText(design, row);
  }
  return files;
}

/** Generate the Verilog of a design. Pure: the same design gives the same bytes. */
export function emit(design: Design): Netlist {
  const id = hardwareId(design);
  const names = memoryFiles(design.name);
  const files: Record<string, string> = {};
  for (const leaf of leafModules(design)) files[`${leaf}.v`] = templateSource(`${leaf}.v`);
  const generate = (suffix: string, template: string, view: (head: string) => object): void => {
    files[`${design.name}${suffix}.v`] = render(template, view(fileHeader(design, template, id)));
  };
  if (isStationary(design)) {
    generate('_sequencer', 'stationary_sequencer.v.hbs', (head) =>
      stationarySequencerView(design, head),
    );
    generate('_array', 'stationary_array.v.hbs', (head) => stationaryArrayView(design, head));
    generate('', 'stationary_top.v.hbs', (head) => stationaryTopView(design, head));
    const sources = Object.keys(files);
    Object.assign(files, stationaryMemoryFiles(design));
    return { top: design.name, designId: designId(design), files, sources };
  }
  if (design.sequence) {
    generate('_sequencer', 'sequence_sequencer.v.hbs', (head) =>
      sequenceSequencerView(design, head),
    );
  } else {
    generate('_sequencer', 'sequencer.v.hbs', (head) => sequencerView(design, head));
  }
  generate('_column', 'column.v.hbs', (head) => columnView(design, head));
  const map = design.control === 'axi-lite' ? designMap(design) : undefined;
  if (map) {
    generate('_control', 'control.v.hbs', (header) =>
      controlView(map, { header, top: design.name }),
    );
  }
  generate('', 'top.v.hbs', (head) => topView(design, head, map));
  const sources = Object.keys(files);
  const result = { top: design.name, designId: designId(design), files, sources };
  Object.assign(files, laneTables(design));
  if (design.weights === 'ram') return result;
  const matrices = arrayMatrices(design);
  for (let row = 0; row < design.rows && design.weights !== 'stream'; row++) {
    files[names.weights(row)] = weightBankFile(design, matrices, row);
  }
  files[names.rows] = rowFile(design, matrices, widths(design).rowWord);
  const { combiner, input } = design;
  if (combiner !== undefined && combiner.factors !== 'one') {
    files[names.factors] = factorFile(design, combiner, matrices);
  }
  if (tableOf(design)) files[names.table] = inputTableFile(design, matrices);
  else if (input.kind !== 'dense') files[names.embedding] = embeddingFile(design);
  return result;
}
