import { expect, test } from 'vitest';
import { roofline } from '../../sim/roofline.js';
import { simulate } from '../../sim/simulate.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { randomModel } from '../../src/verify/random-model.js';
import { randomCase } from '../../src/verify/random.js';

test('one weight a row and cycle: a step takes at least as many cycles as each bank has words to give', () => {
  const shape = { inputSize: 4, hiddenSizes: [6], classes: 3, when: 'every-step' } as const;
  const model = randomModel({ ...shape, scheme: 'int8' }, new Random(1));
  for (const columns of [1, 3]) {
    const design = plan(model, { name: 'dut', rows: 4, columns });
    const report = simulate(design, { sequences: [10] });
    const bound = roofline(design, report);
    expect(bound).toMatchObject({ weightBanks: 4, bankBits: 8, weightsPerCycle: 4 });
    expect(bound.boundCyclesPerStep).toBe((24 * 10 + 3 * 6) / 4);
    expect(bound.boundUtilization).toBe(1);
  }
});

test('no design is faster than its weight reads, and no port is used more than once a cycle', () => {
  for (let index = 0; index < 80; index++) {
    const { design, lengths } = randomCase(51, index);
    const report = simulate(design, { sequences: lengths });
    const { boundCyclesPerStep, ports } = roofline(design, report);
    expect(boundCyclesPerStep).toBeLessThanOrEqual(report.cycles / report.steps);
    for (const { readUse, writeUse, writePorts } of ports) {
      expect(readUse).toBeLessThanOrEqual(1);
      expect(writeUse).toBeLessThanOrEqual(writePorts);
    }
  }
});
