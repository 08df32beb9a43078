/** View-models of a weight-stationary design: the top module and its array. */
import { indexBits } from '../design/bits.js';
import { beatsPerStep, lstmJobs, type Design } from '../design/design.js';
import { squashStore, tanhStore } from '../design/lookup.js';
import { usesSquash, usesTanh } from '../design/memory-plan.js';
import {
  groupUnits,
  hiddenTiles,
  mostGroupBlocks,
  sequenceBits,
  type StationaryDesign,
} from '../design/stationary.js';
import { laneParameters } from './column-view.js';
import { laneLeaves } from './lane-leaves.js';
import { extend, literal, msb, packedLiteral } from './literal.js';
import { memoryFiles, squashFile } from './memories.js';
import { embeddingRowFile } from './stationary-memories.js';
import { layerSizes } from './top-view.js';
import { beatBits, depthOf, inputBits, resultBits, widths } from './widths.js';

/** Field widths of a weight-stationary design. */
export interface StationaryWidths {
  readonly sequence: number;
  /** Row of the array; column. */
  readonly row: number;
  readonly column: number;
  /** Block of a group; of a job. */
  readonly group: number;
  readonly block: number;
  /** Tile of x in a row's memory; of h, both banks; whichever is wider. */
  readonly inputTile: number;
  readonly hiddenTile: number;
  readonly tile: number;
  /** Address of x in a row's memory: of an embedding, token and tile. */
  readonly inputAddr: number;
  readonly hiddenAddr: number;
  readonly layer: number;
  readonly rowAddr: number;
  readonly weight: number;
  readonly cycle: number;
}

export function stationaryWidths(design: StationaryDesign): StationaryWidths {
  const { rows, columns, jobs, layers, input, stationary } = design;
  const sequence = sequenceBits(design);
  const inputTile = indexBits(Math.ceil(layers[0].inputSize / rows));
  const hiddenTile = indexBits(2 * hiddenTiles(design, layers.length));
  return {
    sequence,
    row: indexBits(rows),
    column: indexBits(columns),
    group: indexBits(mostGroupBlocks(design)),
    block: indexBits(Math.max(...jobs.map(({ folds }) => folds))),
    ...{ inputTile, hiddenTile, tile: Math.max(inputTile, hiddenTile) },
    inputAddr: input.kind === 'tokens' ? input.tokenBits + inputTile : 1 + inputTile + sequence,
    hiddenAddr: hiddenTile + sequence,
    layer: indexBits(lstmJobs(design).length),
    rowAddr: indexBits(depthOf(design, 'rows')),
    weight: indexBits(depthOf(design, 'weights')),
    cycle: indexBits(stationary.tileCycles),
  };
}

/** What a sum takes with it from column to column. */
function sumTagView(w: StationaryWidths, columns: number): object {
  const width = w.sequence + 1 + w.group + 3;
  const last = w.sequence + 1 + w.group;
  return {
    sumTagWidth: String(width),
    sumTagMsb: msb(width),
    sumTagsMsb: msb((columns + 1) * width),
    placeWidth: String(1 + w.group),
    lastBit: String(last),
    firstBit: String(last + 1),
    validBit: String(last + 2),
  };
}

function inputView(design: StationaryDesign, w: StationaryWidths): object {
  const { input } = design;
  const isToken = input.kind === 'tokens';
  const beats = beatsPerStep(design);
  const loadIndex = isToken ? w.sequence : indexBits(beats);
  const used = isToken ? input.tokenBits : design.array.activationBits;
  const operand = Math.max(w.inputAddr, w.hiddenAddr);
  const bits = inputBits(design);
  const unused = bits > used ? [`s_axis_tdata[${bits - 1}:${used}]`] : [];
  return {
    isToken,
    inputMsb: msb(bits),
    loadIndexWidth: String(loadIndex),
    loadIndexMsb: msb(loadIndex),
    lastBeat: literal(beats - 1, loadIndex),
    hasUnusedInput: unused.length > 0,
    unusedInput: unused.join(', '),
    inputTileWidth: String(w.inputTile),
    inputTileMsb: msb(w.inputTile),
    inputAddrWidth: String(w.inputAddr),
    inputAddrMsb: msb(w.inputAddr),
    zeroInputAddr: literal(0, w.inputAddr),
    inputDepth: String(depthOf(design, isToken ? 'embedding' : 'input')),
    tokenWidth: String(isToken ? input.tokenBits : 1),
    tokenMsb: msb(isToken ? input.tokenBits : 1),
    tokenDepth: String(isToken ? depthOf(design, 'tokens') : 2),
    tokenAddrWidth: String(1 + w.sequence),
    issueTileOfX: extend('issue_tile', w.tile, w.inputTile),
    issueTileOfH: extend('issue_tile', w.tile, w.hiddenTile),
    operandWidth: String(operand),
    operandMsb: msb(operand),
    xAsOperand: extend('x_addr', w.inputAddr, operand),
    hAsOperand: extend('h_addr', w.hiddenAddr, operand),
  };
}

function laneView(design: StationaryDesign, w: StationaryWidths): object {
  const { layers, stationary } = design;
  const names = memoryFiles(design.name);
  const unit = indexBits(depthOf(design, 'cell'));
  const units = layers.map(({ hiddenSize }) => hiddenSize);
  const layerUnit = indexBits(Math.max(...units));
  const group = groupUnits(design);
  const groupUnit = indexBits(group);
  const before = (l: number): number => units.slice(0, l).reduce((sum, n) => sum + n, 0);
  return {
    laneParameters: laneParameters(design).map(({ name, value }) => ({
      name,
      value: value === 'ACC_WIDTH' ? String(design.accBits) : value,
    })),
    shiftMin: String(design.shiftMin),
    selectWidth: String(design.shiftBits),
    layerCount: String(layers.length),
    units: String(depthOf(design, 'cell')),
    unitWidth: String(unit),
    isValue: design.headOutput === 'value',
    // Cells lie in the order in which they drain: as if a layer had all sequences' units.
    cellBases: packedLiteral(
      layers.map((_, l) => stationary.sequences * before(l)),
      unit,
    ),
    hasTanhFile: usesTanh(design) && tanhStore(design.scheme) !== undefined,
    tanhFile: names.tanh,
    hasSquashFile: usesSquash(design) && squashStore(design.scheme) !== undefined,
    squashFile: usesSquash(design) && squashFile(design) ? names.squash : names.tanh,
    groupUnitWidth: String(groupUnit),
    lastOfGroup: literal(group - 1, groupUnit),
    layerUnitWidth: String(layerUnit),
    lastUnits: packedLiteral(
      units.map((n) => n - 1),
      layerUnit,
    ),
    tileBases: packedLiteral(
      layers.map((_, l) => hiddenTiles(design, l)),
      w.hiddenTile,
    ),
    bankTiles: literal(hiddenTiles(design, layers.length), w.hiddenTile),
  };
}

function inputNote(design: StationaryDesign): string {
  const { input, stationary, array } = design;
  const { sequences } = stationary;
  if (input.kind === 'tokens') {
    return `${sequences} beat(s) per step, the token of one sequence after the other in bits ${input.tokenBits - 1} .. 0.`;
  }
  const format = array.activationBits === 8 ? 'signed Q0.7' : '-1, 0 or +1, signed';
  return (
    `${beatsPerStep(design)} beats per step: of each element of x, in order, that of one sequence after the other, ` +
    `${format}.`
  );
}

/** The modules of the array's elements, dependencies first. */
export function stationaryElements({ array, multipliers }: Design): string[] {
  if (array.kind === 'ternary') return ['hg_pe_stationary_ternary'];
  return multipliers?.dsp === 0
    ? ['hg_digit_product', 'hg_multiply_add', 'hg_pe_stationary_recoded']
    : ['hg_pe_stationary_int'];
}

export function stationaryTopView(design: StationaryDesign, header: string): object {
  const w = stationaryWidths(design);
  const { rows, columns, array, stationary, accBits } = design;
  const names = memoryFiles(design.name);
  const classBits = resultBits(design);
  const outputBits = beatBits(classBits);
  const { weightBits, activationBits } = array;
  const { rowWord } = widths(design);
  const what =
    design.headOutput === 'value' ? 'value, signed Q6.9,' : `class, in bits ${classBits - 1} .. 0,`;
  // first, last, half; block; closes; last column; four flags of the group, and whether it is of the head.
  const tag = 3 + w.group + 1 + w.column + 5 + w.layer;
  return {
    header,
    module: design.name,
    purpose:
      `${design.scheme.name} LSTM, ${layerSizes(design)} units, ` +
      `${design.headOutput === 'value' ? 'one value' : `${design.classes} classes`}, on a ${rows} x ${columns} ` +
      `weight-stationary array, ${stationary.sequences} sequence(s) in lockstep.`,
    inputNote: inputNote(design),
    outputNote:
      `${stationary.sequences} beat(s) per ${design.headWhen === 'every-step' ? 'step' : 'sequence'}, the ${what} of one ` +
      'sequence after the other.',
    outputMsb: msb(outputBits),
    sequenceWidth: String(w.sequence),
    sequenceMsb: msb(w.sequence),
    lastSequence: literal(stationary.sequences - 1, w.sequence),
    rowWidth: String(w.row),
    rowMsb: msb(w.row),
    lastRow: literal(rows - 1, w.row),
    columnWidth: String(w.column),
    columnMsb: msb(w.column),
    fullColumn: literal(columns - 1, w.column),
    groupWidth: String(w.group),
    groupMsb: msb(w.group),
    tileMsb: msb(w.tile),
    layerWidth: String(w.layer),
    layerMsb: msb(w.layer),
    weightWidth: String(w.weight),
    weightMsb: msb(w.weight),
    weightDepth: String(depthOf(design, 'weights')),
    weightsMsb: msb(columns * weightBits),
    codeWidth: String(weightBits),
    ...inputView(design, w),
    hiddenWidth: String(w.hiddenAddr),
    hiddenMsb: msb(w.hiddenAddr),
    hiddenTileWidth: String(w.hiddenTile),
    hiddenTileMsb: msb(w.hiddenTile),
    hiddenDepth: String(depthOf(design, 'hidden')),
    actWidth: String(activationBits),
    actMsb: msb(activationBits),
    zeroAct: literal(0, activationBits),
    actsMsb: msb(rows * activationBits),
    psumWidth: String(stationary.tileBits),
    psumsMsb: msb(columns * stationary.tileBits),
    accWidth: String(accBits),
    accMsb: msb(accBits),
    sumsMsb: msb(columns * accBits),
    tagWidth: String(tag),
    ...sumTagView(w, columns),
    rowAddrWidth: String(w.rowAddr),
    rowAddrMsb: msb(w.rowAddr),
    rowWordWidth: String(rowWord),
    rowWordMsb: msb(rowWord),
    rowDepth: String(depthOf(design, 'rows')),
    rowFile: names.rows,
    drainMsb: msb(7 + w.layer),
    zeroDrain: `{${7 + w.layer}{1'b0}}`,
    ...laneView(design, w),
    classWidth: String(classBits),
    classMsb: msb(classBits),
    isPadded: outputBits > classBits,
    classPad: outputBits > classBits ? literal(0, outputBits - classBits) : '',
    columnCount: String(columns),
    rowCount: String(rows),
    columns: Array.from({ length: columns }, (_, column) => ({
      column: String(column),
      next: String(column + 1),
      file: names.weights(column),
      high: String((column + 1) * weightBits - 1),
      low: String(column * weightBits),
    })),
    rows: Array.from({ length: rows }, (_, row) => ({
      row: String(row),
      next: String(row + 1),
      number: literal(row, w.row),
      file: embeddingRowFile(design.name, row),
      high: String((row + 1) * activationBits - 1),
      low: String(row * activationBits),
    })),
  };
}

export function stationaryArrayView(design: StationaryDesign, header: string): object {
  const elements = stationaryElements(design);
  return {
    header,
    module: `${design.name}_array`,
    rowCount: String(design.rows),
    pe: elements[elements.length - 1],
    hasWeightWidth: design.array.kind === 'int',
  };
}

/** Leaf modules that a weight-stationary design instantiates, dependencies first. */
export function stationaryLeaves(design: StationaryDesign): string[] {
  const { input } = design;
  const choices: readonly (readonly [boolean, string])[] = [
    [true, 'hg_rom'],
    [true, 'hg_ram'],
    [true, 'hg_weight_bank'],
    ...stationaryElements(design).map((name) => [true, name] as const),
    [true, 'hg_operand_row'],
    [true, 'hg_tile_tags'],
    [true, 'hg_tile_sums'],
    [true, 'hg_drain_groups'],
    ...laneLeaves(design).map((name) => [true, name] as const),
    [true, 'hg_hidden_place'],
    [true, 'hg_stream_in'],
    [input.kind === 'dense', 'hg_input_place'],
    [true, 'hg_results'],
  ];
  return choices.flatMap(([isUsed, name]) => (isUsed ? [name] : []));
}
