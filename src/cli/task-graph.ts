/** Tasks that wait for others, so many at a time, and how far all of them are. */

export interface Task {
  readonly name: string;
  readonly after: readonly string[];
  /** About how long it takes, alone on one core; only ratios matter. */
  readonly seconds: number;
  run(tell: (fraction: number, text: string) => void): Promise<void>;
}

export interface GraphProgress {
  /** 0..1 of all work. */
  readonly fraction: number;
  readonly secondsLeft: number;
  /** What runs now. */
  readonly text: string;
}

interface Running {
  readonly begun: number;
  fraction: number;
  text: string;
}

/**
 * Run all tasks, each after those it names, at most `slots` at once, in the order given where there is
 * a choice. The first failure lets the running ones end through `onFailure`, then is thrown.
 */
export async function runTasks(
  tasks: readonly Task[],
  slots: number,
  onProgress: (progress: GraphProgress) => void,
  onFailure: () => void,
  now: () => number = () => performance.now() / 1000,
): Promise<void> {
  const done = new Set<string>();
  const running = new Map<string, Running>();
  const waiting = [...tasks];
  const total = tasks.reduce((sum, { seconds }) => sum + seconds, 0);
  const begun = now();
  let skipped = 0;
  const report = (): void => {
    let work = 0;
    for (const task of tasks) {
      const state = running.get(task.name);
      if (done.has(task.name)) work += task.seconds;
      // A task that says nothing is as far as its time says, but never done.
      else if (state)
        work +=
          task.seconds *
          Math.max(state.fraction, Math.min(0.95, (now() - state.begun) / (2 * task.seconds)));
    }
    const worked = work - skipped;
    const elapsed = now() - begun;
    // Before there is a pace to go by, expected times are.
    const secondsPerWork = worked > 0.01 * total ? elapsed / worked : 1 / slots;
    const text = [...running.values()].map((state) => state.text).join(' | ');
    onProgress({ fraction: work / total, secondsLeft: (total - work) * secondsPerWork, text });
  };
  const ticker = setInterval(report, 500);
  let failure: { readonly error: unknown } | undefined;
  try {
    await new Promise<void>((resolve) => {
      const next = (): void => {
        while (failure === undefined && running.size < slots) {
          const index = waiting.findIndex(({ after }) => after.every((name) => done.has(name)));
          if (index < 0) break;
          const [task] = waiting.splice(index, 1);
          const state: Running = { begun: now(), fraction: 0, text: task.name };
          running.set(task.name, state);
          task
            .run((fraction, text) => {
              [state.fraction, state.text] = [fraction, text];
              report();
            })
            .then(
              () => {
                done.add(task.name);
                // Found up to date: says nothing about the pace.
                if (now() - state.begun < 0.1 * task.seconds) skipped += task.seconds;
              },
              (error: unknown) => {
                failure ??= { error };
                onFailure();
              },
            )
            .finally(() => {
              running.delete(task.name);
              report();
              next();
            });
        }
        if (running.size === 0) resolve();
      };
      next();
    });
  } finally {
    clearInterval(ticker);
  }
  if (failure !== undefined) throw failure.error;
}
