/** BoardNetlist -> bitstream: synthesis, placement and routing under the board's constraints, packing. */
import { buildEcp5, missingEcp5Tools } from '../eda/ecp5.js';
import { packIce40 } from '../eda/icepack.js';
import { placeAndRouteIce40, type Ice40Device, type Utilization } from '../eda/pnr.js';
import type { RunLimits } from '../eda/process.js';
import { synthesize, type Family, type Resources, type SynthResult } from '../eda/synth.js';
import type { BoardNetlist } from './emit-board.js';

export interface BuildOptions extends RunLimits {
  /** npm builds (default), or tools on PATH; ECP5 has those alone. */
  readonly tool?: 'npm' | 'native';
  /** Of the placer; default 1. */
  readonly seed?: number;
  readonly onProgress?: (done: number, note: string) => void;
}

export interface BoardBuild {
  /** Of the whole top, as synthesized. */
  readonly resources: Resources;
  /** After placement; undefined where there was none. */
  readonly utilization: Readonly<Record<string, Utilization>> | undefined;
  /** Highest clock of the design by static timing; undefined where nothing was placed. */
  readonly fmaxMhz: number | undefined;
  readonly bitstream: { readonly file: string; readonly data: Uint8Array } | undefined;
  /** Why there is no bitstream. */
  readonly missing: string | undefined;
  /** Tools and versions, in the order in which they ran. */
  readonly tools: readonly string[];
}

function resourcesOf({ luts, ffs, carries, brams, dsps, sprams, lutRam }: SynthResult): Resources {
  return { luts, ffs, carries, brams, dsps, sprams, lutRam };
}

/**
 * Build a board's top. Whether it meets its clock is for the caller to say: nothing is refused for that.
 * @throws EdaError where the design does not fit, or a tool fails
 */
export async function buildBoard(
  netlist: BoardNetlist,
  { tool = 'npm', seed = 1, onProgress, ...limits }: BuildOptions = {},
): Promise<BoardBuild> {
  const { board, top, files, coreMhz, clockNet, constraints, usesDsp } = netlist;
  const family: Family = board.family;
  onProgress?.(0.1, 'synthesis');
  const mapped = await synthesize(files, top, family, { ...limits, tool, dsp: usesDsp });
  const synthesized = {
    resources: resourcesOf(mapped),
    tools: [`${mapped.tool} ${mapped.toolVersion}`],
  };
  const nothing = { utilization: undefined, fmaxMhz: undefined, bitstream: undefined };
  if (family === 'xc7') {
    return {
      ...synthesized,
      ...nothing,
      missing: 'Vivado makes it: vivado -mode batch -source build.tcl',
    };
  }
  if (family === 'ecp5') {
    const lacking = await missingEcp5Tools();
    if (lacking.length > 0) {
      const missing = `${lacking.join(' and ')} not on PATH; with them: sh build.sh, or halfgate build again`;
      return { ...synthesized, ...nothing, missing };
    }
    onProgress?.(0.4, 'placement and routing');
    const placed = await buildEcp5(mapped.netlistJson, {
      ...{ device: board.device, package: board.package, lpf: constraints.text },
      ...{ freqMhz: coreMhz, clock: clockNet, seed, ...limits },
    });
    return {
      ...synthesized,
      ...{ utilization: placed.utilization, fmaxMhz: placed.fmaxMhz, missing: undefined },
      bitstream: { file: `${top}.bit`, data: placed.bitstream },
      tools: [...synthesized.tools, `nextpnr-ecp5 ${placed.toolVersion}`],
    };
  }
  onProgress?.(0.4, 'placement and routing');
  const placed = await placeAndRouteIce40(mapped.netlistJson, board.device as Ice40Device, {
    ...{ package: board.package, pcf: constraints.text, freqMhz: coreMhz, clock: clockNet },
    ...{ seed, tool, ...limits },
  });
  onProgress?.(0.95, 'packing');
  const data = await packIce40(placed.asc, { tool, ...limits });
  return {
    ...synthesized,
    ...{ utilization: placed.utilization, fmaxMhz: placed.fmaxMhz, missing: undefined },
    bitstream: { file: `${top}.bin`, data },
    tools: [...synthesized.tools, `${placed.tool} ${placed.toolVersion}`],
  };
}
