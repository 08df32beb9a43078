/** Waves of a run: the emitted Verilog in our simulator (VCD), or its testbench in Icarus Verilog (FST). */
import type { Design } from '../design/design.js';
import { EdaError } from '../eda/errors.js';
import { traceIcarus } from '../eda/native-trace.js';
import type { RtlSimulator } from '../eda/rtl-sim.js';
import { VcdRecorder } from '../eda/vcd.js';
import { emit } from '../emit/emit.js';
import { emitTestbench } from '../emit/project.js';
import { packageVersion } from '../package-root.js';
import { compileDesign, cosimulate } from './cosimulate.js';
import { testVectors, type BatchInput } from './golden-run.js';
import { gtkwSave } from './wave-groups.js';

export interface Waves {
  /** File name -> content: the waves, and GTKWave's save file of the same name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly cycles: number;
  readonly signals: number;
}

/** What an FST of the testbench has in common with the simulator: the design's signals. */
async function designSignals(design: Design): Promise<RtlSimulator> {
  return compileDesign(design, emit(design));
}

/**
 * Every signal of every cycle, at full speed, as a VCD.
 * @throws {EdaError} where the run is not what the golden model says: its waves would mislead
 */
export async function vcdWaves(
  design: Design,
  batches: readonly BatchInput[],
  signal?: AbortSignal,
): Promise<Waves> {
  const netlist = emit(design);
  const rtl = await compileDesign(design, netlist);
  const pieces: string[] = [];
  const recorder = new VcdRecorder(
    rtl,
    { top: netlist.top, version: `halfgate ${packageVersion()} design ${netlist.designId}` },
    (text) => pieces.push(text),
  );
  const { cycles } = await cosimulate(design, netlist, batches, {
    compiled: rtl,
    onCycle: (running, cycle) => recorder.sample(running, cycle),
    ...(signal ? { signal } : {}),
  });
  const dump = `${netlist.top}.vcd`;
  return {
    files: {
      [dump]: pieces.join(''),
      [`${netlist.top}.vcd.gtkw`]: gtkwSave(dump, netlist.top, recorder.signals),
    },
    cycles,
    signals: recorder.signals.length,
  };
}

/**
 * The same of the generated testbench, as an FST: smaller, and memories and parameters are in it.
 * @throws {EdaError} where Icarus Verilog is not installed, or the testbench fails
 */
export async function fstWaves(
  design: Design,
  batches: readonly BatchInput[],
  signal?: AbortSignal,
): Promise<Waves> {
  const { top, files } = emit(design);
  const vectors = testVectors(design, batches);
  const testbench = emitTestbench(design, vectors);
  const { waves, log } = await traceIcarus({
    files: { ...files, ...testbench.files },
    ...{ top: testbench.top, dut: 'dut', parameters: { RUNS: 0 } },
    ...(signal ? { signal } : {}),
  });
  const passed = /^HALFGATE PASS \d+ results, .* (\d+) cycles$/m.exec(log);
  if (passed === null) {
    throw new EdaError('the testbench fails', { tool: 'iverilog', stage: 'trace', log });
  }
  const signals = (await designSignals(design)).signals().filter(({ name }) => name !== 'clk_i');
  const dump = `${top}.fst`;
  const save = gtkwSave(dump, `${testbench.top}.dut`, signals);
  return {
    files: { [dump]: waves, [`${top}.fst.gtkw`]: save },
    cycles: Number(passed[1]),
    signals: signals.length,
  };
}
