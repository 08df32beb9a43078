/** What a design is and takes and gives, in words: for the top module's header and the README. */
import type { SequenceLayer } from '../integer/sequence.js';
import type { IntegerDesign } from './design.js';
import { memoryFiles } from './memories.js';

function layerSizes(layer: SequenceLayer): string {
  const isBoth = 'forward' in layer;
  const { inputSize, cellSize, outputSize, projection } = isBoth ? layer.forward : layer;
  const cells = isBoth ? `2 x ${cellSize}` : String(cellSize);
  const projected = projection === null ? '' : ` -> ${isBoth ? '2 x ' : ''}${outputSize}`;
  return `${inputSize} -> ${cells}${projected}`;
}

/** The machine in a sentence. */
export function purposeOf({ layers, head, widths, rows }: IntegerDesign): string {
  const sizes = layers.map(layerSizes).join(', ');
  const end =
    head === null
      ? ''
      : `, head of ${head.classes} ${head.output === 'class' ? 'classes' : 'values'}`;
  return `Integer LSTM ${sizes}${end}; ${widths.data}-bit activations, ${rows} processing elements.`;
}

/** What a beat of s_axis is, and how many a step has. */
export function inputNote({ input, inputSize }: IntegerDesign): string {
  if (input === null) return `the elements of x, ${inputSize} a step, one a beat`;
  if (input.kind !== 'features') return 'the number of a symbol a step';
  return `the numbers of a step's features (${input.tables.map(({ name }) => name).join(', ')}), one a beat`;
}

/** What a beat of m_axis is. */
export function resultNote({ head, outputSize }: IntegerDesign): string {
  if (head === null) return `the elements of h of the last layer, ${outputSize} beats`;
  if (head.output === 'class')
    return `the number of the class with the largest sum of ${head.classes}`;
  return `the head's ${head.classes === 1 ? 'sum' : `${head.classes} sums`}, ${head.scale} a unit`;
}

/** What the program is run for. */
export function flowNote({ flow, maxSteps, name }: IntegerDesign): string {
  const { program } = memoryFiles(name);
  return flow === 'steps'
    ? `// Every step runs the program in ${program}, operation by operation:`
    : `// Sequences have ${maxSteps} steps at most; a longer one is cut in pieces. Each runs the program in ${program},\n` +
        '// a phase of it for every step that the phase walks over:';
}

/** What makes x of a series' values, and real values of the head's sums: the host's part. */
export function hostNotes({ values, head, widths }: IntegerDesign): string[] {
  const notes: string[] = [];
  if (values !== null) {
    const { mean, gain, scale, zeroPoint } = values;
    const limit = 2 ** (widths.data - 1);
    notes.push(
      `x = clamp(${-limit}, ${limit - 1}, round((value - mean) * gain / ${scale}) + ${zeroPoint}) in float32, ties away ` +
        `from zero; of the channels in order, mean is ${mean.join(', ')}, gain ${gain.join(', ')}.`,
    );
  }
  if (head?.output === 'value') notes.push(`A sum stands for the real number sum * ${head.scale}.`);
  return notes;
}
