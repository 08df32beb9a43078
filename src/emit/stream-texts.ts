/** What the beats of a design's streams hold, in words. */
import { activationMax } from '../quant/quantized-model.js';
import { beatFields, beatsPerResult, beatsPerStep, type Design } from '../design/design.js';
import { isStationary, type StationaryDesign } from '../design/stationary.js';
import { beatBits, inputBits, resultBits } from './widths.js';

export interface StreamTexts {
  /** What a column's field of s_axis_tdata holds. */
  readonly inputData: string;
  readonly inputBeats: string;
  /** What a column's field of m_axis_tdata holds. */
  readonly outputData: string;
  readonly outputBeats: string;
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

/** Beats of sequences in lockstep: one field each, one sequence after the other. */
function lockstepTexts(design: StationaryDesign): StreamTexts {
  const { input, headWhen, headOutput, classes } = design;
  const { sequences } = design.stationary;
  const most = activationMax(design.scheme);
  const isToken = input.kind === 'tokens';
  return {
    inputData: isToken
      ? `token of one sequence (0..${input.vocabSize - 1})`
      : `one element of x of one sequence, signed, -${most}..${most}`,
    inputBeats:
      `${beatsPerStep(design)} per step, ` +
      (isToken ? 'one sequence' : 'elements in order, of each one sequence') +
      ' after the other',
    outputData:
      headOutput === 'value'
        ? 'value of one sequence, signed Q6.9'
        : `class of one sequence (0..${classes - 1})`,
    outputBeats: `${sequences} per ${headWhen === 'every-step' ? 'step' : 'sequence'}, one sequence after the other`,
  };
}

export function streamTexts(design: Design): StreamTexts {
  if (isStationary(design)) return lockstepTexts(design);
  const bits = beatBits(resultBits(design));
  const result =
    design.headOutput === 'value'
      ? 'value of sequence n, signed Q6.9,'
      : `class of sequence n (0..${design.classes - 1})`;
  return {
    ...inputTexts(design.input, inputBits(design), activationMax(design.scheme)),
    outputData: `${result} in bits ${bits} n + ${bits - 1} .. ${bits} n`,
    outputBeats: design.headWhen === 'every-step' ? '1 per step' : '1 per sequence',
  };
}

export interface StreamShapes {
  /** Of tdata. */
  readonly inputBits: number;
  readonly outputBits: number;
  /** What a field is, and how many beats there are, in few words. */
  readonly inputLines: readonly string[];
  readonly outputLines: readonly string[];
}

export function streamShapes(design: Design): StreamShapes {
  const { input } = design;
  const columns = beatFields(design);
  const results = beatsPerResult(design);
  const fields = (what: string): string => (columns > 1 ? `${columns} x ${what}` : what);
  const beats = {
    tokens: [
      'token',
      beatsPerStep(design) === 1 ? '1 beat per step' : `${beatsPerStep(design)} beats per step`,
    ],
    features: ['feature', `${beatsPerStep(design)} beats per step`],
    dense: ['element of x', `${beatsPerStep(design)} beats per step`],
  }[input.kind];
  return {
    inputBits: columns * inputBits(design),
    outputBits: columns * beatBits(resultBits(design)),
    inputLines: [fields(beats[0]), beats[1]],
    outputLines: [
      fields(design.headOutput === 'value' ? 'value' : 'class'),
      `${results} ${results === 1 ? 'beat' : 'beats'} per ${design.headWhen === 'every-step' ? 'step' : 'sequence'}`,
    ],
  };
}
