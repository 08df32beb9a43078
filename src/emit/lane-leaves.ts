/** Leaf modules that a lane is made of. */
import type { Design } from '../design/design.js';
import { usesSquash, usesTanh } from '../design/memory-plan.js';

/** Dependencies first; without memories. */
export function laneLeaves(design: Design): string[] {
  const { scheme } = design;
  const isLevel = scheme.gates !== 'int16';
  const hasTanh = usesTanh(design) || usesSquash(design);
  const choices: readonly (readonly [boolean, string])[] = [
    [true, 'hg_requantize'],
    [isLevel || scheme.candidate === 'ternary', 'hg_threshold'],
    [hasTanh && scheme.tanh === 'interpolated', 'hg_tanh_interpolated'],
    [hasTanh && scheme.tanh === 'piecewise', 'hg_tanh_piecewise'],
    [hasTanh, 'hg_tanh_lookup'],
    [isLevel, 'hg_shift_multiplier'],
    [true, design.headOutput === 'value' ? 'hg_value' : 'hg_argmax'],
    [true, isLevel ? 'hg_cell_level' : 'hg_cell_int16'],
    [true, 'hg_lane'],
  ];
  return choices.flatMap(([isUsed, name]) => (isUsed ? [name] : []));
}
