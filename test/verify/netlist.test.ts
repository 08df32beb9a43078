import { expect, test } from 'vitest';
import { synthesizeCircuit } from '../../src/eda/post-synth.js';
import { compileNetlist } from '../../src/eda/rtl-sim.js';
import { synthesize } from '../../src/eda/synth.js';
import { emit } from '../../src/emit/emit.js';
import { templateSource } from '../../src/emit/render.js';
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

test('two products in a block of a UP5K are those of two `*`, for all activations and weights', async () => {
  const name = 'hg_product_pair';
  const files = { [`${name}.v`]: templateSource(`${name}.v`) };
  const { synthesis, circuit } = await synthesizeCircuit(files, name, 'ice40-up5k');
  expect(synthesis.cells).toEqual({ SB_MAC16: 1 });
  const rtl = await compileNetlist(circuit);
  const wrong: string[] = [];
  for (let act = -128; act < 128; act++) {
    // The other product is of other numbers, so that neither can be taken for the other.
    const other = -1 - act;
    rtl.set('acts_i', ((other & 255) << 8) | (act & 255));
    for (let weight = -128; weight < 128; weight++) {
      const second = (37 * weight + act) & 255;
      rtl.set('weights_i', (second << 8) | (weight & 255));
      rtl.eval();
      const products = Number(rtl.get('products_o'));
      const [north, south] = [(products << 16) >> 16, products >> 16];
      if (north !== act * weight || south !== other * ((second << 24) >> 24)) {
        wrong.push(`${act} * ${weight}: ${north}; ${other} * ${second}: ${south}`);
      }
    }
  }
  expect(wrong.slice(0, 3)).toEqual([]);
}, 120_000);

test('the netlist of a design with two products to a block equals golden model and simulator', async () => {
  const sizes = { inputSize: 2, hiddenSizes: [2], classes: 2, when: 'every-step' } as const;
  const model = randomModel({ scheme: 'int8', ...sizes }, new Random(3));
  const design = plan(model, { name: 'dut', rows: 3, columns: 1, dspPairs: true });
  const batches = randomInput(design, [3, 1, 2], new Random(1));
  const result = await verifyNetlist(design, batches, { family: 'ice40-up5k', seed: 2 });
  expect(result.firstProblems).toEqual([]);
  expect(result.resultsChecked).toBeGreaterThanOrEqual(6 * result.runs.length);
  const single = plan(model, { name: 'dut', rows: 3, columns: 1 });
  const { files, top } = emit(single);
  const { dsps } = await synthesize(files, top, 'ice40-up5k');
  expect(dsps - result.resources.dsps).toBe(1);
}, 300_000);

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
