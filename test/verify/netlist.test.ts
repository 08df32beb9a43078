import { expect, test } from 'vitest';
import { synthesizeCircuit } from '../../src/eda/post-synth.js';
import { compileNetlist } from '../../src/eda/rtl-sim.js';
import { emit } from '../../src/emit/emit.js';
import { cosimulateAll } from '../../src/verify/campaign.js';
import { expectationOf } from '../../src/verify/cosimulate.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { verifyNetlist } from '../../src/verify/netlist.js';
import { randomModel } from '../../src/verify/random-model.js';

const small = (scheme: string) => {
  const sizes = { inputSize: 2, hiddenSizes: [2], classes: 2, when: 'every-step' } as const;
  const design = plan(randomModel({ scheme, ...sizes }, new Random(3)), {
    ...{ name: 'dut', rows: 1, columns: 1 },
  });
  return { design, batches: randomInput(design, [3, 1, 2], new Random(1)) };
};

// The first has block RAM and DSP blocks.
test.each([
  ['int8', 'ice40-up5k', true],
  ['hitnet', 'generic-lut4', false],
] as const)(
  'the netlist of %s for %s equals golden model and simulator',
  async (scheme, family, hasBlocks) => {
    const { design, batches } = small(scheme);
    const result = await verifyNetlist(design, batches, { family, seed: 2 });
    expect(result.firstProblems).toEqual([]);
    expect(result.resultsChecked).toBeGreaterThanOrEqual(6 * result.runs.length);
    expect(result.resources.brams > 0 && result.resources.dsps > 0).toBe(hasBlocks);
  },
  300_000,
);

test('a fault in the netlist is found', async () => {
  const { design, batches } = small('hitnet');
  const netlist = emit(design);
  const file = 'hg_stream_out.v';
  const text = netlist.files[file].replace('if (m_axis_tready)', 'if (1)');
  expect(text).not.toBe(netlist.files[file]);
  const files = { ...netlist.files, [file]: text };
  const { circuit } = await synthesizeCircuit(files, netlist.top, 'generic-lut4');
  const { firstProblems } = await cosimulateAll(design, netlist, batches, {
    compiled: await compileNetlist(circuit),
    expectation: expectationOf(design, batches),
    ...{ seed: 2, streamsOnly: true },
  });
  // A beat that does not wait shows only where the output stalls.
  expect(firstProblems.join()).toContain('changed while it waited');
  expect(firstProblems.join()).toContain('stalls, slow output');
}, 300_000);
