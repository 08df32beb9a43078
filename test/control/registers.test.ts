/** The registers of the emitted Verilog, read and written at random speeds. */
import { describe, expect, test } from 'vitest';
import { fieldMask, registerOf } from '../../src/control/map.js';
import { plan } from '../../src/design/plan.js';
import { lintIverilog, lintVerilator } from '../../src/eda/native-sim.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { designMap, emit } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { AxiLiteMaster, loadWeights, OKAY, SLVERR } from '../../src/verify/axi-lite-driver.js';
import { cosimulate } from '../../src/verify/cosimulate.js';
import { inputBeats, randomInput } from '../../src/verify/golden-run.js';
import { loadable, modelOf } from './designs.js';

const verilator = (await findTool('verilator')) !== undefined;
const iverilog = (await findTool('iverilog')) !== undefined;
const both = {
  inputSize: 6,
  features: [
    { count: 3, size: 4 },
    { count: 5, size: 2 },
  ],
  bidirectional: [true],
  maxSteps: 5,
};

const fixed = plan(modelOf({}, 3), { name: 'dut', rows: 5, columns: 1, control: 'axi-lite' });

async function powered(design = loadable({ columns: 1 }), stallSeed?: number) {
  const rtl = await compileRtl(emit(design).files, 'dut', { randomizeState: 9 });
  rtl.set('rst_i', 1);
  rtl.set('m_axis_tready', 1);
  const map = designMap(design);
  const master = new AxiLiteMaster(rtl, map, stallSeed);
  rtl.tick(2);
  rtl.set('rst_i', 0);
  return { design, rtl, map, master };
}

describe('registers', () => {
  test.each([undefined, 4])('say which hardware this is (stalls %s)', async (stallSeed) => {
    const { master, map } = await powered(loadable({ columns: 1 }), stallSeed);
    expect(master.register('MAP')).toBe(0x48470001);
    expect(master.register('DESIGN')).toBe(map.designId);
    expect(master.register('CONTROL')).toBe(0);
    expect(master.set('IRQ_ENABLE', 3)).toBe(OKAY);
    expect(master.register('IRQ_ENABLE')).toBe(3);
    expect(master.set('IRQ_ENABLE', 1)).toBe(OKAY);
    expect(master.register('IRQ_ENABLE')).toBe(1);
  });

  test('refuse what is not there, what is read-only, and less than a word', async () => {
    const { master, map } = await powered();
    const beyond = 4 * map.registers.length;
    expect(master.read(beyond)).toEqual({ data: 0, response: SLVERR });
    expect(master.write(beyond, 1)).toBe(SLVERR);
    expect(master.set('STEPS', 1)).toBe(SLVERR);
    expect(master.write(registerOf(map, 'IRQ_ENABLE').offset, 3, 7)).toBe(SLVERR);
    expect(master.register('IRQ_ENABLE')).toBe(0);
    const [window] = map.windows;
    expect(master.read(window.base).response).toBe(SLVERR);
    expect(master.write(window.base, 0)).toBe(OKAY);
    expect(master.write(window.base + window.entries * window.strideBytes, 0)).toBe(SLVERR);
  });

  test('refuse to load while the core runs, and do not load then', async () => {
    const { master, map, rtl } = await powered();
    const [window] = map.windows;
    master.write(window.base, 0x155);
    const before = rtl.readMemory('u_weights_0.u_ram.mem', 0);
    master.set('CONTROL', fieldMask(map, 'CONTROL', 'run'));
    expect(master.write(window.base, ~0x155 >>> 0)).toBe(SLVERR);
    expect(rtl.readMemory('u_weights_0.u_ram.mem', 0)).toBe(before);
    expect(before).toBe(1n);
  });

  test('count steps, results and cycles, and interrupt as they are told', async () => {
    const { design, master, map, rtl } = await powered();
    loadWeights(master, design);
    expect(rtl.getNumber('s_axis_tready')).toBe(0);
    master.set('IRQ_ENABLE', fieldMask(map, 'IRQ_ENABLE', 'sequence'));
    master.start();
    const batches = randomInput(design, [2, 1], new Random(1));
    const beats = inputBeats(design, batches);
    let results = 0;
    let busy = 0;
    let beat = 0;
    let firstIrq = -1;
    for (let cycle = 0; results < 3 && cycle < 2000; cycle++) {
      rtl.set('s_axis_tvalid', beat < beats.length ? 1 : 0);
      if (beat < beats.length) {
        rtl.set('s_axis_tdata', beats[beat].data);
        rtl.set('s_axis_tlast', beats[beat].last ? 1 : 0);
      }
      rtl.eval();
      if (beat < beats.length && rtl.getNumber('s_axis_tready') === 1) beat++;
      results += rtl.getNumber('m_axis_tvalid');
      busy += 1 - rtl.getNumber('u_control.idle_i');
      if (firstIrq < 0 && rtl.getNumber('irq_o') === 1) firstIrq = results;
      rtl.tick();
    }
    // The second result ends the first sequence.
    expect(firstIrq).toBe(2);
    expect(master.register('STEPS')).toBe(3);
    expect(master.register('RESULTS')).toBe(3);
    expect(master.register('IRQ_STATUS')).toBe(3);
    expect(busy).toBeGreaterThan(100);
    expect(master.register('CYCLES')).toBe(busy);
    expect(rtl.getNumber('irq_o')).toBe(1);
    master.set('IRQ_STATUS', fieldMask(map, 'IRQ_STATUS', 'sequence'));
    expect(rtl.getNumber('irq_o')).toBe(0);
    expect(master.register('IRQ_STATUS')).toBe(fieldMask(map, 'IRQ_STATUS', 'result'));
    master.set('CONTROL', fieldMask(map, 'CONTROL', 'reset'));
    for (const name of ['STEPS', 'RESULTS', 'CYCLES', 'IRQ_STATUS'] as const) {
      expect(master.register(name)).toBeLessThan(name === 'CYCLES' ? 8 : 1);
    }
  });

  test.each([
    ['step by step', loadable({ columns: 1, hiddenSizes: [3, 2] })],
    ['of whole sequences', loadable({ columns: 1, ...both })],
  ])('halt a core %s only when nothing is under way', async (_, design) => {
    const { master, map, rtl } = await powered(design);
    loadWeights(master, design);
    const halted = fieldMask(map, 'STATUS', 'halted');
    for (const wait of [1, 2, 3, 4, 5, 9, 30]) {
      master.start();
      const beats = inputBeats(design, randomInput(design, [2], new Random(wait)));
      for (const { data, last } of beats) {
        rtl.set('s_axis_tvalid', 1);
        rtl.set('s_axis_tdata', data);
        rtl.set('s_axis_tlast', last ? 1 : 0);
        while (rtl.getNumber('s_axis_tready') !== 1) rtl.tick();
        rtl.tick();
      }
      rtl.set('s_axis_tvalid', 0);
      rtl.tick(wait);
      master.set('CONTROL', 0);
      expect(master.register('STATUS') & halted).toBe(0);
      for (let n = 0; n < 400 && (master.register('STATUS') & halted) === 0; n++) rtl.tick();
      expect(master.register('RESULTS')).toBe(2);
      expect(master.register('STATUS')).toBe(3);
    }
  });
});

describe('control without windows', () => {
  test('starts by itself and keeps the cycles of the simulator', async () => {
    const batches = randomInput(fixed, [3, 2], new Random(5));
    for (const stall of [{}, { stallSeed: 3 }]) {
      const result = await cosimulate(fixed, emit(fixed), batches, { randomizeState: 5, ...stall });
      expect(result.firstProblems).toEqual([]);
    }
  });
});

describe('lint', () => {
  const cases = [
    ['registers alone', fixed],
    ['loadable', loadable()],
    ['loadable in words of 64 bits', loadable({ scheme: 'hitnet', pack: 32, array: 'ternary' })],
    ['loadable tokens', loadable({ scheme: 'bcq-2', vocabSize: 7, inputSize: 4 })],
    ['loadable sequences', loadable(both)],
  ] as const;

  test.skipIf(!verilator).each(cases)(
    'is clean under verilator -Wall: %s (skipped without verilator)',
    async (_, design) => {
      expect(await lintVerilator(emit(design).files, 'dut')).toMatchObject({
        clean: true,
        log: '',
      });
    },
  );

  test.skipIf(!iverilog).each(cases)(
    'is clean under iverilog -Wall: %s (skipped without iverilog)',
    async (_, design) => {
      expect(await lintIverilog(emit(design).files, 'dut')).toMatchObject({ clean: true, log: '' });
    },
  );

  test('emits a decoder that a person can read', async () => {
    const { files } = emit(loadable({ scheme: 'int8', rows: 7 }));
    await expect(files['dut_control.v']).toMatchFileSnapshot('../golden/control/dut_control.v');
  });
});
