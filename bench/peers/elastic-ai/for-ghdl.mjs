/**
 * Generated VHDL in words that `ghdl --synth` 2.0 takes. In the integer designs it stops with TYPES.INTERNAL_ERROR
 * (vhdl-errors.adb:30) at `array_signal(i)'length`, and it writes an index of no bits for an array of one element. Both are replaced by what they mean; nothing else changes.
 */

const ARRAY_TYPE =
  /type\s+(\w+)\s+is\s+array\s*\([^;]*?\)\s*of\s+(?:signed|unsigned|std_logic_vector)\s*\((.*?)\s+downto\s+0\s*\)\s*;/gi;
const OBJECT = /(?:signal|variable)\s+(\w+)\s*:\s*(\w+)/gi;

/** @param {string} vhdl @returns {string} */
export function forGhdl(vhdl) {
  const highest = new Map(
    [...vhdl.matchAll(ARRAY_TYPE)].map(([, type, bit]) => [type.toLowerCase(), bit]),
  );
  const arrays = new Map(
    [...vhdl.matchAll(OBJECT)].flatMap(([, name, type]) => {
      const bit = highest.get(type.toLowerCase());
      return bit === undefined ? [] : [[name, bit]];
    }),
  );
  const sized = vhdl.replace(/(\w+)\(i\)'length/g, (all, name) =>
    arrays.has(name) ? `((${arrays.get(name)}) + 1)` : all,
  );
  const isSingle = /UNROLL_FACTOR\s*:\s*integer\s*:=\s*1\b/.test(vhdl);
  return isSingle ? sized.replaceAll('y_store_data(store_count)', 'y_store_data(0)') : sized;
}
