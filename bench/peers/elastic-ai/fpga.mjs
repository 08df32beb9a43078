/** Area and clock of any Verilog, ours and theirs alike: the same synthesis, the same place and route. */
import { runInWorker } from '../../../dist/src/eda/worker.js';
import { synthesize } from '../../../dist/src/eda/synth.js';
import { runProcess } from '../../../dist/src/eda/process.js';
import { withTempFolder } from '../../../dist/src/eda/temp-folder.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const LIMITS = { timeoutSeconds: 900 };
const DEVICE = {
  'ice40-up5k': ['--up5k', '--package', 'sg48'],
  'ice40-hx8k': ['--hx8k', '--package', 'ct256'],
};
/** Blocks of each device; what needs more is not placed. */
const CAPACITY = {
  'ice40-up5k': { luts: 5280, brams: 30, dsps: 8 },
  'ice40-hx8k': { luts: 7680, brams: 32, dsps: 0 },
};

/**
 * nextpnr with any pins. `--ignore-loops` since converted latches are loops of gates; for designs without loops it
 * changes nothing.
 */
async function place(netlistJson, family, seed, tool) {
  const args = [
    ...DEVICE[family],
    ...['--json', 'netlist.json', '--report', 'report.json', '--seed', String(seed)],
    ...['--timing-allow-fail', '--ignore-loops'],
  ];
  const files = { 'netlist.json': netlistJson };
  if (tool === 'npm') {
    const request = {
      tool: 'nextpnr-ice40',
      args,
      files,
      outputs: ['report.json'],
      stage: 'place and route',
    };
    const run = await runInWorker({ ...request, ...LIMITS });
    const report = JSON.parse(new TextDecoder().decode(run.files['report.json']));
    return { report, toolVersion: `nextpnr-ice40 (npm) ${run.version}` };
  }
  return withTempFolder(files, async (cwd) => {
    const { exitCode, log } = await runProcess('nextpnr-ice40', args, { ...LIMITS, cwd });
    if (exitCode !== 0)
      throw new Error(log.split('\n').find((line) => line.startsWith('ERROR')) ?? log.slice(-200));
    const version = (await runProcess('nextpnr-ice40', ['--version'], LIMITS)).log;
    return {
      report: JSON.parse(await readFile(join(cwd, 'report.json'), 'utf8')),
      toolVersion: `nextpnr-ice40 ${/Version ([^)]+)/.exec(version)?.[1]}`,
    };
  });
}

/** What of a device is too little, in words; undefined where all fits. */
function overflow(resources, family) {
  const capacity = CAPACITY[family];
  const short = Object.keys(capacity).filter((name) => resources[name] > capacity[name]);
  return short.length === 0
    ? undefined
    : short.map((name) => `${resources[name]} of ${capacity[name]} ${name}`).join(', ');
}

/** Lowest, middle and highest of the clocks in MHz that the seeds give; the middle one counts. */
async function clocks(netlistJson, family, seeds, clock, tool) {
  const runs = [];
  for (const seed of seeds) {
    const { report, toolVersion } = await place(netlistJson, family, seed, tool);
    const net = Object.keys(report.fmax).find(
      (name) => name === clock || name.startsWith(`${clock}$`),
    );
    runs.push({
      fmax: report.fmax[net].achieved,
      cells: report.utilization.ICESTORM_LC.used,
      toolVersion,
    });
  }
  const sorted = runs.map(({ fmax }) => fmax).sort((a, b) => a - b);
  return {
    fmaxMhz: sorted[Math.floor(sorted.length / 2)],
    fmaxRange: [sorted[0], sorted.at(-1)],
    logicCells: runs[0].cells,
    pnr: runs[0].toolVersion,
  };
}

/**
 * LUT, FF, BRAM, DSP of a family, and for iCE40 devices on which it fits, the clock.
 *
 * @throws EdaError when a tool fails
 */
export async function measure({ files, top, clock }, family, { seeds, tool }) {
  const synthesis = await synthesize(files, top, family, { ...LIMITS, tool });
  const { luts, ffs, brams, dsps, lutRam, netlistJson } = synthesis;
  const area = {
    luts,
    ffs,
    brams,
    dsps,
    lutRam,
    yosys: `${synthesis.tool} ${synthesis.toolVersion}`,
  };
  if (DEVICE[family] === undefined) return area;
  const tooMuch = overflow(area, family);
  if (tooMuch !== undefined) return { ...area, tooMuch };
  return { ...area, ...(await clocks(netlistJson, family, seeds, clock, tool)) };
}
