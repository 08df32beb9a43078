/** View-model of the emitted project's README. */
import { packageVersion } from '../package-root.js';
import { activationMax } from '../quant/quantized-model.js';
import {
  drainGap,
  jobName,
  segmentsOf,
  sequencesOf,
  tableOf,
  type Design,
} from '../design/design.js';
import { isStationary } from '../design/stationary.js';
import { designMap, hardwareId, type Netlist } from './emit.js';
import { idleModules } from './packages.js';
import { countElements } from '../design/multipliers.js';
import { streamShapes, streamTexts, type StreamTexts } from './stream-texts.js';
import { layerSizes } from './top-view.js';
import { streamNotes } from './weight-stream-notes.js';
import { widths } from './widths.js';

/** Figures of the simulator that the README states. */
export interface ProjectFigures {
  readonly cyclesPerStep: number;
  /** 0..1 */
  readonly utilization: number;
  /** Clock that LibreLane is to reach, in MHz; default DEFAULT_ASIC_MHZ. */
  readonly asicClockMhz?: number;
}

/** File of the block diagram. */
export const DIAGRAM = 'diagram.svg';

type Port = readonly [name: string, direction: string, bits: number, meaning: string];

function streamPorts(design: Design): Port[] {
  if (design.streams === undefined) return [];
  const { stream } = widths(design);
  return [
    ['s_axis_tid', 'in', stream, 'stream that the step belongs to, the same for all its beats'],
    ['m_axis_tid', 'out', stream, 'stream of the result'],
  ];
}

function weightPorts({ weightStream }: Design): Port[] {
  if (!weightStream) return [];
  return [
    ['s_axis_weights_tvalid', 'in', 1, 'a beat of weights is there'],
    ['s_axis_weights_tready', 'out', 1, 'and is taken'],
    ['s_axis_weights_tdata', 'in', weightStream.bits, 'weights, in the order of the image'],
    ['s_axis_weights_tuser', 'in', 1, "first beat of a step's weights"],
    ['s_axis_weights_tlast', 'in', 1, "last beat of a step's weights"],
  ];
}

/** AXI4-Lite, and the interrupt. */
function controlPorts(design: Design): Port[] {
  if (design.control !== 'axi-lite') return [];
  const { addressBits } = designMap(design);
  return [
    [
      's_axil_aw*',
      'in',
      addressBits,
      'where to write: awaddr, a byte address, with awprot, awvalid, awready',
    ],
    ['s_axil_w*', 'in', 32, 'what to write: wdata, with wstrb, wvalid, wready'],
    ['s_axil_b*', 'out', 2, 'how it went: bresp, with bvalid, bready'],
    ['s_axil_ar*', 'in', addressBits, 'where to read: araddr, with arprot, arvalid, arready'],
    ['s_axil_r*', 'out', 32, 'what is there: rdata, with rresp, rvalid, rready'],
    ['irq_o', 'out', 1, 'interrupt, high until IRQ_STATUS is cleared'],
  ];
}

/** Every port: name, direction, bits, meaning. */
function portRows(design: Design, { inputData, outputData }: StreamTexts): object[] {
  const { inputBits, outputBits } = streamShapes(design);
  const rows = (entries: readonly Port[]): object[] =>
    entries.map(([name, direction, bits, meaning]) => ({
      ...{ name, direction, meaning },
      bits: String(bits),
    }));
  return rows([
    ['clk_i', 'in', 1, 'the only clock, rising edge'],
    ['rst_i', 'in', 1, 'reset, synchronous, active high; one cycle is enough'],
    ['s_axis_tvalid', 'in', 1, 'a beat is there'],
    ['s_axis_tready', 'out', 1, 'and is taken'],
    ['s_axis_tdata', 'in', inputBits, inputData],
    ['s_axis_tlast', 'in', 1, 'last beat of a sequence: the next step starts from h = c = 0'],
    ['m_axis_tvalid', 'out', 1, 'a result is there'],
    ['m_axis_tready', 'in', 1, 'and is taken'],
    ['m_axis_tdata', 'out', outputBits, outputData],
    ['m_axis_tlast', 'out', 1, "result of a sequence's last step"],
    ...weightPorts(design),
    ...streamPorts(design),
    ...controlPorts(design),
  ]);
}

/** "ternary (-1, 0, +1), 2 bits each": what the array multiplies by. */
function weightNote({ array, jobs, multipliers, rows, columns }: Design): string {
  const { kind, weightBits } = array;
  const values = {
    binary: 'signs (-1, +1), 1 bit each',
    ternary: 'ternary (-1, 0, +1), 2 bits each',
    pow2: `signed powers of two and 0, ${weightBits} bits each`,
    int: `int${weightBits}`,
  }[kind];
  const isPlaned = jobs.some(({ sums, outputs }) => sums !== outputs);
  const { paired, recoded } = countElements({ rows, columns, ...(multipliers && { multipliers }) });
  const elements = rows * columns;
  const notes = [
    paired > 0 ? `multiplied by ${paired} of the ${elements} elements two to a DSP block` : '',
    recoded > 0 && paired === 0
      ? `multiplied by ${elements - recoded} of the ${elements} elements and recoded to digits by the others`
      : recoded > 0
        ? `recoded to digits by ${recoded}`
        : '',
  ];
  const note = notes.map((text) => (text === '' ? '' : `, ${text}`)).join('');
  return (isPlaned ? `planes of ${values}` : values) + note;
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

/** How the array works, in words. */
function worksNote(design: Design): string {
  const { rows, columns, name, array } = design;
  if (isStationary(design)) {
    const { sequences, tileCycles } = design.stationary;
    return (
      `The array has ${rows} rows and ${columns} column(s) of elements that each hold a weight: a row is an operand, a ` +
      `column an output. Activations of ${sequences} sequence(s) move east, one sequence per cycle, and sums move south; ` +
      `the next tile's weights shift in behind, so that a tile takes ${tileCycles} cycles and a weight is read once for ` +
      `all sequences. \`${name}_sequencer\` goes through a block of ${columns} outputs tile by tile; sums of tiles add up ` +
      `at the foot of the columns. Finished ones drain one a cycle, sequence by sequence, outputs unit by unit, gates ` +
      `i, f, g, o; one lane turns each into a gate and every fourth into c and h, while the array works on the ` +
      `next blocks.`
    );
  }
  const operands = array.pack > 1 ? `a word of ${array.pack} operands` : 'one operand';
  return (
    `The array has ${rows} rows and ${columns} column(s). A column works on one sequence: activations enter at\n` +
    `the top and move down one row per cycle, so that row r is r cycles behind row 0 and finished sums leave\n` +
    `one row per cycle. \`${name}_sequencer\` issues ${operands} per cycle: ${foldNote(design)}\n` +
    `Rows come unit by unit, gates i, f, g, o; the lane behind the column turns each sum into a gate and every\n` +
    `fourth into c and h, while the array works on the next fold.`
  );
}

export function readmeView(design: Design, netlist: Netlist, figures: ProjectFigures): object {
  const { input } = design;
  const most = activationMax(design.scheme);
  const isValue = design.headOutput === 'value';
  const texts = streamTexts(design);
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
    works: worksNote(design),
    hasControl: design.control === 'axi-lite',
    isLoaded: design.weights === 'ram',
    ...streamNotes(design),
    weights: weightNote(design),
    accWidth: String(design.accBits),
    sequences: String(sequencesOf(design)),
    cyclesPerStep: figures.cyclesPerStep.toFixed(1),
    utilization: (100 * figures.utilization).toFixed(1),
    ...texts,
    ports: portRows(design, texts),
    diagram: DIAGRAM,
    hasIdle: Object.keys(idleModules(netlist)).length > 0,
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
