/** Operations as words of the program memory. */
import { bitsOf } from '../emit/literal.js';
import type { IntegerDesign, Operation } from './design.js';
import { tableShift } from './widths.js';

export interface Field {
  readonly name: string;
  readonly width: number;
  readonly isSigned: boolean;
  /** First bit in the program word; undefined where all operations share the value. */
  readonly low: number | undefined;
  /** Of each operation. */
  readonly values: readonly number[];
}

export interface ProgramLayout {
  readonly fields: readonly Field[];
  /** Of a word, at least 1. */
  readonly width: number;
}

type Column = readonly [name: string, width: number, value: (operation: Operation) => number];

/** Nothing times 0 needs a shift; statistics take the product as it is. */
function selectOf({ kind, scale }: Operation, shiftMin: number): number {
  if (kind === 'statistics' || kind === 'output') return 0;
  const isNothing =
    (kind === 'matrix' || kind === 'product' || kind === 'wide') && scale.multiplier === 0;
  return isNothing ? 0 : scale.shift - shiftMin;
}

/** What the activation is told, by flavour. */
function activationColumns({ activation, widths }: IntegerDesign): Column[] {
  if (activation === 'lut256') {
    const { shift, shiftMin } = widths.activation;
    return [['shift', shift, (operation) => tableShift(operation) - shiftMin]];
  }
  return [
    // Those of the exponent: of -z, or of -2z for tanh.
    [
      'exponent_bits',
      3,
      ({ activation, integerBits }) => integerBits + Number(activation === 'tanh'),
    ],
    ['align', widths.activation.align, ({ alignment }) => alignment],
  ];
}

/** Which operations a step leaves out, or how phases walk over whole sequences. */
function flowColumns({ flow, outputs, widths: { base } }: IntegerDesign): Column[] {
  if (flow === 'steps') {
    const isEnd = ({ kind, writes }: Operation): boolean =>
      kind === 'output' || writes === 'result';
    return [['skip', 1, (operation) => Number(isEnd(operation) && outputs === 'last-step')]];
  }
  return [
    ['end', 1, ({ isPhaseEnd }) => Number(isPhaseEnd)],
    ['forward', 1, ({ phase }) => Number(phase.walk === 'forward')],
    ['once', 1, ({ phase }) => Number(phase.walk === 'once')],
    ['input_start', base, ({ phase }) => phase.inputStart],
    ['input_stride', base, ({ phase }) => phase.inputStride],
    ['output_start', base, ({ phase }) => phase.outputStart],
    ['output_stride', base, ({ phase }) => phase.outputStride],
    ['column', base, ({ phase }) => phase.column],
    ['keep', 1, ({ isKept }) => Number(isKept)],
    ['from_sequence', 1, ({ source }) => Number(source === 'sequence' || source === 'kept')],
    ['from_kept', 1, ({ source }) => Number(source === 'kept')],
  ];
}

function columnsOf(design: IntegerDesign): Column[] {
  const { head, widths } = design;
  const headColumn: Column = ['result', 1, ({ writes }) => Number(writes === 'result')];
  return [
    ['matrix', 1, ({ kind }) => Number(kind === 'matrix')],
    ['statistics', 1, ({ kind }) => Number(kind === 'statistics')],
    ['scalar', 1, ({ kind }) => Number(kind === 'scalar')],
    ['center', 1, ({ kind }) => Number(kind === 'center')],
    ['weigh', 1, ({ kind }) => Number(kind === 'weigh')],
    ['wide', 1, ({ kind }) => Number(kind === 'weigh' || kind === 'wide')],
    ['output', 1, ({ kind }) => Number(kind === 'output')],
    ['input', 1, ({ isFirst }) => Number(isFirst)],
    ['release', 1, ({ isReleasing }) => Number(isReleasing)],
    ...flowColumns(design),
    ...(head === null ? [] : [headColumn]),
    ['last', widths.count, ({ count }) => count - 1],
    ['operands', widths.operand, ({ operands }) => Math.max(0, operands - 1)],
    ['from_input', 1, ({ source }) => Number(source === 'input')],
    ['old', 1, ({ isOld }) => Number(isOld)],
    ['a', widths.region, ({ a }) => a],
    ['b', widths.region, ({ b }) => b],
    ['base', widths.region, ({ base }) => base],
    ['dest', widths.region, ({ dest }) => dest],
    ['weight', 1, ({ isWeighted }) => Number(isWeighted)],
    ['complement', 1, ({ isComplement }) => Number(isComplement)],
    ['multiplier', 31, ({ scale }) => scale.multiplier],
    ['select', widths.select, (operation) => selectOf(operation, widths.shiftMin)],
    ['pre', 1, ({ scale }) => Number(scale.isPreRounded)],
    ['away', 1, ({ scale }) => Number(scale.isTieAway)],
    ['presaturate', 1, ({ isPresaturated }) => Number(isPresaturated)],
    ['add', 1, ({ isAdding }) => Number(isAdding)],
    ['offset', -16, ({ offset }) => offset],
    ['low', -16, ({ low }) => low],
    ['high', -16, ({ high }) => high],
    ['activate', 1, ({ activation }) => Number(activation !== 'none')],
    ['tanh', 1, ({ activation }) => Number(activation === 'tanh')],
    ...activationColumns(design),
    ['write_gate', 1, ({ writes }) => Number(writes === 'gate')],
    ['write_state', 1, ({ writes }) => Number(writes === 'state')],
  ];
}

/** Fields of a word from bit 0 up; a negative width in a column stands for a signed field. */
export function layoutOf(design: IntegerDesign): ProgramLayout {
  let width = 0;
  const fields = columnsOf(design).map(([name, signedWidth, value]) => {
    const values = design.operations.map(value);
    const isShared = values.every((v) => v === values[0]);
    const bits = Math.abs(signedWidth);
    const field = {
      ...{ name, width: bits, isSigned: signedWidth < 0, values },
      low: isShared ? undefined : width,
    };
    if (!isShared) width += bits;
    return field;
  });
  return { fields, width: Math.max(1, width) };
}

export function programWords({ fields }: ProgramLayout): bigint[] {
  return fields[0].values.map((_, n) =>
    fields.reduce(
      (word, { low, width, values }) =>
        low === undefined ? word : word | (bitsOf(values[n], width) << BigInt(low)),
      0n,
    ),
  );
}
