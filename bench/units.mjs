// Every arithmetic unit that designs are made of, alone, synthesized and placed, beside the best hand-written form of
// it (bench/peers/units.json), and a few whole designs:
//   npm run bench:units -- [--pdk FOLDER] [--native] [--only TEXT] [--seeds 1,2,3]
// --pdk: a folder with a Liberty file, plain or gzipped, in each subfolder; without, no areas.
// --native: placed by the nextpnr-ice40 on PATH, which is quicker than the npm build. Writes
// docs/results/units.md. Finished rows are kept in runs/units.jsonl: a second call goes on where one stopped. Takes
// about half an hour.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { recodeAll } from '../dist/src/design/multipliers.js';
import { plan } from '../dist/src/design/plan.js';
import { pinShell } from '../dist/src/eda/pin-shell.js';
import { placeAndRouteIce40 } from '../dist/src/eda/pnr.js';
import { compileRtl } from '../dist/src/eda/rtl-sim.js';
import { synthesize, synthesizeAsic } from '../dist/src/eda/synth.js';
import { emit } from '../dist/src/emit/emit.js';
import { templateSource } from '../dist/src/emit/render.js';
import { Random } from '../dist/src/model/random.js';
import { packageVersion } from '../dist/src/package-root.js';
import { randomModel } from '../dist/src/verify/random-model.js';
import { DESIGNS, UNITS } from './units/list.mjs';

const { values: options } = parseArgs({
  options: {
    pdk: { type: 'string' },
    native: { type: 'boolean', default: false },
    only: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3' },
  },
});
const SEEDS = options.seeds.split(',').map(Number);
if (SEEDS.some((seed) => !Number.isInteger(seed) || seed < 0)) {
  console.error(`bench:units: --seeds: ${JSON.stringify(options.seeds)}; must be integers by comma`);
  process.exit(2);
}
const KEPT = 'runs/units.jsonl';
const peers = JSON.parse(readFileSync(new URL('peers/units.json', import.meta.url), 'utf8'));
const libraries = options.pdk === undefined ? {} : readLibraries(options.pdk);
/** A placement of a design that fills the device may not end. */
const PLACEMENT = { timeoutSeconds: 300, tool: options.native ? 'native' : 'npm' };

function readLibraries(folder) {
  if (!existsSync(folder)) {
    console.error(`bench:units: --pdk: ${folder} does not exist; give a folder of Liberty files`);
    process.exit(2);
  }
  const found = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const file = readdirSync(join(folder, entry.name)).find((name) => /\.lib(\.gz)?$/.test(name));
    if (file === undefined) return [];
    const bytes = readFileSync(join(folder, entry.name, file));
    return [[entry.name, (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()]];
  });
  return Object.fromEntries(found);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The unit in a module of its own, outputs that are left open not among its ports. */
async function wrap({ module, uses = [], own, files = {}, parameters, open = [] }) {
  const leaves = [module, ...uses].map((name) => [
    `${name}.v`,
    name === module && own !== undefined ? own : templateSource(`${name}.v`),
  ]);
  const sources = { ...files, ...Object.fromEntries(leaves) };
  const values = Object.entries(parameters).map(([name, value]) => `.${name}(${value})`);
  const instance = (ports) =>
    `  ${module} #(${values.join(', ')}) u (${ports.map((name) => `.${name}(${name})`).join(', ')});`;
  const numbers = Object.fromEntries(
    Object.entries(parameters).filter(([, value]) => typeof value === 'number'),
  );
  const text = Object.entries(parameters).find(([, value]) => typeof value === 'string');
  // A table's name is no number: Yosys is given it as the module's default.
  const named = text
    ? { ...sources, [`${module}.v`]: sources[`${module}.v`].replace(new RegExp(`(parameter ${text[0]}\\s*= )""`), `$1${text[1]}`) }
    : sources;
  const { ports: all } = await compileRtl(named, module, { parameters: numbers });
  const ports = all.filter(({ name }) => !open.includes(name));
  const verilog = [
    `module unit (${ports.map(({ name, width, direction }) => `${direction} [${width - 1}:0] ${name}`).join(', ')});`,
    instance(ports.map(({ name }) => name)),
    'endmodule',
  ].join('\n');
  return { sources: { ...sources, 'unit.v': verilog }, ports };
}

/** Older versions of nextpnr do not know the cells by which Yosys remembers instances. */
function withoutScopes(netlistJson) {
  const netlist = JSON.parse(new TextDecoder().decode(netlistJson));
  for (const { cells } of Object.values(netlist.modules)) {
    for (const [name, { type }] of Object.entries(cells)) {
      if (type === '$scopeinfo') delete cells[name];
    }
  }
  return JSON.stringify(netlist);
}

const counts = ({ luts, ffs, carries, brams, dsps, lutRam }) => ({
  ...{ luts, ffs, carries, brams, dsps, lutRam },
});

/** Clock on an iCE40, between registers: median of the seeds; what goes wrong where it does not fit or end. */
async function place(sources, top, ports, device, dsp) {
  const shell = pinShell(ports, top);
  const all = { ...sources, [`${shell.top}.v`]: shell.verilog };
  const wrapped = await synthesize(all, shell.top, `ice40-${device}`, { dsp });
  const netlist = withoutScopes(wrapped.netlistJson);
  const clocks = [];
  let placer = '';
  try {
    for (const seed of SEEDS) {
      const placed = await placeAndRouteIce40(netlist, device, { seed, ...PLACEMENT });
      clocks.push(placed.fmaxMhz);
      placer = `${placed.tool} ${placed.toolVersion}`;
    }
  } catch (error) {
    // Too large, or without an end: that is a result. Anything else is not.
    const reason = /no result within \d+ s|no BELs? remaining|Unable to find a placement/;
    const found = reason.exec(error.message);
    if (found === null) throw error;
    return { mhz: null, reason: found[0] };
  }
  return { mhz: median(clocks), placer };
}

/** LUTs of three families, areas, and the clock on two iCE40s. */
async function measure(sources, top, ports, { dsp, areas }) {
  const row = { tools: {} };
  for (const family of ['ice40-up5k', 'ecp5', 'xc7']) {
    const result = await synthesize(sources, top, family, { dsp });
    row[family] = counts(result);
    row.tools.synthesis = `${result.tool} ${result.toolVersion}`;
  }
  for (const [name, text] of Object.entries(areas)) {
    row[name] = Math.round((await synthesizeAsic(sources, top, text)).areaUm2);
  }
  for (const device of dsp ? ['up5k'] : ['hx8k', 'up5k']) {
    const { mhz, placer, reason } = await place(sources, top, ports, device, dsp);
    row[device] = mhz;
    if (placer) row.tools.placement = placer;
    if (reason) row.reasons = { ...row.reasons, [device]: reason };
  }
  return row;
}

async function unitRow(unit) {
  const { sources, ports } = await wrap(unit);
  const areas = unit.memory || unit.dsp ? {} : libraries;
  return measure(sources, 'unit', ports, { dsp: unit.dsp === true, areas });
}

/** On each family as one would have it there: HX8K recoded, UP5K with its eight blocks, the others with theirs. */
async function designRow({ scheme, dsp }) {
  const shape = { scheme, inputSize: 32, hiddenSizes: [32], classes: 8, when: 'every-step' };
  const sizes = { name: 'measured', rows: 8, columns: 1 };
  const planned = plan(randomModel(shape, new Random(1)), sizes);
  const some = dsp === undefined ? planned : { ...planned, multipliers: { dsp } };
  const designs = { hx8k: recodeAll(planned), up5k: some, ecp5: planned, xc7: planned };
  const row = {};
  for (const [device, design] of Object.entries(designs)) {
    const { files, top } = emit(design);
    const family = device in { hx8k: 0, up5k: 0 } ? `ice40-${device}` : device;
    const hasDsp = device !== 'hx8k';
    row[device] = counts(await synthesize(files, top, family, { dsp: hasDsp }));
    if (family === device) continue;
    const { ports } = await compileRtl(files, top);
    Object.assign(row[device], await place(files, top, ports, device, hasDsp));
  }
  return row;
}

const version = packageVersion();
mkdirSync('runs', { recursive: true });
const settings = JSON.stringify([version, SEEDS, PLACEMENT.tool, Object.keys(libraries)]);
const rows = new Map(
  (existsSync(KEPT) ? readFileSync(KEPT, 'utf8').split('\n') : [])
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
    .filter((row) => row.settings === settings)
    .map((row) => [row.key, row]),
);
const tasks = [
  ...UNITS.map((unit) => ({ key: unit.name, run: () => unitRow(unit) })),
  ...DESIGNS.map((design) => ({ key: `design ${design.scheme}`, run: () => designRow(design) })),
].filter(({ key }) => options.only === undefined || key.includes(options.only));
const todo = tasks.filter(({ key }) => options.only !== undefined || !rows.has(key));
const begun = performance.now();
for (const [done, { key, run }] of todo.entries()) {
  const row = { key, settings, ...(await run()) };
  rows.set(key, row);
  appendFileSync(KEPT, `${JSON.stringify(row)}\n`);
  const seconds = (performance.now() - begun) / 1000;
  const left = Math.round((seconds / (done + 1)) * (todo.length - done - 1));
  console.error(`${key}: ${(row['ice40-up5k'] ?? row.hx8k).luts} LUT4; ${done + 1} of ${todo.length}, ${left} s left`);
}

// ECP5 counts two LUT4 for each carry cell, in ours and in theirs.
const peerLuts = (peer, family, dsp) => {
  const key = { 'ice40-up5k': 'ice40', ecp5: 'ecp5', xc7: 'xc7' }[family];
  const found = dsp && family !== 'ecp5' ? peer[`${key}-dsp`] : peer[key];
  return found && found.luts + (family === 'ecp5' ? 2 * found.carries : 0);
};
const LIBRARIES = Object.keys(libraries);
const better = { worst: 0, missed: [] };

/** `34 (34, 1.00)`: ours, theirs, ratio. */
function beside(ours, theirs, what) {
  if (ours === undefined || ours === null) return '-';
  const own = typeof ours === 'number' && !Number.isInteger(ours) ? ours.toFixed(0) : String(ours);
  if (!theirs) return own;
  const isClock = what.clock === true;
  const ratio = isClock ? theirs / ours : ours / theirs;
  if (ratio > 1.1) better.missed.push(`${what.name}, ${what.column}: ${(ours / theirs).toFixed(2)}`);
  return `${own} (${theirs}, ${(ours / theirs).toFixed(2)})`;
}

const unitLines = UNITS.flatMap((unit) => {
  const row = rows.get(unit.name);
  if (row === undefined) return [];
  const peer = unit.peer === undefined ? undefined : peers.units[unit.peer];
  const { name, dsp } = unit;
  const lut = (family, column) => {
    const { luts, dsps, brams } = row[family];
    const theirs = peer && (dsp && family === 'ecp5' ? undefined : peerLuts(peer, family, dsp));
    const blocks = [dsps && `${dsps} DSP`, brams && `${brams} BRAM`].filter(Boolean);
    return [beside(luts, theirs, { name, column }), ...blocks].join(' + ');
  };
  const clock = (device) =>
    beside(row[device], dsp ? undefined : peer?.[device], { name, column: device, clock: true });
  return [
    `| ${[
      name,
      ...[lut('ice40-up5k', 'iCE40'), row['ice40-up5k'].ffs, lut('ecp5', 'ECP5'), lut('xc7', 'xc7')],
      ...LIBRARIES.map((library) => beside(row[library], peer?.[library], { name, column: library })),
      ...[clock('hx8k'), clock('up5k')],
      unit.peer === undefined ? '-' : `\`${unit.peer}\``,
    ].join(' | ')} |`,
  ];
});
const designLines = DESIGNS.flatMap(({ scheme }) => {
  const row = rows.get(`design ${scheme}`);
  if (row === undefined) return [];
  const cells = ({ luts, dsps }) => `${luts}${dsps > 0 ? ` + ${dsps} DSP` : ''}`;
  const clock = ({ mhz, reason }) => mhz?.toFixed(1) ?? `- (${reason})`;
  const { hx8k, up5k, ecp5, xc7 } = row;
  const ice40 = [hx8k, up5k].flatMap((device) => [cells(device), device.brams, clock(device)]);
  return [`| ${[scheme, ...ice40, cells(ecp5), cells(xc7)].join(' | ')} |`];
});
const tools = [...rows.values()].find((row) => row.tools?.placement)?.tools ?? {};
const missed = better.missed.map((text) => `- ${text}`);
const page = `# What each unit takes

Every arithmetic unit of an emitted design, alone, and in parentheses the best of several hand-written forms of the
same function and widths, and ours / theirs.

| unit | iCE40 LUT4 | FF | ECP5 LUT4 | xc7 LUT | ${LIBRARIES.map((name) => `${name} um2 | `).join('')}HX8K MHz | UP5K MHz | beside |
|---|---|---|---|---|${LIBRARIES.map(() => '---|').join('')}---|---|---|
${unitLines.join('\n')}

- MACs: activations of 8 bits; registers that pass operands on to the next element left out, as the other forms have none
- ECP5: a carry cell counts as the two LUT4 it takes; xc7: every LUT counts one
- MHz: the unit between registers, median of placer seeds ${SEEDS.join(', ')}; theirs between registers too, in a shell of their own
- um2: cells without wires, no timing constraint${LIBRARIES.length > 0 ? '; not of units with a memory or a DSP block' : ': not measured, no cell library given (--pdk)'}
- Units without a name in the last column have no hand-written form of the same function to compare with
- Ours: ${tools.synthesis}, ${tools.placement}. Theirs (bench/peers/units.json): ${peers.tools.split(';')[0]}; versions of Yosys differ in their counts

More than 10 % from the other form:

${missed.length > 0 ? missed.join('\n') : '- none'}

## Whole designs

An LSTM of 32 inputs and 32 units with 8 classes, random weights of seed 1, on an array of 8 rows and one column.

| scheme | HX8K LUT4 | BRAM | MHz | UP5K LUT4 | BRAM | MHz | ECP5 LUT4 | xc7 LUT |
|---|---|---|---|---|---|---|---|---|
${designLines.join('\n')}

- HX8K: no DSP blocks, an int array recoded; UP5K: as many elements of an int array with a DSP block as its eight leave, the others recoded (\`--dsp\`); ECP5, xc7: all with a DSP block
- ECP5: two LUT4 for each carry cell, and without those that serve as memory
- no BELs remaining: more block RAMs than the device has (HX8K 32, UP5K 30), so not placed
- MHz: in a shell of registers, since there are more ports than pins; median of placer seeds ${SEEDS.join(', ')}

halfgate ${version}, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; regenerate: npm run bench:units -- --pdk FOLDER
`;
console.log(page);
if (options.only === undefined) {
  mkdirSync('docs/results', { recursive: true });
  writeFileSync('docs/results/units.md', page);
  console.log('written: docs/results/units.md');
}
