/** What the stages after training found, one JSON file each. */
import { z } from 'zod';
import { ARRAY_KINDS } from '../design/array.js';
import { CONTROLS, DATAFLOWS, WEIGHT_STORES } from '../design/design.js';
import { PACKS } from '../design/plan.js';
import { artifact } from './artifact.js';
import { count, inputs, real, schemeName, size, text } from './schemas.js';

/** The plan's options: planning is quick and pure, so the design itself is made anew from the model. */
const design = z.strictObject({
  inputs,
  name: text,
  rows: size,
  columns: size,
  array: z.enum(ARRAY_KINDS).optional(),
  pack: z.literal(PACKS).optional(),
  dataflow: z.enum(DATAFLOWS).optional(),
  lockstep: size.optional(),
  inputTable: z.boolean().optional(),
  maxSteps: size.optional(),
  dsp: count.optional(),
  dspPairs: z.boolean().optional(),
  weights: z.enum(WEIGHT_STORES).optional(),
  weightStreamBits: size.optional(),
  weightBuffer: size.optional(),
  control: z.enum(CONTROLS).optional(),
  streams: size.optional(),
  designId: text,
});
export const DESIGN = artifact('design', 1, design);
export type DesignFile = z.infer<typeof design>;

const breakdown = z.strictObject({
  mac: count,
  flush: count,
  pad: count,
  stallInput: count,
  stallDependency: count,
  stallOutput: count,
  stallWeights: count,
  tail: count,
});

const activity = z.strictObject({
  macs: count,
  /** Products of zeros that were left out. */
  skippedMacs: count,
  peOperations: count,
  idlePeCycles: count,
  combinations: count,
  requantizations: count,
  thresholds: count,
  cellUpdates: count,
  comparisons: count,
  memories: z.array(z.strictObject({ name: text, reads: count, writes: count })),
  offChipBits: count.optional(),
});

const simulation = z.strictObject({
  inputs,
  scheme: schemeName,
  rows: size,
  columns: size,
  /** Sequences side by side, where they are not those of the columns. */
  lockstep: size.optional(),
  sequences: z.array(size).min(1),
  cycles: size,
  steps: size,
  cyclesPerStep: real,
  utilization: real,
  breakdown,
  activity,
  /** What reading weights allows, and how much the memories' ports are used. */
  roofline: z.strictObject({
    weightBanks: size,
    bankBits: size,
    weightsPerCycle: size,
    boundCyclesPerStep: real,
    boundUtilization: real,
    ports: z.array(
      z.strictObject({
        name: text,
        banks: size,
        width: size,
        depth: size,
        readPorts: count,
        writePorts: count,
        readUse: real,
        writeUse: real,
      }),
    ),
  }),
  /** One step in the steady state: what each part does when. */
  timeline: z
    .strictObject({
      title: text,
      from: count,
      cycles: size,
      kinds: z.array(text),
      tracks: z.array(
        z.strictObject({
          name: text,
          bars: z.array(z.strictObject({ start: count, cycles: size, kind: count })),
        }),
      ),
    })
    .optional(),
  /** Share of activations taken as not zero, where it was not the data that said which are. */
  density: real.optional(),
  /** How fast weights come from off chip, and how fast they would have to. */
  weightSupply: z
    .strictObject({
      bitsPerStep: count,
      portBits: size,
      boundCycles: real,
      computeCycles: real,
      isBound: z.boolean(),
    })
    .optional(),
  /** Zeros skipped: share of multiply-accumulates, and what that saves. */
  sparse: z.strictObject({ skipped: real, osCyclesPerStep: real, speedUp: real }).optional(),
});
export const SIMULATION = artifact('simulation', 4, simulation);
export type SimulationFile = z.infer<typeof simulation>;

const bar = z.strictObject({ value: real, error: real, available: real.optional() });

/** So much, and of what it is made. */
export interface StoredAmount {
  name: string;
  amount: number;
  children: StoredAmount[];
}
const amount: z.ZodType<StoredAmount> = z.lazy(() =>
  z.strictObject({ name: text, amount: real, children: z.array(amount) }),
);

/** What a part takes, and of what it is made; resources of which there are none are left out. */
export interface StoredPart {
  name: string;
  detail: string;
  takes: Record<string, number>;
  children: StoredPart[];
}
const part: z.ZodType<StoredPart> = z.lazy(() =>
  z.strictObject({
    name: text,
    detail: z.string(),
    takes: z.record(z.string(), real),
    children: z.array(part),
  }),
);

const estimate = z.strictObject({
  inputs,
  scheme: schemeName,
  designId: text,
  profile: text,
  description: text,
  basis: text,
  resources: z.record(z.string(), bar),
  areaUm2: bar,
  fmaxMhz: bar,
  /** What speed and energy are for. */
  clockMhz: real,
  stepsPerSecond: real,
  energy: z.strictObject({
    table: text,
    perStepPj: real,
    errorPj: real,
    shares: z.record(z.string(), real),
    powerMw: real,
  }),
  /** Where it all goes: every node is the sum of its children. */
  attribution: z.strictObject({ cycles: amount, energyPj: amount, resources: part }),
  warnings: z.array(z.string()),
});
export const ESTIMATE = artifact('estimate', 2, estimate);
export type EstimateFile = z.infer<typeof estimate>;

/** One estimate per profile. */
export function estimateFileName(profile: string): string {
  return `estimate-${profile}.json`;
}

const verdict = z.strictObject({
  engine: z.enum(['npm', 'iverilog', 'verilator']),
  tool: text,
  status: z.enum(['passed', 'failed', 'skipped']),
  bitMismatches: count,
  cycleMismatches: count,
  problems: z.array(z.string()),
});

const verification = z.strictObject({
  inputs,
  scheme: schemeName,
  designId: text,
  steps: size,
  cycles: count,
  hiddenChecked: count,
  resultsChecked: count,
  bitMismatches: count,
  cycleMismatches: count,
  passed: z.boolean(),
  engines: z.array(verdict),
});
export const VERIFICATION = artifact('verification', 1, verification);
export type VerificationFile = z.infer<typeof verification>;

const resource = z.strictObject({ used: count, available: count });

const synthesis = z.strictObject({
  inputs,
  scheme: schemeName,
  designId: text,
  device: z.enum(['up5k', 'hx8k']),
  /** The design alone, as synthesized, without the pin shell. */
  luts: count,
  ffs: count,
  brams: real,
  dsps: count,
  sprams: count,
  /** LUTs with every product in logic, the array's recoded; absent where none is in a DSP block. */
  lutsWithoutDsp: count.optional(),
  /** Placed and routed, the shell included. */
  placed: z
    .strictObject({
      fmaxMhz: real.optional(),
      utilization: z.record(z.string(), resource),
      seed: z.int(),
      tool: text,
      toolVersion: text,
    })
    .optional(),
  shell: z.strictObject({ luts: z.int(), ffs: z.int() }).optional(),
  tool: text,
  toolVersion: text,
});
export const SYNTHESIS = artifact('synthesis', 1, synthesis);
export type SynthesisFile = z.infer<typeof synthesis>;
