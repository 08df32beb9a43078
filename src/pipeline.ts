/**
 * The road from data to verified Verilog, one function per arrow, in order:
 *
 *   DatasetSpec --loadDataset--> Dataset --train--> Model --quantize--> QuantizedModel --plan--> Design
 *   Design --simulate--> SimulationReport
 *   Design --estimate--> LUT, FF, BRAM, DSP, area, clock, energy: of a profile, with error bars
 *   Design --emit--> Netlist --measureIce40--> LUT, FF, BRAM, DSP, Fmax
 *   Design --emitBoard--> BoardNetlist --buildBoard--> bitstream
 *   Design --verify--> Verification
 *
 * src/cli/stages/ runs the same functions on a run folder, and skips what is up to date.
 */

/** Files -> symbols or series, split in training, validation and test. */
export { loadDataset, type DatasetSpec } from './data/dataset-spec.js';

/** Dataset -> Model: real-valued weights, trained through the quantized forward pass. */
export { createEngine, type EngineName } from './engine/create.js';
export { train, trainConfig, type TrainConfig } from './train/train.js';

/** Model + Dataset -> its figures; for quantized schemes those of the golden integer model. */
export { evaluate, type Evaluation } from './train/evaluate.js';

/** Model -> QuantizedModel: plain integers. */
export { quantize } from './quant/quantize.js';

/** QuantizedModel -> Design: array, folds, widths, memories. */
export { plan, type PlanOptions } from './design/plan.js';

/** Design -> SimulationReport: cycles, where they went, how often each part acted. */
export { simulate } from '../sim/simulate.js';

/** Design + Profile + SimulationReport -> Estimate: resources, area, clock, energy, with error bars. */
export { estimate } from './cost/estimate.js';

/** Design -> Netlist: Verilog as files in memory; with vectors a whole project. */
export { emit, type Netlist } from './emit/emit.js';
export { emitProject } from './emit/project.js';
export { datasetInput } from './verify/dataset-input.js';
export { testVectors } from './verify/golden-run.js';

/** Design + inputs -> the Verilog in every simulator there is: each value and each cycle compared. */
export { verify, type Verification } from './verify/verify.js';
export { verifyRandom } from './verify/random.js';

/** Netlist -> measured resources and clock. */
export { measureIce40, type Ice40Measurement } from './eda/pnr.js';

/** Design + Board -> a top with clock, reset and UART; simulated at its pins; its bitstream. */
export { loadBoard, type Board } from './board/board.js';
export { emitBoard, type BoardNetlist } from './board/emit-board.js';
export { simulateBoard } from './board/simulate.js';
export { buildBoard, type BoardBuild } from './board/build.js';
