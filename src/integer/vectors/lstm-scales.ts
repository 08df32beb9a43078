/** Multipliers, clips and guards of a recorded LSTM, recomputed from its real scales. */
import {
  checkedLog2,
  effectiveScale,
  type Multiplier,
  multiplierValue,
  quantizeMultiplier,
} from '../fixed-point.js';
import { Comparison, type Findings } from './comparison.js';
import { GATE_NAMES, type GateName, type LstmFile, type Scales } from './format.js';

/**
 * What upstream's own set-ups computed in which precision is not recorded: their multipliers may differ by
 * a rounding of float32.
 */
const UPSTREAM_TOLERANCE = 2 ** -22;

interface Recorded {
  readonly multiplier?: number | undefined;
  readonly shift?: number | undefined;
}

class Checker {
  readonly comparison = new Comparison();

  constructor(private readonly tolerance: number) {}

  /** `recorded`, if it is there, must be one of the real factors, those that are known. */
  multiplier(
    where: string,
    { multiplier, shift }: Recorded,
    factors: readonly (number | undefined)[],
  ): void {
    const wanted = factors.filter((factor) => factor !== undefined).map(quantizeMultiplier);
    if (multiplier === undefined || shift === undefined || wanted.length === 0) return;
    const recorded = { multiplier, shift };
    const computed = wanted.some((one) => this.isSame(one, recorded)) ? recorded : wanted[0];
    this.value(`${where}multiplier`, computed.multiplier, multiplier);
    this.value(`${where}shift`, computed.shift, shift);
  }

  value(where: string, computed: number, recorded: number | undefined): void {
    if (recorded === undefined) return;
    this.comparison.value(() => `${where} from scales`, computed, recorded);
  }

  private isSame(one: Multiplier, other: Multiplier): boolean {
    if (one.multiplier === other.multiplier && one.shift === other.shift) return true;
    const value = multiplierValue(one);
    return Math.abs(value - multiplierValue(other)) <= value * this.tolerance;
  }
}

/** a * b / c in either number format: which one the set-up used is not recorded. */
function either(a?: number, b?: number, c?: number): number[] {
  if (a === undefined || b === undefined || c === undefined) return [];
  return [effectiveScale(a, b, c, 'float32'), effectiveScale(a, b, c, 'float64')];
}

function checkGate(check: Checker, name: GateName, file: LstmFile, scales: Scales): void {
  const gate = file.gates[name];
  const own = scales.weights[name];
  if (!gate || !own) return;
  const where = `gates.${name}.`;
  const hasNorm = gate.layer_norm_weights !== undefined;
  const sum = hasNorm ? own.gate_before_layer_norm : 2 ** -12;
  const others = {
    input: scales.input,
    recurrent: scales.output,
    peephole: 2 ** file.cell.scale_log2,
  };
  for (const part of ['input', 'recurrent', 'peephole'] as const) {
    const recorded = { multiplier: gate[`${part}_multiplier`], shift: gate[`${part}_shift`] };
    check.multiplier(`${where}${part}_`, recorded, either(own[part], others[part], sum));
  }
  if (!hasNorm || own.layer_norm === undefined) return;
  const recorded = { multiplier: gate.layer_norm_multiplier, shift: gate.layer_norm_shift };
  check.multiplier(`${where}layer_norm_`, recorded, [own.layer_norm]);
  const guard = Math.max(1, Math.trunc(10000 * own.layer_norm));
  check.value(`${where}layer_norm_variance_guard`, guard, gate.layer_norm_variance_guard);
}

function checkCell(check: Checker, { cell }: LstmFile, scales: Scales): void {
  const scale = 2 ** cell.scale_log2;
  const forget = { multiplier: cell.forget_multiplier, shift: cell.forget_shift };
  const input = { multiplier: cell.input_multiplier, shift: cell.input_shift };
  check.multiplier('cell.forget_', forget, [2 ** -15]);
  check.multiplier('cell.input_', input, [2 ** -30 / scale]);
  if (scales.cell !== undefined) {
    check.value('cell.scale_log2', checkedLog2(scales.cell) ?? NaN, cell.scale_log2);
  }
  if (scales.cell_clip !== undefined) {
    const clip = Math.min(Math.trunc(scales.cell_clip / scale), 32767);
    check.value('cell.clip', clip, cell.clip);
  }
}

/** The factor of o * tanh(c), rounded as each kernel's set-up does. */
function hiddenFactors({ kernel }: LstmFile, scales: Scales): number[] {
  const { fround } = Math;
  const isTflite = kernel === 'tflite_8x8_16';
  const scale = isTflite ? scales.hidden_before_projection : scales.output;
  if (scale === undefined) return [];
  if (isTflite) return [fround(fround(2 ** -15 / fround(scale)) * 2 ** -15)];
  return [2 ** -30 / fround(scale), 2 ** -30 / scale];
}

function checkOutputs(check: Checker, file: LstmFile, scales: Scales): void {
  const { output, hidden_before_projection: hidden, projection_weights } = scales;
  check.multiplier('hidden.', file.hidden, hiddenFactors(file, scales));
  const { projection } = file;
  if (!projection) return;
  check.multiplier('projection.', projection, either(projection_weights, hidden, output));
  if (scales.projection_clip !== undefined && output !== undefined) {
    const clip = Math.min(Math.trunc(scales.projection_clip / output), 127);
    check.value('projection.clip', clip, projection.clip);
  }
}

/** Compares whatever can be recomputed with what the file says. */
export function checkScales(file: LstmFile): Findings {
  const { scales } = file;
  if (!scales) return { compared: 0, problems: [] };
  const isUpstream = file.origin?.kind?.startsWith('upstream') === true;
  const check = new Checker(isUpstream ? UPSTREAM_TOLERANCE : 0);
  for (const name of GATE_NAMES) checkGate(check, name, file, scales);
  checkCell(check, file, scales);
  checkOutputs(check, file, scales);
  return { compared: check.comparison.compared, problems: check.comparison.problems() };
}
