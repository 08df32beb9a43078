/** View-model of a column: which elements, which lane, and what lies between. */
import type { ArrayFormat } from '../design/array.js';
import { lstmJobs, usesPlanes, type Design } from '../design/design.js';
import { countElements } from '../design/multipliers.js';
import { directedLayer } from '../design/planes.js';
import { usesSquash, usesTanh } from '../design/memory-plan.js';
import { squashStore, tanhStore } from '../design/lookup.js';
import { cellDecisions, DECISION_BITS, squashShape } from '../design/squash.js';
import { TANH_FORMS } from '../quant/tanh.js';
import { extend, literal, msb, packedLiteral } from './literal.js';
import { isTabled, laneHiddenBits, listBits, packBits, perStream, widths } from './widths.js';

/** Leaf module of an array's elements. */
function peModule({ kind, activationBits }: ArrayFormat): string {
  return activationBits === 2 ? 'hg_pe_popcount' : `hg_pe_${kind}`;
}

const RECODED = 'hg_pe_recoded';
const PAIR = 'hg_pe_int_pair';

/** Leaf modules of the design's elements, and what these are made of, dependencies first. */
export function peModules(design: Design): string[] {
  const { array, multipliers } = design;
  if (multipliers === undefined) return [peModule(array)];
  const { paired, single, recoded } = countElements(design);
  return [
    ...(paired > 0 ? ['hg_product_pair', PAIR] : []),
    ...(single > 0 ? [peModule(array)] : []),
    ...(recoded > 0 ? ['hg_digit_product', 'hg_multiply_add', RECODED] : []),
  ];
}

const FACTOR_KINDS = { one: '0', power: '1', any: '2' } as const;
const GATE_CODES = { int16: '0', level3: '1', binary: '2' } as const;

interface Parameter {
  readonly name: string;
  readonly value: string;
}

function peParameters({ array }: Design): Parameter[] {
  const { kind, weightBits, activationBits, pack } = array;
  if (activationBits === 2) {
    return [
      { name: 'PACK', value: String(pack) },
      { name: 'WEIGHT_BITS', value: String(weightBits) },
    ];
  }
  return [
    { name: 'ACT_WIDTH', value: String(activationBits) },
    ...(kind === 'binary' || kind === 'ternary'
      ? []
      : [{ name: 'WEIGHT_WIDTH', value: 'WEIGHT_WIDTH' }]),
  ];
}

/** What the scheme decides about the lane. */
export function laneParameters(design: Design): Parameter[] {
  const { scheme, model, array, combiner, multiplierBits } = design;
  const { cell, gates, candidate, activations } = scheme;
  const decisions = perStream(
    design,
    lstmJobs(design).map((job) => directedLayer(model, job).hiddenDecision),
    0,
  );
  const parameters: Parameter[] = [
    { name: 'GATES', value: GATE_CODES[gates] },
    { name: 'CANDIDATE_TERNARY', value: candidate === 'ternary' ? '1' : '0' },
    { name: 'ACT_WIDTH', value: String(array.activationBits) },
    { name: 'CELL_BITS', value: String(cell.bits) },
    { name: 'CELL_FRACTION', value: String(cell.fraction) },
  ];
  if (activations === 'ternary' && gates === 'int16') {
    parameters.push({ name: 'HIDDEN_DECISIONS', value: packedLiteral(decisions, DECISION_BITS) });
  }
  if (activations === 'ternary' && gates !== 'int16') {
    const words = decisions.flatMap((decision) => cellDecisions(scheme, decision));
    parameters.push({ name: 'CELL_DECISIONS', value: packedLiteral(words, cell.bits + 1) });
  }
  if (usesSquash(design)) {
    parameters.push({ name: 'SQUASH_WIDTH', value: String(squashShape(scheme).bits) });
  }
  if (scheme.tanh !== undefined && (usesTanh(design) || usesSquash(design))) {
    parameters.push({ name: 'TANH_FORM', value: String(TANH_FORMS.indexOf(scheme.tanh)) });
  }
  parameters.push(
    { name: 'SUM_WIDTH', value: combiner ? 'SUM_WIDTH' : 'ACC_WIDTH' },
    { name: 'MULTIPLIER_WIDTH', value: String(multiplierBits) },
  );
  return parameters;
}

/** What the templates of the column and of the top module ask alike. */
export function structureView(design: Design): object {
  const { scheme, combiner, array, input, sequence, multipliers } = design;
  const hasPasses = combiner?.passes === 2;
  return {
    /** Whether the array has elements of both kinds. */
    hasKinds: (multipliers?.dsp ?? 0) > 0,
    hasPairs: multipliers?.isPaired === true,
    isSequence: sequence !== undefined,
    isDense: input.kind === 'dense',
    hasFeatures: input.kind === 'features',
    combines: combiner !== undefined,
    hasPlanes: usesPlanes(design),
    hasPasses,
    hasFactors: combiner !== undefined && combiner.factors !== 'one',
    isTabled: isTabled(design),
    isCounted: array.activationBits === 2,
    ...sparseFields(design),
    hasTanhFile: usesTanh(design) && tanhStore(scheme) !== undefined,
    hasSquashFile: usesSquash(design) && squashStore(scheme) !== undefined,
    passes: String(combiner?.passes ?? 1),
    actMsb: msb(array.activationBits * array.pack),
    elementWidth: String(array.activationBits),
    packWidth: String(packBits(design)),
  };
}

/** Lists of operands without their zeros, and how an operand's index becomes the address of a weight. */
function sparseFields(design: Design): object {
  const w = widths(design);
  const bits = isTabled(design) ? w.hiddenIndex : Math.max(w.hiddenIndex, w.index);
  const lists = 2 * design.layers.length;
  return {
    isSparse: design.dataflow === 'sparse',
    lists: String(lists),
    listWidth: String(listBits(design)),
    listMsb: msb(listBits(design)),
    hiddenIndexWidth: String(w.hiddenIndex),
    hiddenIndexMsb: msb(w.hiddenIndex),
    indexMsb: msb(w.index),
    operandIndexMsb: msb(bits),
    zeroOperandIndex: literal(0, bits),
    hAsOperandIndex: extend('h_index', w.hiddenIndex, bits),
    xAsOperandIndex: extend('x_index_i', w.index, bits),
    operandIndexAsWeight: extend('operand_index', bits, w.weight),
  };
}

/** Whether a row's layer, of which the first few take their x from a table, is another. */
function untabledLayer(tabled: number, layerBits: number): string {
  if (tabled <= 1) return "drain_layer_q != {LAYER_WIDTH{1'b0}}";
  return tabled >= 2 ** layerBits ? "1'b0" : `drain_layer_q >= ${literal(tabled, layerBits)}`;
}

interface Element {
  readonly pe: string;
  /** Two rows in one. */
  readonly isPair: boolean;
  /** What opens and names its branch, where rows differ. */
  readonly begin: string;
  readonly name: string;
  readonly indent: string;
}

/** What stands in a row: one kind of element; or, from the north, those that share a block, a `*`, and recoded ones. */
function elements(design: Design): Element[] {
  const names = peModules(design).filter((name) => name.startsWith('hg_pe_'));
  if (names.length === 1 && names[0] !== PAIR) {
    return [{ pe: names[0], isPair: false, begin: '', name: '', indent: '' }];
  }
  const isPaired = names.includes(PAIR);
  // Of an odd number the last one is alone.
  const conditions = new Map([
    [PAIR, 'r % 2 == 0 && r + 1 < MULTIPLIERS'],
    [RECODED, 'r >= MULTIPLIERS'],
  ]);
  const alone = isPaired ? 'r % 2 == 0 && r + 1 == MULTIPLIERS' : 'r < MULTIPLIERS';
  const labels = new Map([
    [PAIR, 'g_pair'],
    [RECODED, 'g_recoded'],
  ]);
  return names.map((pe, n) => {
    const condition = conditions.get(pe) ?? alone;
    const isRest = !isPaired && n === names.length - 1;
    return {
      pe,
      isPair: pe === PAIR,
      begin: `${n > 0 ? 'end else ' : ''}${isRest ? '' : `if (${condition}) `}begin`,
      name: labels.get(pe) ?? 'g_multiplier',
      indent: '  ',
    };
  });
}

export function columnView(design: Design, header: string): object {
  const { array, combiner } = design;
  const isSparse = design.dataflow === 'sparse';
  const actWidth = array.activationBits * array.pack;
  const elementBits = packBits(design);
  const hiddenElement = elementBits > 0 ? `(HIDDEN_WIDTH+${elementBits})` : 'HIDDEN_WIDTH';
  const stepBits = laneHiddenBits(design);
  const tabledJobs = lstmJobs(design).filter((job) => job.isTabled).length;
  return {
    ...structureView(design),
    header,
    module: `${design.name}_column`,
    rowDelay: combiner ? '3 cycles' : 'one cycle',
    pes: elements(design),
    peParameters: peParameters(design),
    isPacked: array.pack > 1,
    actWidth: String(actWidth),
    actDelay: isSparse ? '3' : '2',
    clearMsb: isSparse ? '2' : '1',
    operand: isSparse ? 'operand_q' : 'act_q',
    zeroAct: `${actWidth}'d0`,
    elementMsb: msb(array.activationBits),
    laneHiddenWidth: design.sequence ? String(stepBits) : hiddenElement,
    hiddenElementWidth: hiddenElement,
    hiddenBase: elementBits > 0 ? `{h_base_i, ${literal(0, elementBits)}}` : 'h_base_i',
    stepAddr: extend('h_step_addr', stepBits, widths(design).hidden + elementBits),
    untabledLayer: untabledLayer(tabledJobs, widths(design).layer),
    isValue: design.headOutput === 'value',
    factorKind: FACTOR_KINDS[combiner?.factors ?? 'one'],
    laneParameters: laneParameters(design),
    lane: combiner ? 'sum' : 'drain',
    laneQ: combiner ? '' : '_q',
    laneSum: combiner ? 'sum' : 'acc_q',
  };
}
