import { describe, expect, test } from 'vitest';
import { simulateClosedForm } from '../../sim/closed-form.js';
import { chromeTrace, foldContents, sumSpans, timelineOf } from '../../sim/timeline.js';
import { finishCycles } from '../../sim/timing.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { randomModel } from '../../src/verify/random-model.js';
import { randomCase } from '../../src/verify/random.js';

describe('the timeline', () => {
  test.each(Array.from({ length: 60 }, (_, index) => index))(
    'has every cycle of the array once, and adds up to the breakdown (random design %i of seed 41)',
    (index) => {
      const { design, lengths } = randomCase(41, index);
      const { array, units, breakdown, cycles } = timelineOf(design, { sequences: lengths });
      const closed = simulateClosedForm(design, { sequences: lengths });
      expect(sumSpans(array)).toEqual(closed.breakdown);
      expect(breakdown).toEqual(closed.breakdown);
      let next = 0;
      for (const { start, cycles: length } of array) {
        expect(start).toBe(next);
        next += length;
      }
      expect(next).toBe(cycles);

      // Weights that stay have groups to drain, not folds: test/verify/stationary.test.ts.
      if (design.stationary) return;

      // The last fold of a job has its results when the schedule says that the job has finished.
      const ends = new Map<string, number>();
      for (const { kind, step, job, fold, start, cycles: length } of units) {
        if (fold !== design.jobs[job].folds - 1) continue;
        if (kind === 'cell' || kind === 'logit') ends.set(`${step} ${job}`, start + length - 1);
      }
      const drains = array.filter(({ kind, job, pass, fold }) => {
        const { folds, passes } = design.jobs[job];
        return kind === 'flush' && fold === folds - 1 && pass === passes.length - 1;
      });
      expect(drains.length).toBe(ends.size);
      const finished = drains.map(
        ({ start, job }) => start + finishCycles(design, design.jobs[job]),
      );
      expect([...ends.values()].sort((a, b) => a - b)).toEqual(finished.sort((a, b) => a - b));
      const outputs = units.filter(({ kind }) => kind === 'output');
      expect(outputs.map(({ start }) => start)).toEqual(closed.outputCycles);
    },
  );

  test('knows what a fold computes', () => {
    const shape = { inputSize: 3, hiddenSizes: [5], classes: 7, when: 'every-step' } as const;
    const model = randomModel({ ...shape, scheme: 'int8' }, new Random(1));
    const design = plan(model, { name: 'dut', rows: 6, columns: 1 });
    expect(foldContents(design, 0, 0)).toBe('units 0 to 1, gates i to o');
    expect(foldContents(design, 0, 3)).toBe('unit 4, gates g to o');
    expect(foldContents(design, 1, 1)).toBe('class 6');
  });

  test('is a Chrome trace: complete events, nothing before 0, in cycles', () => {
    const { design, lengths } = randomCase(41, 3);
    const timeline = timelineOf(design, { sequences: lengths });
    const trace = JSON.parse(JSON.stringify(chromeTrace(design, timeline))) as {
      traceEvents: { ph: string; ts: number; dur: number; tid: number; name: string }[];
    };
    const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
    expect(events).toHaveLength(timeline.array.length + timeline.units.length);
    for (const { ts, dur } of events) {
      expect(ts).toBeGreaterThanOrEqual(0);
      expect(dur).toBeGreaterThan(0);
    }
    const onArray = events.filter(({ tid }) => tid === 1).reduce((sum, { dur }) => sum + dur, 0);
    expect(onArray).toBe(timeline.cycles);
    const named = new Set(
      trace.traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid),
    );
    for (const { tid } of events) expect(named.has(tid)).toBe(true);
  });
});
