/** The emitted project: Verilog, testbench with golden vectors, scripts and a README, as files in memory. */
import { packageVersion } from '../package-root.js';
import { activationMax } from '../quant/quantized-model.js';
import { jobName, segmentsOf, tableOf, type Design, drainGap } from '../design/design.js';
import { cHeader } from '../control/header.js';
import { fieldMask, registerOf } from '../control/map.js';
import { registerPage } from '../control/markdown.js';
import { designMap, emit, fileHeader, hardwareId, type Netlist } from './emit.js';
import { imageFile, imageWrites, loadImage } from './image.js';
import { bitsOf, hexWord, literal, msb } from './literal.js';
import { render } from './render.js';
import { layerSizes } from './top-view.js';
import { beatBits, inputBits, widths } from './widths.js';
import type { TestVectors } from './vectors.js';

/** Figures of the simulator that the README states. */
export interface ProjectFigures {
  readonly cyclesPerStep: number;
  /** 0..1 */
  readonly utilization: number;
}

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
  const { name, columns } = design;
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
  const view = {
    header: fileHeader(design, 'testbench.v.hbs'),
    module: top,
    top: name,
    beats: String(vectors.beats.length),
    results: String(vectors.results.length),
    hidden: String(vectors.hidden.length),
    timeout: String(16 * (lastCycle + 1) + 64 * vectors.beats.length + 1000),
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
    columns: Array.from({ length: columns }, (_, column) => ({
      column: String(column),
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

/** "ternary (-1, 0, +1), 2 bits each": what the array multiplies by. */
function weightNote({ array, jobs }: Design): string {
  const { kind, weightBits } = array;
  const values = {
    binary: 'signs (-1, +1), 1 bit each',
    ternary: 'ternary (-1, 0, +1), 2 bits each',
    pow2: `signed powers of two and 0, ${weightBits} bits each`,
    int: `int${weightBits}`,
  }[kind];
  const isPlaned = jobs.some(({ sums, outputs }) => sums !== outputs);
  return isPlaned ? `planes of ${values}` : values;
}

/** What the sequencer does in a fold, in words. */
function foldNote(design: Design): string {
  const { rows, combiner, dataflow, input } = design;
  if (dataflow === 'sparse') {
    const kept = input.kind === 'dense' ? 'of x and h' : 'of h';
    return (
      `for each fold of ${rows} sums its operands, ${kept} those that are not zero, then one drain cycle, at least ` +
      `${drainGap(design)} cycles after the one before. Cycles follow the data; these are of operands without zeros.`
    );
  }
  const operands = tableOf(design) ? 'all of h (of x, above layer 0)' : 'all of x and h';
  return combiner?.passes === 2
    ? `for each fold of ${rows} sums all of x, one drain cycle, all of h, one drain cycle.`
    : `for each fold of ${rows} sums ${operands}, then one drain cycle.`;
}

/** What the combiner adds up, in words; nothing where there is none. */
function combinerNote(design: Design): string {
  const { combiner, jobs } = design;
  if (combiner === undefined) return '';
  const terms: string[] = [];
  if (jobs.some(({ sums, outputs }) => sums !== outputs)) terms.push('its planes of weights');
  if (combiner.passes === 2) terms.push('x and h, each with its scale');
  const table = tableOf(design) ? ', and what a table says of x' : '';
  const what = terms.length > 0 ? `over ${terms.join(' and over ')}` : 'the array has made';
  return `Between column and lane, the combiner adds up what a gate or class is made of: the sums ${what}${table}.`;
}

/** How whole sequences run, in words; nothing where steps do not wait for each other. */
function sequenceNote({ sequence, jobs }: Design): string {
  if (!sequence) return '';
  const phases = jobs.length - 1;
  return (
    `Some layers also run from the last step to the first, so a sequence is read as a whole, at most ${sequence.maxSteps} ` +
    `steps; of a longer one, the steps that follow count as another. Then its ${phases} directions of layers and the ` +
    `head run one after the other over all steps; h of every step stays in memory for the layer above. The ` +
    `next sequence is read as soon as no layer needs x any more.`
  );
}

/** What the beats of s_axis hold, and how many there are. */
function inputTexts(
  input: Design['input'],
  field: number,
  most: number,
): { inputData: string; inputBeats: string } {
  const bits = `in bits ${field} n + ${field - 1} .. ${field} n`;
  switch (input.kind) {
    case 'tokens':
      return {
        inputData: `token of sequence n (0..${input.vocabSize - 1}) ${bits}`,
        inputBeats: '1 per step',
      };
    case 'features': {
      const names = input.tables.map(({ name, count }) => `${name} (0..${count - 1})`);
      return {
        inputData: `one feature of the token of sequence n ${bits}`,
        inputBeats: `${names.length} per step: ${names.join(', ')}`,
      };
    }
    case 'dense':
      return {
        inputData: `one element of x of sequence n, signed, -${most}..${most}, in byte n`,
        inputBeats: `${input.size} per step, elements in order`,
      };
  }
}

function readmeView(design: Design, figures: ProjectFigures): object {
  const w = widths(design);
  const { input, columns } = design;
  const classBits = beatBits(w.class);
  const field = inputBits(design);
  const most = activationMax(design.scheme);
  const isValue = design.headOutput === 'value';
  return {
    top: design.name,
    id: hardwareId(design),
    version: packageVersion(),
    purpose:
      `A ${design.scheme.name} LSTM with ${layerSizes(design)} units and a dense head ` +
      (isValue ? 'that gives a value.' : `of ${design.classes} classes with argmax.`),
    jobs: design.jobs.map((job) => ({
      name: job.kind === 'head' ? 'head' : `LSTM ${jobName(job)}`,
      k: String(segmentsOf(job).reduce((sum, { elements }) => sum + elements, 0)),
      outputs: String(job.kind === 'head' ? job.outputs : job.outputs / 4),
      folds: String(job.folds),
      cycles: String(job.foldCycles),
    })),
    hasControl: design.control === 'axi-lite',
    isLoaded: design.weights === 'ram',
    weights: weightNote(design),
    accWidth: String(design.accBits),
    columnCount: String(columns),
    rows: String(design.rows),
    cyclesPerStep: figures.cyclesPerStep.toFixed(1),
    utilization: (100 * figures.utilization).toFixed(1),
    ...inputTexts(input, field, most),
    outputData:
      (isValue
        ? 'value of sequence n, signed Q6.9, '
        : `class of sequence n (0..${design.classes - 1}) `) +
      `in bits ${classBits} n + ${classBits - 1} .. ${classBits} n`,
    outputBeats: design.headWhen === 'every-step' ? '1 per step' : '1 per sequence',
    operands: design.array.pack > 1 ? `a word of ${design.array.pack} operands` : 'one operand',
    folds: foldNote(design),
    sequence: sequenceNote(design),
    combiner: combinerNote(design),
    inputScale:
      input.kind !== 'dense'
        ? ''
        : most === 1
          ? 'x is the sign of (value - mean) * gain where that is at least 1/2 in magnitude, else 0, with mean and gain of design.json.'
          : 'x is in Q0.7: round((value - mean) * gain * 128), saturated at +-127, with mean and gain of design.json.',
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
  files['README.md'] = render('README.md.hbs', readmeView(design, figures));
  files['files.f'] = `${netlist.sources.map((file) => `rtl/${file}`).join('\n')}\n`;
  files['design.json'] = `${JSON.stringify(describeDesign(design, netlist), null, 2)}\n`;
  for (const [file, text] of Object.entries(netlist.files)) files[`rtl/${file}`] = text;
  for (const [file, text] of Object.entries(testbench.files)) files[`sim/${file}`] = text;
  Object.assign(files, controlFiles(design));
  files['sim/simulate.sh'] = render('simulate.sh.hbs', { testbench: testbench.top });
  files['synth/ice40.ys'] = render('ice40.ys.hbs', {
    top: design.name,
    sources: [...netlist.sources],
  });
  files['synth/vivado.tcl'] = render('vivado.tcl.hbs', { top: design.name });
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
