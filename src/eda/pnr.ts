import type { SourceFiles } from './files.js';
import { runNativeTool } from './native-run.js';
import { clockFmax, parseReport, type Utilization } from './nextpnr-report.js';
import { pinShell } from './pin-shell.js';
import type { RunLimits } from './process.js';
import type { SimulatorPort } from './rtl-sim.js';
import type { SynthOptions, SynthResult } from './synth.js';
import { synthesize } from './synth.js';
import { runInWorker } from './worker.js';

export type { Utilization } from './nextpnr-report.js';

export type Ice40Device = 'up5k' | 'hx8k';

/** The package of each device with the most pins among common boards. */
const DEFAULT_PACKAGE: Readonly<Record<Ice40Device, string>> = { up5k: 'sg48', hx8k: 'ct256' };

/** Large designs can keep nextpnr busy for hours; stop by default after this. */
const DEFAULT_PNR_SECONDS = 300;

export interface PnrOptions extends RunLimits {
  /** Default sg48 for UP5K (39 pins), ct256 for HX8K (206 pins). */
  readonly package?: string;
  /** Start of the placer's random numbers; default 1. Fmax varies by some percent with it. */
  readonly seed?: number;
  /** Frequency to aim for; nextpnr's default is 12 MHz. */
  readonly freqMhz?: number;
  /**
   * HeAP (nextpnr's default) or simulated annealing. Default: HeAP, except when nearly all DSP blocks
   * are taken: HeAP then depends on luck to legalize them, and some seeds never end.
   */
  readonly placer?: 'heap' | 'sa';
  /** Input port, or net behind a PLL, whose clock `fmaxMhz` is about; default `clk_i`. */
  readonly clock?: string;
  /** Pins and clock in PCF; without, nextpnr chooses pins. */
  readonly pcf?: string;
  /** The npm build (default) or `nextpnr-ice40` on PATH. */
  readonly tool?: 'npm' | 'native';
}

export interface PnrResult {
  /** Highest clock of `clock` by static timing; undefined when no path lies between registers. */
  readonly fmaxMhz: number | undefined;
  /** By nextpnr's names: ICESTORM_LC (logic cells), ICESTORM_RAM, ICESTORM_DSP, SB_IO, ... */
  readonly utilization: Readonly<Record<string, Utilization>>;
  /** The bitstream in icestorm's text format. */
  readonly asc: Uint8Array;
  readonly seed: number;
  /** `nextpnr-ice40 (npm)` or `nextpnr-ice40`. */
  readonly tool: string;
  readonly toolVersion: string;
  readonly log: string;
}

/**
 * Place and route a netlist of `synth_ice40`. Missing the target frequency is no error.
 *
 * @throws EdaError when it does not fit, fails, or takes longer than `timeoutSeconds` (default 300).
 */
export async function placeAndRouteIce40(
  netlistJson: Uint8Array | string,
  device: Ice40Device,
  options: PnrOptions = {},
): Promise<PnrResult> {
  const seed = options.seed ?? 1;
  const args = [
    ...[`--${device}`, '--package', options.package ?? DEFAULT_PACKAGE[device]],
    ...['--json', 'netlist.json', '--asc', 'design.asc', '--report', 'report.json'],
    ...['--seed', String(seed), '--timing-allow-fail'],
    ...['--placer', options.placer ?? defaultPlacer(netlistJson)],
    ...(options.freqMhz === undefined ? [] : ['--freq', String(options.freqMhz)]),
    ...(options.pcf === undefined ? [] : ['--pcf', 'pins.pcf']),
  ];
  const files = {
    'netlist.json': netlistJson,
    ...(options.pcf === undefined ? {} : { 'pins.pcf': options.pcf }),
  };
  const outputs = ['design.asc', 'report.json'];
  const limits: RunLimits = {
    timeoutSeconds: options.timeoutSeconds ?? DEFAULT_PNR_SECONDS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const run =
    options.tool === 'native'
      ? await runNative(args, files, outputs, limits)
      : await runNpm(args, files, outputs, limits);
  const report = parseReport(run.files['report.json']);
  return {
    fmaxMhz: clockFmax(report, options.clock ?? 'clk_i'),
    utilization: report.utilization,
    asc: run.files['design.asc'],
    seed,
    ...{ tool: run.tool, toolVersion: run.toolVersion, log: run.log },
  };
}

/** DSP blocks from which on HeAP is not trusted with them; UP5K has 8. */
const CROWDED_DSPS = 7;

function defaultPlacer(netlistJson: Uint8Array | string): 'heap' | 'sa' {
  const text =
    typeof netlistJson === 'string' ? netlistJson : new TextDecoder().decode(netlistJson);
  const cells = text.match(/"type": "SB_MAC16"/g)?.length ?? 0;
  return cells >= CROWDED_DSPS ? 'sa' : 'heap';
}

export interface Ice40Measurement {
  /** The design alone, as synthesized. */
  readonly design: SynthResult;
  /** Placed and routed, the shell included. */
  readonly placed: PnrResult;
  /** What the shell added, by difference of the two syntheses; undefined without a shell. */
  readonly shell: { readonly luts: number; readonly ffs: number } | undefined;
}

/**
 * Synthesize and place a design, in a pin shell (see `pinShell`) when it has more port bits than
 * `maxPins` (default 30, which fits any package).
 *
 * @param ports of the design, as `RtlSimulator.ports` gives them.
 */
export async function measureIce40(
  files: SourceFiles,
  top: string,
  ports: readonly SimulatorPort[],
  device: Ice40Device,
  options: PnrOptions & Pick<SynthOptions, 'dsp' | 'bram'> & { readonly maxPins?: number } = {},
): Promise<Ice40Measurement> {
  const family = device === 'up5k' ? 'ice40-up5k' : 'ice40-hx8k';
  const design = await synthesize(files, top, family, options);
  const pins = ports.reduce((sum, { width }) => sum + width, 0);
  if (pins <= (options.maxPins ?? 30)) {
    const placed = await placeAndRouteIce40(design.netlistJson, device, options);
    return { design, placed, shell: undefined };
  }
  const shell = pinShell(ports, top, options.clock);
  const wrapped = await synthesize(
    { ...files, [`${shell.top}.v`]: shell.verilog },
    ...([shell.top, family, options] as const),
  );
  const placed = await placeAndRouteIce40(wrapped.netlistJson, device, options);
  return {
    design,
    placed,
    shell: { luts: wrapped.luts - design.luts, ffs: wrapped.ffs - design.ffs },
  };
}

interface NextpnrRun {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly tool: string;
  readonly toolVersion: string;
  readonly log: string;
}

async function runNpm(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
  outputs: readonly string[],
  limits: RunLimits,
): Promise<NextpnrRun> {
  const stage = 'place and route';
  const run = await runInWorker({ tool: 'nextpnr-ice40', args, files, outputs, stage, ...limits });
  return {
    ...{ files: run.files, log: run.log },
    ...{ tool: 'nextpnr-ice40 (npm)', toolVersion: run.version },
  };
}

async function runNative(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
  outputs: readonly string[],
  limits: RunLimits,
): Promise<NextpnrRun> {
  const stage = 'place and route';
  const run = await runNativeTool({
    ...{ tool: 'nextpnr-ice40', args, files, outputs, stage },
    ...limits,
  });
  return {
    ...{ files: run.files, log: run.log },
    ...{ tool: 'nextpnr-ice40', toolVersion: run.version },
  };
}
