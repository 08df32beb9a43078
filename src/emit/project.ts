/** The emitted project: Verilog, testbench with golden vectors, scripts and a README, as files in memory. */
import { defineFlags, hiddenCells } from '../eda/hidden-cells.js';
import { packageVersion } from '../package-root.js';
import { beatFields, type Design } from '../design/design.js';
import { diagram } from './diagram.js';
import { designMap, emit, fileHeader, hardwareId, type Netlist } from './emit.js';
import { imageFile, imageWrites, loadImage } from './image.js';
import { fusesocCore, idleModules, librelaneConfig } from './packages.js';
import { bitsOf, hexWord, literal, msb } from './literal.js';
import { DIAGRAM, readmeView, type ProjectFigures } from './readme.js';
import { cHeader } from '../control/header.js';
import { fieldMask, registerOf } from '../control/map.js';
import { registerPage } from '../control/markdown.js';
import { render } from './render.js';
import { beatBits, inputBits, widths } from './widths.js';
import type { TestVectors } from './vectors.js';
import { weightBeats, weightImageFile } from './weight-image.js';

/** Path inside the project -> text. */
export type ProjectFiles = Readonly<Record<string, string>>;

export interface Testbench {
  /** Module name. */
  readonly top: string;
  /** tb_*.v and the *.hex files it reads. */
  readonly files: Readonly<Record<string, string>>;
}

function hexLines(words: readonly bigint[], width: number): string {
  return `${words.map((word) => hexWord(word, width)).join('\n')}\n`;
}

/** The self-checking testbench of a design, with its vectors. */
export function emitTestbench(design: Design, vectors: TestVectors): Testbench {
  const { name } = design;
  const columns = beatFields(design);
  const bits = design.array.activationBits;
  const top = `tb_${name}`;
  const inputWidth = columns * inputBits(design);
  const classBits = beatBits(widths(design).class);
  const outputWidth = columns * classBits;
  const file = (what: string): string => `${top}_${what}.hex`;
  const lastBit = (last: boolean, width: number): bigint => (last ? 1n << BigInt(width) : 0n);
  const packed = (values: readonly number[], bits: number): bigint =>
    values.reduce((word, value, n) => word | (bitsOf(value, bits) << BigInt(n * bits)), 0n);
  const lastCycle = vectors.resultCycles[vectors.resultCycles.length - 1] ?? 0;
  const loads = design.weights === 'ram' ? imageWrites(loadImage(design)) : [];
  const weights = design.weights === 'stream' ? weightBeats(design) : [];
  const view = {
    header: fileHeader(design, 'testbench.v.hbs'),
    module: top,
    top: name,
    beats: String(vectors.beats.length),
    results: String(vectors.results.length),
    hidden: String(vectors.hidden.length),
    ...runLengths(lastCycle + 1, vectors),
    beatMsb: msb(inputWidth + 1),
    inputMsb: msb(inputWidth),
    resultMsb: msb(outputWidth + 1),
    outputMsb: msb(outputWidth),
    hiddenMsb: msb(bits * columns),
    beatFile: file('beats'),
    resultFile: file('results'),
    cycleFile: file('cycles'),
    hiddenFile: file('hidden'),
    hasStreams: design.streams !== undefined,
    streamMsb: msb(Math.log2(design.streams ?? 2)),
    streamId: literal((design.streams ?? 2) - 1, Math.log2(design.streams ?? 2)),
    ...controlBench(design, loads.length, file('loads')),
    ...weightBench(design, weights.length, file('weights')),
    columns: Array.from({ length: columns }, (_, column) => ({
      column: String(column),
      // The one lane of sequences in lockstep is in the top module itself.
      scope: design.stationary ? '' : `u_column_${column}.`,
      low: String(bits * column),
      high: String(bits * column + bits - 1),
    })),
  };
  return {
    top,
    files: {
      [`${top}.v`]: render('testbench.v.hbs', view),
      [file('beats')]: hexLines(
        vectors.beats.map(({ data, last }) => data | lastBit(last, inputWidth)),
        inputWidth + 1,
      ),
      [file('results')]: hexLines(
        vectors.results.map(
          ({ values, last }) => packed(values, classBits) | lastBit(last, outputWidth),
        ),
        outputWidth + 1,
      ),
      [file('cycles')]: hexLines(
        vectors.resultCycles.map((cycle) => BigInt(cycle)),
        32,
      ),
      [file('hidden')]: hexLines(
        vectors.hidden.map((values) => packed(values, bits)),
        bits * columns,
      ),
      ...(design.weightStream
        ? { [file('weights')]: hexLines(weights, design.weightStream.bits) }
        : {}),
      ...(loads.length > 0
        ? {
            [file('loads')]: hexLines(
              loads.map(({ offset, data }) => (BigInt(offset) << 32n) | BigInt(data)),
              64,
            ),
          }
        : {}),
    },
  };
}

/** Cycles of simulation that resets at work may take, beside as many as the inputs do. */
const RESET_BUDGET = 24_000;
/** The same of each run with stalls. */
const STALL_BUDGET = 16_000;
const FEWEST_RESETS = 8;
const MOST_RESETS = 200;

/** How long the testbench's runs are; `cycles` is what the inputs take at full speed. */
function runLengths(cycles: number, { steps }: TestVectors): Record<string, string> {
  const step = Math.max(4, Math.ceil(cycles / steps));
  const first = Math.ceil(1.25 * step) + 16;
  const affordable = Math.floor(RESET_BUDGET / (first + step / 2));
  return {
    stepCycles: String(step),
    firstCycles: String(first),
    timeout: String(cycles + 16),
    stalledCycles: String(Math.max(STALL_BUDGET, 16 * step)),
    // The longest wait for a step of a whole sequence, behind the longest stall.
    quietCycles: String(cycles + 4 * step + 16),
    resets: String(Math.min(MOST_RESETS, Math.max(FEWEST_RESETS, Math.min(step, affordable)))),
  };
}

/** How the testbench streams weights. */
function weightBench({ weightStream }: Design, beats: number, weightFile: string): object {
  return {
    isStreamed: weightStream !== undefined,
    weightBeats: String(beats),
    weightMsb: msb(weightStream?.bits ?? 1),
    weightFile,
  };
}

/** How the testbench loads and starts a design with control. */
function controlBench(design: Design, loads: number, loadFile: string): object {
  const hasControl = design.control === 'axi-lite';
  const isLoaded = design.weights === 'ram';
  if (!hasControl) return { hasControl, isLoaded };
  const map = designMap(design);
  const { addressBits } = map;
  const word = (value: number): string => `32'h${value.toString(16)}`;
  const address = (name: string): string => literal(registerOf(map, name).offset, addressBits);
  const run = fieldMask(map, 'CONTROL', 'run');
  return {
    hasControl,
    isLoaded,
    // The wait before a short first fold, and what registers add.
    settleCycles: String(design.jobs[0].passes[0].padCycles + 4),
    loads: String(loads),
    loadFile,
    addressMsb: msb(addressBits),
    controlAddress: address('CONTROL'),
    start: word(run + fieldMask(map, 'CONTROL', 'reset')),
  };
}

/** Everything a hardware engineer gets. Pure: the same design and vectors give the same bytes. */
export function emitProject(
  design: Design,
  vectors: TestVectors,
  figures: ProjectFigures,
): ProjectFiles {
  const netlist = emit(design);
  const testbench = emitTestbench(design, vectors);
  const files: Record<string, string> = {};
  files['README.md'] = render('README.md.hbs', readmeView(design, netlist, figures));
  files['files.f'] = `${netlist.sources.map((file) => `rtl/${file}`).join('\n')}\n`;
  files['design.json'] = `${JSON.stringify(describeDesign(design, netlist), null, 2)}\n`;
  for (const [file, text] of Object.entries(netlist.files)) files[`rtl/${file}`] = text;
  for (const [file, text] of Object.entries(testbench.files)) files[`sim/${file}`] = text;
  Object.assign(files, controlFiles(design));
  if (design.weights === 'stream') {
    files[`weights/${design.name}_weights.hex`] = weightImageFile(design);
  }
  files['sim/simulate.sh'] = render('simulate.sh.hbs', { testbench: testbench.top });
  const hidden = hiddenCells(netlist.files);
  files['synth/ice40.ys'] = render('ice40.ys.hbs', {
    top: design.name,
    sources: [...netlist.sources],
    hidden: hidden && { ...hidden, flags: defineFlags(hidden.defines) },
  });
  files['synth/vivado.tcl'] = render('vivado.tcl.hbs', { top: design.name });
  files[DIAGRAM] = diagram(design);
  files[`${design.name}.core`] = fusesocCore(design, netlist, testbench);
  Object.assign(files, idleModules(netlist));
  files['librelane/config.json'] = librelaneConfig(netlist, figures.asicClockMhz);
  return files;
}

/** Documentation and header of the registers, and what is loaded; nothing where there are none. */
function controlFiles(design: Design): ProjectFiles {
  if (design.control !== 'axi-lite') return {};
  const { name } = design;
  const map = designMap(design);
  const image = `${name}_image.hex`;
  const note =
    `Generated by halfgate ${packageVersion()}; design ${hardwareId(design)}: ` +
    `registers of ${name}, see registers.md.`;
  return {
    'control/registers.md': registerPage(map, name, image),
    [`control/${name}_regs.h`]: cHeader(map, name, note),
    ...(design.weights === 'ram' ? { [`control/${image}`]: imageFile(loadImage(design)) } : {}),
  };
}

/** The design without its weights, for people and programs. */
function describeDesign(design: Design, netlist: Netlist): object {
  const { model, ...mapping } = design;
  const input =
    model.input.kind === 'dense'
      ? { ...mapping.input, mean: model.input.mean, gain: model.input.gain }
      : mapping.input;
  return { format: 'halfgate.design', version: 1, designId: netlist.designId, ...mapping, input };
}
