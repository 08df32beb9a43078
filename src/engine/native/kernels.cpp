// Runs programs (../program.ts). Compiled once for every set of instructions: HALFGATE_ISA names it.
#include "program.h"

#include "cells.h"
#include "exp.h"
#include "gemm.h"
#include "rows.h"
#include "simd.h"
#include "weights.h"

namespace halfgate {
namespace HALFGATE_ISA {

/** Operands of an instruction. */
struct Operands {
  uint8_t *base;
  const uint32_t *word;

  template <class T>
  T *at(int k) const {
    return (T *)(base + word[k]);
  }
  /** 0 for address 0. */
  template <class T>
  T *optional(int k) const {
    return word[k] ? at<T>(k) : nullptr;
  }
  int number(int k) const { return (int32_t)word[k]; }
  float real(int k) const { return bits<float>(word[k]); }
};

static void gemm(const Operands &o, const Run &run, bool ints) {
  const int mode = o.number(13);
  Product p = {};
  p.a = o.at<uint8_t>(1);
  p.aRow = o.number(2);
  p.aGroup = o.number(3);
  p.b = o.at<uint8_t>(4);
  p.bPanel = o.number(5);
  p.c = o.at<uint8_t>(6);
  p.cRow = o.number(7);
  p.cGroup = o.number(8);
  p.groups = o.number(9);
  p.rows = o.number(10);
  p.depth = o.number(11);
  p.panels = {0, o.number(12) / 16};
  p.scaleGroup = p.rows;
  if (ints && mode >= 2) p.scale = o.at<float>(14);
  p.scaleRows = mode < 4;
  if (mode >= 4) {
    p.panels = part(p.panels.end, run.thread, run.threads);
    if (ints) p.block = o.number(15);
    p.scaleBlock = o.number(12);
  } else {
    // A block as deep as a pass needs no blocks of its own.
    if (ints && mode >= 2 && o.number(15) < DEPTH_BLOCK) p.block = o.number(15);
    const Range rows = part(p.rows, run.thread, run.threads);
    p.a += rows.begin * p.aRow;
    p.c += rows.begin * p.cRow;
    if (p.scale) p.scale += rows.begin;
    p.rows = rows.end - rows.begin;
  }
  if (!ints) {
    p.first = mode == 0 || mode == 4 ? Out::store : Out::add;
    p.later = Out::add;
    return multiply<Floats>(p);
  }
  static const Out first[] = {Out::store,     Out::add,          Out::storeScaled,
                              Out::addScaled, Out::storeColumns, Out::addColumns};
  static const Out later[] = {Out::add,       Out::add,        Out::addScaled,
                              Out::addScaled, Out::addColumns, Out::addColumns};
  if (mode < 0 || mode > 5) return;
  p.first = first[mode];
  p.later = later[mode];
  multiply<Ints>(p);
}

static bool execute(const Operands &o, const Run &run) {
  const auto split = [&](int count) { return part(count, run.thread, run.threads); };
  const auto cell = [&](int acc, int gates, int state, int table, int units) {
    return Cell{o.at<uint8_t>(acc),       gates ? o.at<uint8_t>(gates) : nullptr,
                o.at<uint8_t>(state),     o.at<uint8_t>(state + 1),
                o.at<uint8_t>(state + 2), o.at<uint8_t>(state + 3),
                table ? o.at<int32_t>(table) : nullptr, o.number(units)};
  };
  switch ((Op)o.word[0]) {
    case Op::sync:
      run.sync(run.team);
      return true;
    case Op::rowStatistics:
      rowStatistics(o.at<float>(1), o.number(2), o.number(3), o.at<double>(4), o.at<float>(5),
                    split(o.number(3) / 16));
      return true;
    case Op::ternarize:
      ternarize(o.at<float>(1), o.number(2), o.number(3), o.number(4), o.at<double>(5),
                o.at<uint8_t>(6), o.at<int32_t>(7), split(o.number(3) / 16));
      return true;
    case Op::code8:
      code8(o.at<float>(1), o.number(2), o.number(3), o.at<double>(4), o.at<uint8_t>(5),
            split(o.number(3) / 16));
      return true;
    case Op::pack32:
      pack32(o.at<float>(1), o.number(2), o.number(3), o.at<uint8_t>(4), split(o.number(3) / 16));
      return true;
    case Op::transpose16Panels:
      transpose16Panels(o.at<uint8_t>(1), o.number(2), o.number(3), o.number(4), o.number(5),
                        o.at<uint8_t>(6), split((o.number(4) + 15) / 16));
      return true;
    case Op::transpose32Panels:
      transpose32Panels(o.at<float>(1), o.number(2), o.number(3), o.at<uint8_t>(4),
                        split((o.number(2) + 15) / 16));
      return true;
    case Op::embed:
      embed(o.at<uint8_t>(1), o.at<int32_t>(2), o.at<uint8_t>(3), split(o.number(4)), o.number(5),
            o.number(6) != 0, o.number(7));
      return true;
    case Op::input:
      input(o.at<float>(1), o.at<uint8_t>(2), o.number(3), o.number(4), split(o.number(4)),
            o.number(5), o.number(6), o.number(7) != 0);
      return true;
    case Op::gather:
      gather(o.at<uint8_t>(1), o.at<int32_t>(2), o.at<uint8_t>(3), o.number(4), o.number(5),
             split(o.number(5)), o.number(6));
      return true;
    case Op::zero: {
      const Range lanes = split(o.number(3));
      const int64_t bytes = o.number(2);
      memset(o.at<uint8_t>(1) + lanes.begin * bytes, 0, (lanes.end - lanes.begin) * bytes);
      return true;
    }
    case Op::copy: {
      const Range lanes = split(o.number(4));
      const int64_t at = lanes.begin * (int64_t)o.number(3);
      memcpy(o.at<uint8_t>(2) + at, o.at<uint8_t>(1) + at,
             (size_t)(lanes.end - lanes.begin) * o.number(3));
      return true;
    }
    case Op::dropout:
      dropout(o.at<uint8_t>(1), o.at<uint8_t>(2), o.number(3), o.number(4), split(o.number(4)),
              o.number(5), o.number(6) != 0, o.word[7], o.number(8), o.real(9));
      return true;
    case Op::gemm16:
      gemm(o, run, true);
      return true;
    case Op::gemm32:
      gemm(o, run, false);
      return true;
    case Op::cellInt16:
      cellInt16(cell(1, 2, 3, 8, 10), Rows(o.at<uint8_t>(7), 4 * (int64_t)o.number(10)),
                split(o.number(9)));
      return true;
    case Op::cellLevel3:
      cellLevel3(cell(1, 2, 3, 8, 10), Rows(o.at<uint8_t>(7), 4 * (int64_t)o.number(10)),
                 split(o.number(9)));
      return true;
    case Op::cellFloat:
      cellFloat(cell(1, 0, 2, 0, 8), o.at<float>(6), split(o.number(7)));
      return true;
    case Op::backInt16:
      backInt16({o.optional<float>(1), o.at<float>(2), o.at<float>(3), o.at<uint8_t>(4),
                 o.at<uint8_t>(5), o.at<uint8_t>(6), o.at<uint8_t>(7), o.at<uint8_t>(8),
                 o.at<int16_t>(10), o.at<int16_t>(11), o.at<float>(12), o.number(13), o.number(14)},
                Rows(o.at<uint8_t>(9), 4 * (int64_t)o.number(14)), split(o.number(13)));
      return true;
    case Op::backLevel3:
      backLevel3({o.optional<float>(1), o.at<float>(2), o.at<float>(3), o.at<uint8_t>(5),
                  o.at<uint8_t>(4), o.at<uint8_t>(6), o.at<uint8_t>(7), o.at<uint8_t>(8),
                  o.at<int16_t>(10), o.at<int16_t>(11), o.at<float>(12), o.number(13), o.number(14)},
                 Rows(o.at<uint8_t>(9), 4 * (int64_t)o.number(14)), split(o.number(13)),
                 o.number(15) != 0);
      return true;
    case Op::backFloat:
      backFloat({o.optional<float>(1), o.at<float>(2), o.at<float>(3), nullptr, o.at<uint8_t>(4),
                 o.at<uint8_t>(5), nullptr, o.at<uint8_t>(6), nullptr, nullptr, nullptr, 0, o.number(8)},
                split(o.number(7)));
      return true;
    case Op::softmax:
      softmax({o.at<uint8_t>(1), o.at<float>(2), o.optional<float>(3), o.optional<int32_t>(4),
               o.at<uint8_t>(5), o.at<double>(6), o.number(7), o.number(8), o.number(9),
               o.number(10), o.number(11) != 0, o.real(12), o.real(13)},
              split(o.number(8)));
      return true;
    case Op::quantizeRows:
      quantizeRows(o.at<float>(1), o.number(2), o.at<float>(3), o.at<int16_t>(4),
                   o.at<int16_t>(5), o.at<float>(6), o.at<float>(7), o.number(8),
                   o.number(9), split(o.number(9)));
      return true;
    case Op::quantizeColumns:
      quantizeColumns(o.at<float>(1), o.number(2), o.number(3), o.at<uint8_t>(4), o.at<float>(5),
                      o.real(6), o.number(7), o.optional<uint8_t>(8), split(o.number(3) / 16));
      return true;
    case Op::transpose16:
      transpose16(o.at<uint8_t>(1), o.number(2), o.number(3), o.at<uint8_t>(5), o.number(6),
                  split(o.number(4) / 16));
      return true;
    case Op::transpose32:
      transpose32(o.at<uint8_t>(1), o.number(2), o.number(3), o.at<uint8_t>(5), o.number(6),
                  split(o.number(4) / 16));
      return true;
    case Op::columnSums:
      columnSums(o.at<float>(1), o.number(2), o.number(3), o.at<float>(4), o.number(5) != 0,
                 split(o.number(3) / 16));
      return true;
    case Op::scatterAdd:
      scatterAdd(o.at<float>(1), o.at<int32_t>(2), o.number(3), o.number(4), o.at<float>(5),
                 o.number(6), split(o.number(4) / 16));
      return true;
    case Op::scatterRows:
      scatterRows(o.at<float>(1), o.at<int32_t>(2), o.number(4), o.at<float>(5),
                  split(o.number(3)));
      return true;
    case Op::normalizedGradient:
      normalizedGradient(o.at<float>(1), o.number(2), o.number(3), o.at<uint8_t>(4),
                         o.at<int32_t>(5), o.at<float>(6), o.at<float>(7),
                         split(o.number(3) / 16));
      return true;
    case Op::sumSquares:
      sumSquares(o.at<float>(1), o.number(2), o.at<double>(3),
                 split((o.number(2) + NORM_BLOCK - 1) / NORM_BLOCK));
      return true;
    case Op::clip:
      if (run.thread == 0) clip(o.at<double>(1), o.number(2), o.real(3), o.at<uint8_t>(4));
      return true;
    case Op::adam: {
      const float factor = *o.at<float>(6);
      if (factor < 0) return true;
      adam({o.at<float>(1), o.at<float>(2), o.at<float>(3), o.at<float>(4), factor, o.real(7),
            o.real(8), o.real(9), o.real(10), o.real(11), o.real(12)},
           split(o.number(5) / 16));
      return true;
    }
    default:
      return false;
  }
}

static uint64_t runProgram(const Run &run) {
  for (uint64_t at = run.program;; at += 4 * WORDS) {
    if (at + 4 * WORDS > run.size) return at + 1;
    const Operands o = {run.base, (const uint32_t *)(run.base + at)};
    if ((Op)o.word[0] == Op::end) return 0;
    if (!execute(o, run)) return at + 1;
  }
}

#define NAME_OF(isa) NAME_TEXT(isa)
#define NAME_TEXT(isa) #isa
extern const Variant variant;
const Variant variant = {NAME_OF(HALFGATE_ISA), runProgram};

}  // namespace HALFGATE_ISA
}  // namespace halfgate
