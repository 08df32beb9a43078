import { describe, expect, test } from 'vitest';
import { boardNames, loadBoard, type Board } from '../../src/board/board.js';
import { emitBoard } from '../../src/board/emit-board.js';
import { goldenExchange, exchangeText } from '../../src/board/exchange.js';
import { boardProject } from '../../src/board/project.js';
import { identityMessage, messageSizes, MESSAGE } from '../../src/board/protocol.js';
import { simulateBoard, startBoard } from '../../src/board/simulate.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { lintIverilog, lintVerilator } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { Random } from '../../src/model/random.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

const verilator = (await findTool('verilator')) !== undefined;
const iverilog = (await findTool('iverilog')) !== undefined;

function design(more: Partial<ModelShape & PlanOptions> = {}) {
  const shape = {
    ...{ scheme: 'ternary-level3', inputSize: 3, vocabSize: 7, hiddenSizes: [4], classes: 5 },
    when: 'every-step' as const,
    ...more,
  };
  return plan(randomModel(shape, new Random(4)), { name: 'tiny', rows: 2, columns: 1, ...more });
}

const value = { output: 'value', classes: 1 } as const;
const designs = {
  'token in, class out': design(),
  'two columns of many tokens': design({ columns: 2, vocabSize: 300, classes: 280 }),
  'dense in, value at the end': design({
    vocabSize: undefined,
    when: 'last-step',
    ...value,
  } as never),
  'zeros left out': design({ dataflow: 'sparse', hiddenSizes: [9] }),
  'sequences in lockstep': design({ dataflow: 'ws', lockstep: 3, columns: 4 }),
  'whole sequences of features': design({
    ...({ vocabSize: undefined, inputSize: 3, bidirectional: [true], maxSteps: 4 } as object),
    features: [
      { count: 2, size: 1 },
      { count: 3, size: 2 },
    ],
  }),
};

function exchangeOf(d: ReturnType<typeof design>) {
  return goldenExchange(d, testVectors(d, randomInput(d, [3, 2, 4], new Random(9))));
}

describe('the top of a board', () => {
  test.each([
    [{ control: 'axi-lite' }, '--control: axi-lite, a board has a UART and no processor'],
    [{ streams: 2 }, '--streams: 2, a board has a UART and no processor'],
  ] as const)('is refused to a design with ports that it does not drive: %o', (more, problem) => {
    expect(() => emitBoard({ ...first, ...more }, loadBoard('icebreaker'))).toThrow(problem);
  });

  const [first] = Object.values(designs);
  const cases = [
    ...Object.entries(designs).map(([name, d]) => [name, 'icebreaker', d, undefined] as const),
    ...['ulx3s', 'arty-a7'].map((board) => ['a design', board, first, undefined] as const),
    ['a clock of its own', 'icebreaker', first, 24] as const,
    ['a clock of its own', 'ulx3s', first, 40] as const,
  ];

  test.each(cases)(
    'answers over its UART pins as the golden model does: %s on %s',
    async (_, board, d, clockMhz) => {
      const netlist = emitBoard(d, loadBoard(board), { clockMhz });
      const exchange = exchangeOf(d);
      const run = await simulateBoard(netlist, exchange);
      expect(run.problems).toEqual([]);
      expect(run).toMatchObject({ steps: 9, results: exchange.results.length });
    },
  );

  test('a comparison that finds another byte says which', async () => {
    const netlist = emitBoard(first, loadBoard('icebreaker'));
    const { steps, results } = exchangeOf(first);
    const wrong = results.map((bytes, n) => (n === 4 ? [bytes[0], bytes[1] ^ 1] : bytes));
    const { problems } = await simulateBoard(netlist, { steps, results: wrong });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^result 4: /);
  });

  test('a design with registers or several streams is refused', () => {
    const board = loadBoard('icebreaker');
    expect(() => emitBoard(design({ control: 'axi-lite' }), board)).toThrow(
      '--control: axi-lite, a board has a UART and no processor',
    );
    expect(() => emitBoard(design({ streams: 2 }), board)).toThrow(
      '--streams: 2, a board has a UART',
    );
  });

  test('without DSP blocks its script asks for none', () => {
    const scriptOf = (usesDsp: boolean): string => {
      const netlist = emitBoard(first, loadBoard('icebreaker'), { usesDsp });
      return boardProject(first, netlist, exchangeOf(first), [])['build.sh'];
    };
    expect(scriptOf(true)).toContain('synth_ice40 -device u -dsp -top');
    expect(scriptOf(false)).toContain('synth_ice40 -device u -top');
  });

  test('a host that lost its place finds it again, and starts from a fresh state', async () => {
    const netlist = emitBoard(first, loadBoard('icebreaker'));
    const { rtl, host } = await startBoard(netlist);
    const { steps, results } = exchangeOf(first);
    const { beatBytes, beats } = messageSizes(first);
    host.send(steps[0]);
    // In the middle of a message; then as many 52 as a step has bytes, and one more.
    host.send([MESSAGE.step]);
    host.send(Array.from({ length: beatBytes * beats + 1 }, () => MESSAGE.hello));
    while (host.receive(20_000) !== undefined);
    host.send([MESSAGE.hello]);
    const identity = identityMessage(netlist.designId);
    expect(identity.map(() => host.receive())).toEqual(identity);
    // The first sequence of the exchange again: its first result is that of a state of zero.
    host.send(steps[0]);
    const answer = [host.receive(), host.receive(), host.receive()];
    expect([
      [MESSAGE.ready, ...results[0]],
      [...results[0], MESSAGE.ready],
    ]).toContainEqual(answer);
    expect(rtl.getNumber('led_error_o')).toBe(1);
  });

  test('a host that does not wait, or sends what begins nothing, lights the LED', async () => {
    const slow = design({ hiddenSizes: [24], rows: 1 });
    const netlist = emitBoard(slow, loadBoard('icebreaker'));
    const { rtl, host } = await startBoard(netlist);
    expect(rtl.getNumber('led_error_o')).toBe(1);
    host.send([0x33]);
    expect(rtl.getNumber('led_error_o')).toBe(0);
    host.send([MESSAGE.hello]);
    expect(rtl.getNumber('led_error_o')).toBe(1);
    const { steps } = exchangeOf(slow);
    for (let n = 0; n < 8; n++) host.send(steps[n % 2]);
    expect(rtl.getNumber('led_error_o')).toBe(0);
  });

  test('the button starts it anew', async () => {
    const netlist = emitBoard(first, loadBoard('icebreaker'));
    const { rtl, host } = await startBoard(netlist);
    const { steps, results } = exchangeOf(first);
    host.send(steps[0]);
    rtl.set('reset_button_i', 0);
    for (let n = 0; n < 10; n++) host.tick();
    rtl.set('reset_button_i', 1);
    while (host.receive(2000) !== undefined);
    host.send(steps[0]);
    const answer = [host.receive(), host.receive(), host.receive()];
    expect(answer.filter((byte) => byte !== MESSAGE.ready)).toEqual(results[0]);
  });

  const tops = [
    ...boardNames().map((name) => [name, loadBoard(name), undefined] as const),
    ['icebreaker without button and LEDs', bare(loadBoard('icebreaker')), undefined] as const,
  ];

  test.skipIf(!verilator).each(tops)(
    'of %s is clean under verilator -Wall (skipped without verilator)',
    async (_, board) => {
      // Vendors' primitives, as a PLL, are no module that lint could read.
      const { files, top } = emitBoard(first, board, { clockMhz: board.clock.mhz });
      expect(await lintVerilator(files, top)).toMatchObject({ clean: true });
    },
  );

  test.skipIf(!iverilog).each(tops)(
    'of %s is clean under iverilog -Wall (skipped without iverilog)',
    async (_, board) => {
      const { files, top } = emitBoard(first, board, { clockMhz: board.clock.mhz });
      expect(await lintIverilog(files, top)).toMatchObject({ clean: true });
    },
  );

  test.each(boardNames())('of %s reads as before', async (name) => {
    const { files, top, constraints } = emitBoard(first, loadBoard(name));
    await expect(files[`${top}.v`]).toMatchFileSnapshot(`../golden/boards/${top}.v`);
    await expect(constraints.text).toMatchFileSnapshot(`../golden/boards/${constraints.file}`);
  });

  test('an exchange reads as text', () => {
    const text = exchangeText({ steps: [[0x50, 3]], results: [[0x50, 255]] });
    expect(text).toMatch(/^> 50 03\n< 50 ff\n$/m);
  });
});

function bare(board: Board): Board {
  return { ...board, reset: null, leds: { ready: null, error: null } };
}
