/** Weights off chip from the command line: simulate, emit, verify, estimate; what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;
const SMALL =
  '--hidden 5 --embedding 3 --steps 20 --batch 4 --steps-per-sequence 10 --scheme ternary-level3';

async function run(line: string): Promise<string> {
  const { code, stdout, stderr } = await halfgate(cwd, line.split(' '));
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder.write('fox.txt', 'the quick brown fox jumps over the lazy dog. '.repeat(60));
  await run(`train --text fox.txt ${SMALL}`);
  await run('quantize');
}, 120_000);

test('simulate says what bounds a step, what a slow source makes of it, and keeps the port', async () => {
  const text = await run('simulate --rows 4 --weights stream --weight-stream-bits 64');
  expect(text).toMatch(/\d+ bits of weights per step through 64 bits take [\d.]+ cycles or more/);
  expect(text).toContain('bound by the array');
  const { simulations } = JSON.parse(await run('simulate --weight-bandwidth 2 --json')) as {
    simulations: { breakdown: { stallWeights: number }; weightSupply: object }[];
  };
  expect(simulations[0].breakdown.stallWeights).toBeGreaterThan(0);
  expect(simulations[0].weightSupply).toMatchObject({ portBits: 64, isBound: true });
}, 60_000);

test('a design verifies; its estimate says what it leaves out; weights on chip have no port', async () => {
  const { verifications } = JSON.parse(await run('verify --steps 6 --engines npm --json')) as {
    verifications: object[];
  };
  expect(verifications).toMatchObject([{ passed: true, cycleMismatches: 0 }]);
  const estimated = await run('estimate --profile ice40-up5k');
  expect(estimated).toContain('bits per step is not in the figures');
  await run('emit --weights rom');
  const readme = join(cwd, 'runs/fox/ternary-level3/verilog/README.md');
  expect(readFileSync(readme, 'utf8')).not.toContain('s_axis_weights');
}, 120_000);

test('a source of weights is refused where weights are kept', async () => {
  const line = 'simulate --weights rom --weight-bandwidth 2';
  const { code, stderr } = await halfgate(cwd, line.split(' '));
  expect(code).toBe(2);
  expect(stderr).toContain(
    '--weight-bandwidth, --weight-burst, --weight-latency: the design keeps its weights, for weights that are streamed; plan it with --weights stream',
  );
});
