/** The parts of a weight-stationary design in front of its lane. */
import { indexBits } from '../design/bits.js';
import { elementsPerStep, type MemorySpec } from '../design/design.js';
import {
  hiddenTiles,
  mostGroupBlocks,
  sequenceBits,
  type StationaryStructure,
} from '../design/stationary.js';
import type { ParameterValues, Primitive } from './primitives.js';

/** How parts are counted: so many of a primitive, or the memories of a role. */
export interface PartList {
  logic(
    path: readonly string[],
    primitive: Primitive,
    count?: number,
    more?: ParameterValues,
  ): void;
  store(path: readonly string[], role: MemorySpec['role']): void;
}

function elementOf({ array, multipliers }: StationaryStructure): Primitive {
  if (array.kind === 'ternary') return 'pe-stationary-ternary';
  return multipliers?.dsp === 0 ? 'pe-stationary-recoded' : 'pe-stationary-int';
}

export function stationaryParts(design: StationaryStructure, { logic, store }: PartList): void {
  const { rows, columns, jobs, input, layers, stationary } = design;
  const bits = sequenceBits(design);
  const blocks = indexBits(mostGroupBlocks(design));
  const isDense = input.kind === 'dense';
  const inputTile = indexBits(Math.ceil(layers[0].inputSize / rows));
  const xBits = isDense ? 1 + inputTile + bits : input.tokenBits + inputTile;
  const hBits = indexBits(2 * hiddenTiles(design, layers.length)) + bits;
  logic(['control', 'sequencer'], 'stationary-sequencer', 1, {
    kBits: indexBits(stationary.tileCycles),
    foldBits: indexBits(Math.max(...jobs.map(({ folds }) => folds))),
  });
  logic(['control', 'tiles, groups, places'], 'stationary-edges', 1, { sequenceBits: bits });
  const beats = indexBits(elementsPerStep(design) * stationary.sequences);
  logic(['control', 'input stream'], 'input-stream', 1, { indexBits: beats });
  logic(['control', 'output stream'], 'output-stream');
  store(['control', 'results'], 'results');
  logic(['weights', 'address pipeline'], 'weight-bank', columns);
  store(['weights', 'banks'], 'weights');
  logic(['array', 'operand select'], 'operand-row', rows, { hiddenBits: Math.max(xBits, hBits) });
  logic(['array', 'processing elements'], elementOf(design), rows * columns, {
    accBits: stationary.tileBits,
  });
  logic(['array', 'sums', 'adders'], 'tile-sums', columns, {
    sequenceBits: bits,
    foldBits: blocks,
  });
  store(['array', 'sums', 'memories'], 'partial');
  // One sum of a row of columns, as the drain of a column picks one of its rows.
  logic(['array', 'drain multiplexer'], 'drain-mux', 1, {
    rows: columns,
    rowSelectBits: indexBits(columns),
  });
  if (isDense) {
    store(['input', 'buffer'], 'input');
  } else {
    store(['input', 'tokens'], 'tokens');
    store(['input', 'embedding'], 'embedding');
  }
  store(['hidden', 'state'], 'hidden');
}
