/** The emitted project: Verilog, testbench with golden vectors, scripts and a README, as files in memory. */
import { packageVersion } from '../package-root.js';
import { bitsOf, hexWord, msb } from '../emit/literal.js';
import { render } from '../emit/render.js';
import type { IntegerDesign } from './design.js';
import { emitInteger, integerDesignId, integerHeader } from './emit.js';
import { type Beat, expectedRun, type IntegerSequences, type Write } from './golden.js';
import { CELLS } from './program.js';
import { simulateInteger } from './simulate.js';
import { hostNotes, inputNote, purposeOf, resultNote } from './notes.js';

export interface IntegerTestbench {
  /** Module name. */
  readonly top: string;
  /** tb_*.v and the *.hex files it reads. */
  readonly files: Readonly<Record<string, string>>;
}

function hexLines(words: readonly bigint[], width: number): string {
  return `${words.map((word) => hexWord(word, width)).join('\n')}\n`;
}

function beatLines(beats: readonly Beat[], bits: number): string {
  const words = beats.map(
    ({ value, isLast }) => bitsOf(value, bits) | (BigInt(isLast) << BigInt(bits)),
  );
  return hexLines(words, bits + 1);
}

function writeWord({ memory, region, index, value }: Write, { widths }: IntegerDesign): bigint {
  const top = (BigInt(memory === 'states') << BigInt(widths.region)) | BigInt(region);
  return (((top << BigInt(widths.index)) | BigInt(index)) << 16n) | bitsOf(value, 16);
}

/** The self-checking testbench of a design, for these sequences. */
export function emitIntegerTestbench(
  design: IntegerDesign,
  sequences: IntegerSequences,
): IntegerTestbench {
  const { name, widths } = design;
  const top = `tb_${name}`;
  const run = expectedRun(design, sequences);
  const { outputCycles } = simulateInteger(design, run.workload);
  const file = (what: string): string => `${top}_${what}.hex`;
  const template = 'integer_testbench.v.hbs';
  const lastCycle = outputCycles[outputCycles.length - 1] ?? 0;
  const writeWidth = 1 + widths.region + widths.index + 16;
  const view = {
    header: integerHeader(design, template, integerDesignId(design)),
    module: top,
    top: name,
    beats: String(run.inputs.length),
    results: String(run.outputs.length),
    writes: String(run.writes.length),
    timeout: String(16 * (lastCycle + 1) + 64 * run.inputs.length + 1000),
    beatWidth: String(widths.beat),
    beatMsb: msb(widths.beat),
    resultWidth: String(widths.result),
    resultMsb: msb(widths.result),
    writeMsb: msb(writeWidth),
    cells: String(CELLS),
    beatFile: file('beats'),
    resultFile: file('results'),
    cycleFile: file('cycles'),
    writeFile: file('writes'),
  };
  return {
    top,
    files: {
      [`${top}.v`]: render(template, view),
      [file('beats')]: beatLines(run.inputs, widths.beat),
      [file('results')]: beatLines(run.outputs, widths.result),
      [file('cycles')]: hexLines(outputCycles.map(BigInt), 32),
      [file('writes')]: hexLines(
        run.writes.map((write) => writeWord(write, design)),
        writeWidth,
      ),
    },
  };
}

/** Steps of the sequence whose cycles the README tells where layers run over whole ones. */
const README_STEPS = 16;

function readmeView(design: IntegerDesign, id: string): object {
  const { flow, maxSteps, widths, head, input, outputs } = design;
  const isWhole = flow === 'sequences';
  const steps = isWhole ? Math.min(README_STEPS, maxSteps) : 1;
  const timing = simulateInteger(design, { sequences: [steps] });
  return {
    top: design.name,
    id,
    version: packageVersion(),
    purpose: purposeOf(design),
    flowNote: isWhole
      ? `Sequences have ${maxSteps} steps at most; a longer one is cut in pieces. Operations of a phase run once for every step it walks over.`
      : 'These operations are one step; sequences may be of any length.',
    operations: design.operations.map(({ title, count, operands }, n) => ({
      title,
      count: String(count),
      operands: operands === 0 ? '' : String(operands),
      cycles: String(timing.operations[n].cycles),
    })),
    cyclesPerStep: String(Math.round(timing.cyclesPerStep)),
    cyclesNote: isWhole ? ` in the mean over a sequence of ${steps}` : '',
    utilization: (100 * timing.utilization).toFixed(1),
    beatWidth: String(widths.beat),
    beatSign: input === null ? 'signed' : 'unsigned',
    inputNote: inputNote(design),
    hostNotes: hostNotes(design),
    resultWidth: String(widths.result),
    resultSign: head?.output === 'class' ? 'unsigned' : 'signed',
    resultNote: resultNote(design),
    outputsNote:
      outputs === 'every-step' ? 'after every step' : 'after the last step of a sequence',
  };
}

/** Path inside the project -> text. Pure: the same design and sequences give the same bytes. */
export function emitIntegerProject(
  design: IntegerDesign,
  sequences: IntegerSequences,
): Readonly<Record<string, string>> {
  const netlist = emitInteger(design);
  const testbench = emitIntegerTestbench(design, sequences);
  const files: Record<string, string> = {};
  files['README.md'] = render('integer_README.md.hbs', readmeView(design, netlist.designId));
  files['files.f'] = `${netlist.sources.map((file) => `rtl/${file}`).join('\n')}\n`;
  for (const [file, text] of Object.entries(netlist.files)) files[`rtl/${file}`] = text;
  for (const [file, text] of Object.entries(testbench.files)) files[`sim/${file}`] = text;
  files['sim/simulate.sh'] = render('integer_simulate.sh.hbs', { testbench: testbench.top });
  const scripts = { top: design.name, sources: [...netlist.sources] };
  files['synth/ice40.ys'] = render('ice40.ys.hbs', scripts);
  files['synth/vivado.tcl'] = render('vivado.tcl.hbs', scripts);
  return files;
}
