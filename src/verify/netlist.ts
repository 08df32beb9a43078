/**
 * The netlist that synthesis makes of a design, run like the Verilog: every result against the golden model, and its
 * cycle against the simulator, at full speed, with stalls and after resets. Of the signals inside, synthesis leaves
 * few: what is compared are the streams.
 */
import type { Design } from '../design/design.js';
import { synthesizeCircuit, type NetlistFamily } from '../eda/post-synth.js';
import { compileNetlist } from '../eda/rtl-sim.js';
import type { Resources } from '../eda/synth.js';
import { emit } from '../emit/emit.js';
import { cosimulateAll, type CampaignResult } from './campaign.js';
import { expectationOf } from './cosimulate.js';
import type { BatchInput } from './golden-run.js';

export interface NetlistVerification extends CampaignResult {
  readonly family: NetlistFamily;
  readonly resources: Resources;
  /** Tool that made the netlist, with its version. */
  readonly tool: string;
}

export interface NetlistOptions {
  readonly family: NetlistFamily;
  readonly seed: number;
  /** Of synthesis; default 600. */
  readonly timeoutSeconds?: number;
  readonly onProgress?: (fraction: number, what: string) => void;
  readonly signal?: AbortSignal;
}

/** @throws EdaError when synthesis stops, or a cell of the netlist has no model. */
export async function verifyNetlist(
  design: Design,
  batches: readonly BatchInput[],
  { family, seed, timeoutSeconds = 600, onProgress, signal }: NetlistOptions,
): Promise<NetlistVerification> {
  const netlist = emit(design);
  const signals = signal ? { signal } : {};
  onProgress?.(0, 'synthesis');
  const { synthesis, circuit } = await synthesizeCircuit(netlist.files, netlist.top, family, {
    timeoutSeconds,
    ...signals,
  });
  const { luts, ffs, carries, brams, dsps, sprams, lutRam, tool, toolVersion } = synthesis;
  const result = await cosimulateAll(design, netlist, batches, {
    compiled: await compileNetlist(circuit, { randomizeState: seed }),
    expectation: expectationOf(design, batches),
    ...{ seed, streamsOnly: true },
    onProgress: (fraction, run) => onProgress?.(0.5 + fraction / 2, run),
    ...signals,
  });
  return {
    ...result,
    ...{ family, tool: `${tool} ${toolVersion}` },
    resources: { luts, ffs, carries, brams, dsps, sprams, lutRam },
  };
}
