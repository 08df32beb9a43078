import { describe, expect, test } from 'vitest';
import { plan } from '../../src/design/plan.js';
import { emit } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { elaborateRtl } from '../../src/eda/rtl-sim.js';
import { provedEquivalent, type Equivalence } from '../../src/mutation/equivalence.js';
import { drawFaults, mutationScore } from '../../src/mutation/score.js';
import { stressInput } from '../../src/verify/extreme-input.js';
import { randomModel } from '../../src/verify/random-model.js';

// Large enough that not all results are the same class.
const shape = {
  ...{ scheme: 'ternary-level3', inputSize: 3, hiddenSizes: [5], classes: 4 },
  when: 'every-step',
} as const;
const design = plan(randomModel(shape, new Random(3)), { name: 'dut', rows: 3, columns: 1 });
const netlist = emit(design);

test('the same seed draws the same faults, another one others', () => {
  const first = drawFaults(netlist, 1).slice(0, 24);
  expect(drawFaults(netlist, 1).slice(0, 24)).toEqual(first);
  expect(drawFaults(netlist, 2).slice(0, 24)).not.toEqual(first);
});

test('faults are found and reported with their places; one step alone finds fewer of them', async () => {
  const batches = stressInput(design, 30, new Random(4));
  const options = { count: 10, seed: 1, checks: ['npm'], limitSeconds: 20 } as const;
  const report = await mutationScore(design, batches, options);
  const [{ killed, survived, score }] = report.scores;
  expect(report.faults).toHaveLength(10);
  expect(killed + survived + report.equivalent).toBe(10);
  expect(score).toBe(killed / (killed + survived));
  for (const { file, line, before } of report.faults) {
    // Connections are aligned in the file.
    const text = netlist.files[file].split('\n')[line - 1].replaceAll(/\s+/g, '');
    expect(text).toContain(before.split(' ')[0]);
  }
  // The same faults: whatever keeps steps and sequences apart is never used.
  const weak = await mutationScore(design, batches.slice(0, 1), options);
  const places = (of: typeof report) =>
    of.faults.map(({ file, line, after }) => [file, line, after]);
  expect(places(weak)).toEqual(places(report));
  expect(weak.scores[0].killed).toBeLessThan(killed);
}, 300_000);

describe('equivalence', () => {
  const changed = async (file: string, from: string, to: string): Promise<Equivalence> => {
    const text = netlist.files[file];
    expect(text).toContain(from);
    const files = { ...netlist.files, [file]: text.replace(from, to) };
    const read = (sources: typeof files) => elaborateRtl(sources, netlist.top);
    return provedEquivalent(await read(netlist.files), await read(files), { limitSeconds: 120 });
  };

  test('is proved by form where simplification gives the same', async () => {
    const unused = "else if (1'b1 && m_axis_tready)";
    expect(await changed('hg_stream_out.v', 'else if (m_axis_tready)', unused)).toBe('form');
    // Bits below those that are kept never matter.
    const low = "tanh_q <= (tanh_c) & ~2'sd1";
    expect(await changed('hg_cell_level.v', 'tanh_q <= tanh_c', low)).toBe('form');
  }, 60_000);

  test('is proved of what holds a constant once power-up left 0', async () => {
    // The one layer has number 0.
    const dropped = await changed('dut_column.v', 'drain_layer_q <= drain_layer_i;', ';');
    expect(dropped).toBe('form, from 0');
  }, 60_000);

  test('is proved by SAT where a change says the same in other words', async () => {
    const same = 'else if (m_axis_tready || !m_axis_tvalid)';
    expect(await changed('hg_stream_out.v', 'else if (m_axis_tready)', same)).toBe('cycle');
  }, 200_000);

  test('is not proved of a fault, of a register without reset, of a memory that reads another word', async () => {
    expect(await changed('hg_argmax.v', 'first_i ?', "1'b0 ?")).toBeUndefined();
    expect(await changed('hg_stream_out.v', 'if (rst_i) m_axis', "if (1'b0) m_axis")).toBe(
      undefined,
    );
    const read = 'mem[read_addr_i]';
    expect(await changed('hg_ram.v', read, "mem[read_addr_i ^ 1'b1]")).toBeUndefined();
  }, 300_000);
});
