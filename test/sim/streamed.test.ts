/** Weights that come from off chip: what both simulators say of them. */
import { describe, expect, test } from 'vitest';
import { simulateClosedForm } from '../../sim/closed-form.js';
import { simulateStepByStep } from '../../sim/step-by-step.js';
import type { WeightSource } from '../../sim/weight-source.js';
import type { Design } from '../../src/design/design.js';
import { plan } from '../../src/design/plan.js';
import { beatsPerImage } from '../../src/design/weight-stream.js';
import { Random } from '../../src/model/random.js';
import { randomCase } from '../../src/verify/random.js';
import { randomWeightStream } from '../../src/verify/random-weights.js';

/** Random cases that can stream their weights. */
function streamed(index: number, random: Random): Design | undefined {
  const { design, options } = randomCase(11, index);
  if (design.sequence !== undefined || design.dataflow !== undefined) return undefined;
  return plan(design.model, { ...options, ...randomWeightStream(random) });
}

function randomSource(design: Design, random: Random): WeightSource {
  const beats = beatsPerImage(design.weightStream!, design.rows);
  const sometimes = <T>(draw: () => T): T | undefined =>
    random.integer(2) === 0 ? draw() : undefined;
  return Object.fromEntries(
    Object.entries({
      bitsPerCycle: sometimes(() => (0.2 + 1.2 * random.uniform()) * design.weightStream!.bits),
      burstBeats: sometimes(() => 1 + random.integer(8)),
      latencyCycles: sometimes(() => random.integer(60)),
      firstBeat: sometimes(() => random.integer(beats)),
    }).filter(([, value]) => value !== undefined),
  );
}

describe('closed form and step-by-step simulation of streamed weights', () => {
  test.each(Array.from({ length: 120 }, (_, index) => index))(
    'agree on cycles, breakdown and every result, whatever the source (random design %i of seed 11)',
    (index) => {
      const random = new Random(index);
      const design = streamed(index, random);
      if (!design) return;
      for (const weightSource of [{}, randomSource(design, random), randomSource(design, random)]) {
        const sequences = Array.from(
          { length: 1 + random.integer(3) },
          () => 1 + random.integer(9),
        );
        const workload = { sequences, weightSource };
        const closed = simulateClosedForm(design, workload);
        const trace = simulateStepByStep(design, workload);
        const where = JSON.stringify(weightSource);
        expect(closed.breakdown, where).toEqual(trace.breakdown);
        expect(closed.outputCycles, where).toEqual(trace.outputCycles);
        expect(closed.stepStarts, where).toEqual(trace.stepStarts);
        expect(closed.cycles, where).toBe(trace.cycles);
        const stalls = closed.jobs.reduce((sum, job) => sum + job.stallWeights, 0);
        expect(stalls, where).toBe(trace.breakdown.stallWeights);
      }
    },
  );
});
