/** Binary weights: codes sign(w), +1 where w >= 0, and one scale. */
import { checkFinite, checkPlanes, type Curvature, load } from './group.js';

function signs(w: ArrayLike<number>, plane: Int8Array): void {
  for (let n = 0; n < plane.length; n++) plane[n] = w[n] >= 0 ? 1 : -1;
}

/** BinaryConnect (Courbariaux et al. 2015, arXiv:1511.00363, equation 1): scale 1, always. */
export function binaryConnect(
  w: ArrayLike<number>,
  _d: Curvature,
  planes: readonly Int8Array[],
): number[] {
  checkPlanes(planes, 1, w.length);
  checkFinite(w);
  signs(w, planes[0]);
  return [1];
}

/**
 * Binary weight network (Rastegari et al. 2016, arXiv:1603.05279, section 3.1): scale mean|w|, the
 * least squares for these codes. Curvature is not read.
 */
export function bwn(w: ArrayLike<number>, _d: Curvature, planes: readonly Int8Array[]): number[] {
  return lab(w, undefined, planes);
}

/**
 * Loss-aware binarization (Hou et al. 2017, arXiv:1611.01600, proposition 3.1):
 *
 *   scale = sum d|w| / sum d
 *
 * with sign(w) the minimiser of sum d (w - scale * code)^2. A group of zeros has scale 0.
 */
export function lab(w: ArrayLike<number>, d: Curvature, planes: readonly Int8Array[]): number[] {
  checkPlanes(planes, 1, w.length);
  const { length, values, curvature, unit } = load(w, d);
  let weighted = 0;
  let total = 0;
  for (let n = 0; n < length; n++) {
    weighted += curvature[n] * Math.abs(values[n]);
    total += curvature[n];
  }
  signs(w, planes[0]);
  return [length === 0 ? 0 : weighted / total / unit];
}
