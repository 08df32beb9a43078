import { describe, expect, test } from 'vitest';
import { runTasks, type Task } from '../../src/cli/task-graph.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function task(
  name: string,
  after: readonly string[],
  log: string[],
  running: { now: number; most: number },
): Task {
  return {
    name,
    after,
    seconds: 1,
    run: async (tell) => {
      running.most = Math.max(running.most, ++running.now);
      log.push(name);
      tell(0.5, name);
      await tick();
      running.now--;
    },
  };
}

describe('runTasks', () => {
  test('runs each after those it names, so many at once', async () => {
    const log: string[] = [];
    const running = { now: 0, most: 0 };
    const make = (name: string, ...after: string[]): Task => task(name, after, log, running);
    const fractions: number[] = [];
    await runTasks(
      [make('a'), make('d', 'b', 'c'), make('b', 'a'), make('c', 'a')],
      2,
      ({ fraction }) => fractions.push(fraction),
      () => {},
    );
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    expect(running.most).toBe(2);
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
  });

  test('a failure stops the rest, waits for what runs, and is thrown', async () => {
    const log: string[] = [];
    const running = { now: 0, most: 0 };
    let stopped = 0;
    const failing: Task = {
      name: 'bad',
      after: [],
      seconds: 1,
      run: () => Promise.reject(new Error('out of wool')),
    };
    const tasks = [failing, task('a', [], log, running), task('b', ['a'], log, running)];
    await expect(
      runTasks(
        tasks,
        2,
        () => {},
        () => stopped++,
      ),
    ).rejects.toThrow('out of wool');
    expect([log, stopped, running.now]).toEqual([['a'], 1, 0]);
  });
});
