export * from './pipeline.js';
export { FusedLstm, loadTfjs } from './engine/tfjs.js';
export { nativeKernels, nativeProblem } from './engine/native.js';
export { wasmKernels } from './engine/wasm-kernels.js';
export { accumulatorBound, weightBytes } from './quant/quantized-model.js';
export { type Scheme, SCHEMES, schemeProblems } from './quant/scheme.js';
export type {
  QuantizedHead,
  QuantizedLayer,
  QuantizedModel,
  RowParameters,
} from './quant/quantized-model.js';
export { argmax, embed, initialState, logits, step } from './quant/golden.js';
export type { Model, ModelScheme } from './model/model.js';
export type { Dataset, SeriesDataset, TextDataset } from './model/dataset.js';
export { DesignError, macsPerStep } from './design/design.js';
export { reload } from './design/reload.js';
export { imageFile, type LoadImage, loadImage } from './emit/image.js';
export type { Design, Job, MemorySpec, Segment } from './design/design.js';
export type { SimulationReport } from '../sim/report.js';
export { simulateClosedForm } from '../sim/closed-form.js';
export { simulateStepByStep } from '../sim/step-by-step.js';
export { compileRtl, type RtlSimulator } from './eda/rtl-sim.js';
export { headSums, type IntegerModel, runModel as runInteger } from './integer/model.js';
export type { IntegerLstm } from './integer/lstm.js';
export { readInteger } from './store/integer-file.js';
export {
  type IntegerDesign,
  IntegerDesignError,
  planInteger,
  planIntegerModel,
} from './integer-hardware/design.js';
export { emitInteger } from './integer-hardware/emit.js';
export { emitIntegerProject } from './integer-hardware/project.js';
export { simulateInteger } from './integer-hardware/simulate.js';
