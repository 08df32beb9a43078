/** What a report page shows: plain data, gathered from a run folder. */

import type { GanttData } from './gantt.js';

/** Where a figure comes from. */
export type Source =
  | { readonly kind: 'golden' }
  | { readonly kind: 'exact'; readonly by: string }
  /** `error`: how far off it may be, in words. */
  | { readonly kind: 'estimated'; readonly by: string; readonly error?: string | undefined }
  | { readonly kind: 'measured'; readonly by: string };

export interface Share {
  readonly name: string;
  readonly value: number;
}

/** So much, and of what it is made. */
export interface Amount {
  readonly name: string;
  readonly amount: number;
  readonly children: readonly Amount[];
}

export interface TrainingReport {
  /** [step, loss] in `measure.lossUnit`. */
  readonly curve: readonly (readonly [number, number])[];
  readonly validations: readonly (readonly [number, number])[];
  readonly seed: number;
  readonly steps: number;
  readonly seconds: number;
  readonly engine: string;
}

export interface Resource {
  readonly name: string;
  readonly used: number;
  /** Of the device. */
  readonly available: number;
}

export interface SchemeReport {
  readonly scheme: string;
  readonly parameters: number;
  /** Of the test part; in the unit of `measure`. */
  readonly accuracy: number;
  readonly weightBytes?: number | undefined;
  readonly training?: TrainingReport | undefined;
  readonly array?: string | undefined;
  readonly cyclesPerStep?: number | undefined;
  /** 0..1 */
  readonly utilization?: number | undefined;
  readonly cycles?: readonly Share[] | undefined;
  /** One step in the steady state. */
  readonly timeline?: GanttData | undefined;
  readonly measured?:
    | {
        readonly luts: number;
        readonly ffs: number;
        readonly brams: number;
        readonly dsps: number;
        /** LUTs with every multiplier in logic. */
        readonly lutsWithoutDsp?: number | undefined;
        readonly fmaxMhz?: number | undefined;
        readonly resources: readonly Resource[];
      }
    | undefined;
  readonly estimated?:
    | {
        readonly luts?: number | undefined;
        readonly ffs?: number | undefined;
        readonly brams?: number | undefined;
        readonly dsps?: number | undefined;
        /** Energy per step by part. */
        readonly energyPj?: readonly Share[] | undefined;
        /** Cycles of the run and energy per step in pJ, by layer and gate. */
        readonly attribution?: { readonly cycles: Amount; readonly energyPj: Amount } | undefined;
      }
    | undefined;
  readonly stepsPerSecond?: number | undefined;
  readonly verification?:
    | {
        readonly steps: number;
        readonly hiddenChecked: number;
        readonly resultsChecked: number;
        readonly cycles: number;
        readonly bitMismatches: number;
        readonly cycleMismatches: number;
      }
    | undefined;
}

export interface ReportData {
  readonly title: string;
  readonly generator: string;
  readonly dataset: {
    readonly name: string;
    readonly summary: string;
    readonly notes: readonly string[];
  };
  readonly measure: {
    /** `bits per character` */
    readonly name: string;
    readonly unit: string;
    readonly digits: number;
    readonly isLowerBetter: boolean;
    readonly lossUnit: string;
  };
  readonly device?: string | undefined;
  readonly schemes: readonly SchemeReport[];
  /** By row of the table. */
  readonly sources: {
    readonly synthesis?: Source | undefined;
    readonly placement?: Source | undefined;
    readonly energy?: Source | undefined;
    readonly verification?: Source | undefined;
    readonly estimate?: Source | undefined;
  };
  readonly provenance: readonly (readonly [name: string, value: string])[];
}
