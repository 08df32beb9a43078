import { simulate } from '../../../sim/simulate.js';
import { roofline, type Roofline } from '../../../sim/roofline.js';
import { chromeTrace, timelineOf } from '../../../sim/timeline.js';
import type { GanttData } from '../../report/gantt.js';
import { steadyStep } from '../timeline-step.js';
import type { SimulationReport } from '../../../sim/report.js';
import type { Design } from '../../design/design.js';
import { plan, type PlanOptions } from '../../design/plan.js';
import { type DesignFile, SIMULATION, type SimulationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';
import { runWorkload, type WorkloadOptions } from './workload.js';

/** What skipping zeros saves: against the output-stationary design of the same options. */
function sparseFigures(
  design: Design,
  { inputs: _, designId: __, dataflow: ___, ...options }: DesignFile,
  sequences: readonly number[],
  { cyclesPerStep, activity }: SimulationReport,
): NonNullable<SimulationFile['sparse']> {
  const dense = simulate(plan(design.model, options as PlanOptions), { sequences });
  return {
    skipped: 1 - activity.macs / dense.activity.macs,
    osCyclesPerStep: dense.cyclesPerStep,
    speedUp: dense.cyclesPerStep / cyclesPerStep,
  };
}

function storedRoofline(found: Roofline): SimulationFile['roofline'] {
  return { ...found, ports: found.ports.map((port) => ({ ...port })) };
}

/** As plain data of the file. */
function storedStep(step: GanttData | undefined): SimulationFile['timeline'] {
  return (
    step && {
      ...step,
      kinds: [...step.kinds],
      tracks: step.tracks.map(({ name, bars }) => ({ name, bars: [...bars] })),
    }
  );
}

/** The run's timeline as a Chrome trace, of at most so many steps. */
export function simulateTimeline(
  run: RunFolder,
  scheme: string,
  options: StageOptions & DesignOptions & WorkloadOptions,
): Promise<object> {
  return withDesign(run, scheme, options, (design) =>
    chromeTrace(design, timelineOf(design, runWorkload(run, design, options))),
  );
}

export function simulateStage(
  run: RunFolder,
  scheme: string,
  options: StageOptions & DesignOptions & WorkloadOptions,
): Promise<Staged<SimulationFile>> {
  return withDesign(run, scheme, options, (design, file) => {
    const { sequences, density, weightSource } = options;
    const inputs = designInputs(file, { sequences, density, weightSource });
    return cached(run.file(scheme, 'simulation.json'), SIMULATION, inputs, options, () => {
      const workload = runWorkload(run, design, options);
      const report = simulate(design, workload);
      const { cycles, steps, cyclesPerStep, utilization, breakdown, activity } = report;
      const { rows, columns } = design;
      const timeline = storedStep(steadyStep(design, cyclesPerStep));
      const { weightSupply } = report;
      return {
        ...{ scheme, rows, columns, cycles, steps, cyclesPerStep, utilization },
        ...(design.stationary ? { lockstep: design.stationary.sequences } : {}),
        sequences: [...workload.sequences],
        breakdown,
        activity: { ...activity, memories: [...activity.memories] },
        roofline: storedRoofline(roofline(design, report)),
        ...(timeline && { timeline }),
        ...(density === undefined ? {} : { density }),
        ...(weightSupply && { weightSupply }),
        ...(design.dataflow === 'sparse'
          ? { sparse: sparseFigures(design, file, workload.sequences, report) }
          : {}),
      };
    });
  });
}
