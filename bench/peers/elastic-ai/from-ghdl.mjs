/**
 * What `ghdl --synth --out=verilog` 2.0 writes wrongly, put right. Without this the netlists simulate to other values
 * than the VHDL:
 *
 * - an arithmetic shift to the right is written `$signed(x) >> n`, which is logical in Verilog;
 * - combinational cases over one-hot states have no default, and non-blocking assignments: latches to Yosys;
 * - bit vectors without a base are written as strings.
 *
 * @param {string} verilog
 * @param {string} otherwise value of a case that no state selects; what synthesis may choose by default
 * @returns {string}
 */
export function fromGhdl(verilog, otherwise = "'bx") {
  const arithmetic = verilog
    .replace(/"([01]+)"/g, (_, bits) => `${bits.length}'b${bits}`)
    .replace(/(\$signed\(\w+\)) >> /g, '$1 >>> ');
  return arithmetic.replace(
    /( {2}always @\*\n {4}case \(\w+\)\n)((?: {6}[^\n]*<= [^\n]*;\n)+)( {4}endcase)/g,
    (all, head, items, tail) => {
      if (/^\s*default/m.test(items)) return all;
      const [, name] = /: (\w+) <=/.exec(items);
      return `${head}${items.replace(/ <= /g, ' = ')}      default: ${name} = ${otherwise};\n${tail}`;
    },
  );
}
