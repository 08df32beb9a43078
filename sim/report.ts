/** What a simulation says: cycles, where they went, and how often each part of the hardware acted. */

/** Cycles of the array's issue port, by what it did; they add up to `cycles`. */
export interface CycleBreakdown {
  /** Issuing an operand. */
  readonly mac: number;
  /** Draining and clearing a fold. */
  readonly flush: number;
  /** Idle so that folds shorter than the array is high do not collide in the drain. */
  readonly pad: number;
  /** Waiting for x. */
  readonly stallInput: number;
  /** Waiting for h that is still being computed. */
  readonly stallDependency: number;
  /** Waiting for the output to be taken. */
  readonly stallOutput: number;
  /** Waiting for weights that come from off chip. */
  readonly stallWeights: number;
  /** After the last operand: skew, drain, cell update, output. */
  readonly tail: number;
}

/** Reads and writes of one kind of memory, summed over its copies. */
export interface MemoryActivity {
  /** Name of a MemorySpec of the design. */
  readonly name: string;
  readonly reads: number;
  readonly writes: number;
}

/** Operation counts over the whole run and all columns. */
export interface Activity {
  /** Products of a weight and an activation that the array adds up, zero or not; every plane counts. */
  readonly macs: number;
  /** Products of operands that were zero and were left out (sparse): with `macs`, all that the network has. */
  readonly skippedMacs: number;
  /** Operand words that a PE took: `macs`, but for arrays whose words hold several activations. */
  readonly peOperations: number;
  /** Cycles in which a PE had no operand: (rows * columns * cycles) - peOperations. */
  readonly idlePeCycles: number;
  /** Sums of the array that the combiner multiplied by their factor and added. */
  readonly combinations: number;
  /** acc * multiplier, shifted, biased: linear rows. */
  readonly requantizations: number;
  /** Accumulator against two thresholds. */
  readonly thresholds: number;
  /** Cell updates (c and h of one unit). */
  readonly cellUpdates: number;
  /** Logits compared by the argmax. */
  readonly comparisons: number;
  readonly memories: readonly MemoryActivity[];
  /** Bits of the beats that brought weights from off chip; absent where none come. */
  readonly offChipBits?: number;
}

/** How fast weights come from off chip, and how fast they would have to. */
export interface WeightSupply {
  /** Bits of a step's beats, what is left empty in them included. */
  readonly bitsPerStep: number;
  readonly portBits: number;
  /** Fewest cycles in which the port, and the source, bring a step's weights. */
  readonly boundCycles: number;
  /** Cycles per step if weights were always there. */
  readonly computeCycles: number;
  /** Whether the weights take longer than that. */
  readonly isBound: boolean;
}

/** What one job of the design did of the run, and its cycles; jobs and the tail together are the run. */
export interface JobReport {
  /** All but the tail. */
  readonly cycles: number;
  readonly breakdown: CycleBreakdown;
  readonly activity: Activity;
}

export interface SimulationReport {
  /** From the first cycle after reset to the cycle in which the last result is taken, inclusive. */
  readonly cycles: number;
  readonly steps: number;
  /** Cycles between results in the steady state; of all columns together. */
  readonly cyclesPerStep: number;
  /** PE operations over rows * columns * cycles, steady state, 0..1. */
  readonly utilization: number;
  readonly breakdown: CycleBreakdown;
  readonly activity: Activity;
  /** In the order of the design's jobs. */
  readonly jobs: readonly JobReport[];
  /** Cycle in which each result beat is taken, counted from 0. */
  readonly outputCycles: readonly number[];
  /** Present where weights come from off chip. */
  readonly weightSupply?: WeightSupply;
}
