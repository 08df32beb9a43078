// The exponential of ../assembly/math.ts, operation for operation.
#pragma once
#include "simd.h"

namespace halfgate {
namespace HALFGATE_ISA {

INLINE F exp(F x) {
  x = maxF(minF(x, splat(88)), splat(-87));
  const I power = roundI(x * splat(1.4426950408889634f));
  const F n = toF(power);
  F r = x - n * splat(0.693359375f);
  r = r + n * splat(2.12194440054690583e-4f);
  F p = splat(1.0 / 5040.0);
  p = p * r + splat(1.0 / 720.0);
  p = p * r + splat(1.0 / 120.0);
  p = p * r + splat(1.0 / 24.0);
  p = p * r + splat(1.0 / 6.0);
  p = p * r + splat(0.5);
  p = p * r + splat(1);
  p = p * r + splat(1);
  return p * bits<F>((power + 127) << 23);
}

INLINE F sigmoid(F x) { return splat(1) / (splat(1) + exp(-x)); }

INLINE F tanh(F x) {
  const F e = exp(absF(x) * splat(-2));
  const F magnitude = (splat(1) - e) / (splat(1) + e);
  return bits<F>((bits<I>(x) & (int32_t)0x80000000) | (bits<I>(magnitude) & 0x7fffffff));
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
