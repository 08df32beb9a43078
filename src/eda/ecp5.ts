import { runNativeTool } from './native-run.js';
import { clockFmax, parseReport, type Utilization } from './nextpnr-report.js';
import type { RunLimits } from './process.js';
import { findTool } from './tools.js';

/** Tools for ECP5 behind Yosys; npm has none of them. */
const ECP5_TOOLS = ['nextpnr-ecp5', 'ecppack'] as const;

/** Those of them that are not on PATH. */
export async function missingEcp5Tools(): Promise<string[]> {
  const found = await Promise.all(ECP5_TOOLS.map((name) => findTool(name)));
  return ECP5_TOOLS.filter((_, n) => found[n] === undefined);
}

export interface Ecp5Options extends RunLimits {
  /** nextpnr's name: `25k`, `85k`, `um-45k`. */
  readonly device: string;
  readonly package: string;
  /** Pins and clock. */
  readonly lpf: string;
  readonly freqMhz: number;
  /** Net whose clock `fmaxMhz` is about. */
  readonly clock: string;
  readonly seed: number;
}

export interface Ecp5Result {
  readonly fmaxMhz: number | undefined;
  /** By nextpnr's names: TRELLIS_COMB, TRELLIS_FF, DP16KD, MULT18X18D, ... */
  readonly utilization: Readonly<Record<string, Utilization>>;
  readonly bitstream: Uint8Array;
  readonly toolVersion: string;
}

/**
 * Place, route and pack a netlist of `synth_ecp5` with the tools on PATH. Missing the frequency is no error.
 * @throws EdaError when a tool is missing, does not fit the design, or takes too long.
 */
export async function buildEcp5(
  netlistJson: Uint8Array,
  { device, package: pack, lpf, freqMhz, clock, seed, ...limits }: Ecp5Options,
): Promise<Ecp5Result> {
  const placed = await runNativeTool({
    tool: 'nextpnr-ecp5',
    args: [
      ...[`--${device}`, '--package', pack, '--json', 'netlist.json', '--lpf', 'pins.lpf'],
      ...['--textcfg', 'design.config', '--report', 'report.json', '--seed', String(seed)],
      ...['--freq', String(freqMhz), '--timing-allow-fail'],
    ],
    files: { 'netlist.json': netlistJson, 'pins.lpf': lpf },
    outputs: ['design.config', 'report.json'],
    stage: 'place and route',
    ...limits,
  });
  const packed = await runNativeTool({
    ...{ tool: 'ecppack', args: ['--compress', 'design.config', 'design.bit'], stage: 'pack' },
    files: { 'design.config': placed.files['design.config'] },
    outputs: ['design.bit'],
    ...limits,
  });
  const report = parseReport(placed.files['report.json']);
  return {
    fmaxMhz: clockFmax(report, clock),
    utilization: report.utilization,
    bitstream: packed.files['design.bit'],
    toolVersion: placed.version,
  };
}
