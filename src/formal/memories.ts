/** Read-only memories and the constants that tables fold into: finite, so every value is looked at. */
import { compileRtl } from '../eda/rtl-sim.js';
import { cellDecisions, squashShape } from '../design/squash.js';
import { lstmJobs, type Design } from '../design/design.js';
import { usesSquash, usesTanh } from '../design/memory-plan.js';
import { directedLayer } from '../design/planes.js';
import { memoryFiles, squashFile } from '../emit/memories.js';
import type { Netlist } from '../emit/emit.js';
import { cellArithmetic } from '../quant/arithmetic.js';
import type { Unit } from './instances.js';
import { parameterNumber } from './specification.js';

/** What was compared, and what differs. */
export interface Enumeration {
  readonly unit: string;
  readonly claim: string;
  /** How much there was to compare. */
  readonly extent: string;
  /** Empty where everything agrees. */
  readonly differences: readonly string[];
}

/** Words of a $readmemh file. */
function hexWords(text: string): bigint[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
    .map((line) => BigInt(`0x${line}`));
}

/** Every word of every hg_rom of the design, read through the emitted module, against its file. */
async function romContents(netlist: Netlist, units: readonly Unit[]): Promise<Enumeration> {
  const roms = units
    .filter(({ name }) => name === 'hg_rom')
    .map(({ parameters }) => ({
      file: parameters.INIT_FILE.trimEnd(),
      width: parameterNumber(parameters.WIDTH),
      depth: parameterNumber(parameters.DEPTH),
      addrWidth: parameterNumber(parameters.ADDR_WIDTH),
    }));
  const claim = 'the word of its file at the address, one cycle later';
  if (roms.length === 0) {
    return { unit: 'hg_rom', claim, extent: 'no read-only memory', differences: [] };
  }
  const addrWidth = Math.max(...roms.map((rom) => rom.addrWidth));
  const ports = roms.map(({ width }, n) => `output [${width - 1}:0] word_${n}`);
  const instances = roms.map(
    ({ file, width, depth, addrWidth: bits }, n) =>
      `  hg_rom #(.WIDTH(${width}), .DEPTH(${depth}), .ADDR_WIDTH(${bits}), .INIT_FILE("${file}")) rom_${n} ` +
      `(.clk_i(clk_i), .addr_i(addr_i[${bits - 1}:0]), .data_o(word_${n}));`,
  );
  const top = [
    `module roms (input clk_i, input [${addrWidth - 1}:0] addr_i, ${ports.join(', ')});`,
    ...instances,
    'endmodule',
  ].join('\n');
  const rtl = await compileRtl({ ...netlist.files, 'roms.v': top }, 'roms');
  const expected = roms.map(({ file }) => hexWords(netlist.files[file]));
  const differences = roms.flatMap(({ file, depth }, n) =>
    expected[n].length === depth ? [] : [`${file}: ${expected[n].length} words, not ${depth}`],
  );
  let words = 0;
  for (let address = 0; address < Math.max(...roms.map(({ depth }) => depth)); address++) {
    rtl.set('addr_i', address);
    rtl.tick();
    roms.forEach(({ file, depth }, n) => {
      if (address >= depth) return;
      words++;
      const word = rtl.get(`word_${n}`);
      if (word !== expected[n][address]) {
        differences.push(`${file}[${address}]: ${word}, not ${expected[n][address]}`);
      }
    });
  }
  return {
    unit: 'hg_rom',
    claim,
    extent: `${roms.length} memories, ${words} words`,
    differences,
  };
}

/** Entries of the tables of tanh(z) and tanh(s c), against the function itself. */
function tableContents(design: Design, netlist: Netlist): Enumeration[] {
  const names = memoryFiles(design.name);
  const { slope, cell, tanh } = design.scheme;
  if (tanh === 'piecewise') return [];
  const isInterpolated = tanh === 'interpolated';
  const { shift, depth, bits } = squashShape(design.scheme);
  const tables: { file: string; of: string; depth: number; at: (n: number) => number }[] = [];
  if (usesTanh(design))
    tables.push({ file: names.tanh, of: 'k / 128', depth: 512, at: (k) => k / 128 });
  if (usesSquash(design)) {
    const step = 2 ** (shift - cell.fraction);
    const file = squashFile(design) === undefined ? names.tanh : names.squash;
    // The last argument of a stored table is 511 / 128, however coarse c is.
    const last = isInterpolated ? Infinity : 511 / 128;
    tables.push({ file, of: 's c', depth, at: (n) => slope * Math.min(n * step, last) });
  }
  const fixed = (x: number): bigint => BigInt(Math.round(4096 * Math.tanh(x)));
  return tables.map(({ file, of, depth: entries, at }) => {
    const words = hexWords(netlist.files[file]);
    const differences: string[] = [];
    const compare = (n: number, wanted: bigint): void => {
      if (words[n] !== wanted) differences.push(`${file}[${n}]: ${words[n]}, not ${wanted}`);
    };
    if (!isInterpolated) {
      for (let n = 0; n < entries; n++) compare(n, fixed(at(n)));
      const claim = `entry = round(4096 tanh(${of}))`;
      return { unit: 'hg_tanh_lookup', claim, extent: `${entries} entries`, differences };
    }
    const width = BigInt(file === names.tanh ? 12 : bits);
    const knots = Math.floor((entries - 1) / 16) + 1;
    for (let n = 0; n < knots; n++) {
      const [value, next] = [fixed(at(16 * n)), fixed(at(16 * n + 16))];
      compare(n, ((next - value) << width) | value);
    }
    const claim = `word = round(4096 tanh(${of})) of every 16th entry, and what the next has more`;
    return { unit: 'hg_tanh_interpolated', claim, extent: `${knots} words`, differences };
  });
}

/** Decision points of c, against o tanh(s c) for every c and o. */
function decisionPoints({ model, scheme, jobs }: Design): Enumeration[] {
  if (scheme.activations !== 'ternary' || scheme.gates === 'int16') return [];
  const { hidden } = cellArithmetic(scheme);
  const most = 2 ** (scheme.cell.bits - 1);
  const differences: string[] = [];
  const directions = lstmJobs({ jobs });
  for (const job of directions) {
    const decision = directedLayer(model, job).hiddenDecision;
    const points = cellDecisions(scheme, decision);
    for (const [level, plus, minus] of [
      [2, points[0], points[1]],
      [1, points[2], points[3]],
    ]) {
      for (let c = -most; c < most; c++) {
        const h = c >= plus ? 1 : c <= -minus ? -1 : 0;
        if (h !== Number(hidden(level, c, decision))) {
          differences.push(`layer ${job.layer}: c ${c}, o ${level / 2}: ${h}`);
        }
      }
    }
  }
  const claim = 'decision points: sign of o tanh(s c) where it decides';
  const extent = `${directions.length * 4 * most} values of c and o`;
  return [{ unit: 'hg_cell_level', claim, extent, differences }];
}

export async function enumerate(
  design: Design,
  netlist: Netlist,
  units: readonly Unit[],
): Promise<Enumeration[]> {
  return [
    await romContents(netlist, units),
    ...tableContents(design, netlist),
    ...decisionPoints(design),
  ];
}
