/** Where a design that runs whole sequences keeps their h. */
import type { Design, Direction, SequenceMemory } from './design.js';

/** Steps of the longest sequence where no option says otherwise. */
export const DEFAULT_MAX_STEPS = 64;
/** Beyond, memories would outgrow any FPGA. */
export const MOST_MAX_STEPS = 65536;

interface HiddenShape {
  readonly layers: Design['layers'];
  readonly array: Pick<Design['array'], 'pack'>;
}

function wordsOf({ array }: HiddenShape, hiddenSize: number): number {
  return Math.ceil(hiddenSize / array.pack);
}

/** Words of h of a step in the layers of one parity: of the widest, since a layer only reads the one below. */
function areaWords(shape: HiddenShape, parity: number): number {
  const words = shape.layers.map(
    ({ hiddenSize, isBidirectional }, layer) =>
      (layer % 2 === parity ? 1 : 0) * wordsOf(shape, hiddenSize) * (isBidirectional ? 2 : 1),
  );
  return Math.max(...words);
}

/**
 * First word of a direction's h among those of its step. Even and odd layers have their own place, so that
 * a layer can read the one below while it writes, however many there are.
 */
export function hiddenSlot(
  shape: HiddenShape,
  { layer, direction }: { readonly layer: number; readonly direction?: Direction },
): number {
  const area = layer % 2 === 0 ? 0 : areaWords(shape, 0);
  return direction === undefined ? area : area + wordsOf(shape, shape.layers[layer].hiddenSize);
}

export function planSequence(
  shape: HiddenShape,
  inputWords: number,
  maxSteps: number,
): SequenceMemory {
  return { maxSteps, inputWords, hiddenWords: areaWords(shape, 0) + areaWords(shape, 1) };
}

/** Whether a model needs whole sequences. */
export function isBidirectional({
  layers,
}: {
  readonly layers: readonly { readonly backward?: unknown }[];
}): boolean {
  return layers.some(({ backward }) => backward !== undefined);
}
