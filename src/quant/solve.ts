/** A coding's solver, run on one group of weights. */
import type { WeightCoding } from './coding.js';
import { binaryConnect, bwn, lab } from './solvers/binary.js';
import { absmax, dorefa, laqLinear, laqLog } from './solvers/graded.js';
import { bcq } from './solvers/multibit.js';
import {
  lat2,
  latApproximate,
  latExact,
  ternaryConnect,
  ttqCodes,
  twn,
} from './solvers/ternary.js';

/** Threshold of HitNet's weights as a part of their mean magnitude. */
const HITNET_THRESHOLD = 2 / 3;

/**
 * Codes of one group into `planes`, each as long as `w`; returns the real scale of a code of each plane.
 * `d`: curvature of the loss by weight, for loss-aware codings.
 */
export function solve(
  coding: WeightCoding,
  w: Float32Array,
  d: Float32Array | undefined,
  planes: readonly Int8Array[],
): number[] {
  const { format } = coding;
  switch (format.kind) {
    case 'binary':
      return solveBinary(coding, w, d, planes);
    case 'ternary':
      return solveTernary(coding, w, d, planes);
    case 'ternary2':
      return solveTwoScales(coding, w, d, planes);
    case 'pow2':
      return laqLog(w, d, planes, format.bits, 'exact');
    case 'int':
      if (coding.solver === 'absmax') return absmax(w, d, planes, format.bits);
      return laqLinear(w, d, planes, format.bits, 'exact');
    case 'multibit':
      return solveMultibit(coding, format.masked, w, planes);
  }
}

type Solve = (
  coding: WeightCoding,
  w: Float32Array,
  d: Float32Array | undefined,
  planes: readonly Int8Array[],
) => number[];

const solveBinary: Solve = ({ solver }, w, d, planes) => {
  if (solver === 'scale-free') return binaryConnect(w, d, planes);
  return solver === 'loss-aware' ? lab(w, d, planes) : bwn(w, d, planes);
};

const solveTernary: Solve = ({ solver }, w, d, planes) => {
  switch (solver) {
    case 'scale-free':
      return ternaryConnect(w, d, planes);
    case 'loss-aware':
      return latExact(w, d, planes);
    case 'loss-aware-approximate':
      return latApproximate(w, d, planes);
    case 'hitnet':
      return twn(w, d, planes, HITNET_THRESHOLD);
    default:
      return twn(w, d, planes);
  }
};

const solveTwoScales: Solve = ({ solver }, w, d, planes) => {
  if (solver === 'trained') return ttqCodes(w, d, planes);
  return lat2(w, d, planes, solver === 'loss-aware' ? 'exact' : 'approximate');
};

function solveMultibit(
  { solver }: WeightCoding,
  masked: boolean,
  w: Float32Array,
  planes: readonly Int8Array[],
): number[] {
  if (solver === 'dorefa') return dorefa(w, undefined, planes, planes.length);
  const method = solver === 'greedy' || solver === 'refined' ? solver : 'alternating';
  if (!masked) return bcq(w, undefined, planes, { method });
  const mask = Uint8Array.from(w, (v) => (v === 0 ? 0 : 1));
  return bcq(w, undefined, planes, { method, mask });
}
