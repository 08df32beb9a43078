/** Our designs of the same sizes: random weights, the emitted Verilog, checked against golden model and simulator. */
import { estimate } from '../../../dist/src/cost/estimate.js';
import { loadProfile } from '../../../dist/src/cost/profile.js';
import { plan } from '../../../dist/src/design/plan.js';
import { emit } from '../../../dist/src/emit/emit.js';
import { Random } from '../../../dist/src/model/random.js';
import { cosimulate } from '../../../dist/src/verify/cosimulate.js';
import { randomInput } from '../../../dist/src/verify/golden-run.js';
import { randomModel } from '../../../dist/src/verify/random-model.js';
import { simulate } from '../../../dist/sim/simulate.js';

/** No larger arrays are asked for: 20 to 32 units keep no more busy. */
const MOST_ROWS = 16;

/** One LSTM and one linear output of the last step: what their network is. */
function designOf({ scheme, hidden, inputs, rows, seed }) {
  const shape = {
    scheme,
    inputSize: inputs,
    hiddenSizes: [hidden],
    classes: 1,
    output: 'value',
    when: 'last-step',
  };
  return plan(randomModel(shape, new Random(seed)), { name: 'peer_lstm', rows, columns: 1 });
}

export const cyclesPerStep = (ourCase) =>
  simulate(designOf(ourCase), { sequences: [1] }).cyclesPerStep;

/** The smallest array that needs at most so many cycles a step. */
export function rowsFor(ourCase, cycles) {
  for (let rows = 1; rows <= MOST_ROWS; rows++) {
    if (cyclesPerStep({ ...ourCase, rows }) <= cycles) return rows;
  }
  return MOST_ROWS;
}

/** The Verilog of a design, and sequences of it run as RTL against golden model (bits) and simulator (cycles). */
export async function ourDesign(ourCase) {
  const design = designOf(ourCase);
  const netlist = emit(design);
  const batches = randomInput(design, [4, 1, 8], new Random(ourCase.seed));
  const run = await cosimulate(design, netlist, batches);
  return {
    ...{ top: netlist.top, files: netlist.files, clock: 'clk_i' },
    cyclesPerStep: cyclesPerStep(ourCase),
    values: run.hiddenChecked + run.resultsChecked,
    different: run.bitMismatches,
    cycleMismatches: run.cycleMismatches,
  };
}

/** The largest array whose LUTs, by our estimate, are at most so many. */
export function rowsWithin(ourCase, family, luts) {
  const profile = loadProfile(family);
  const fits = (rows) =>
    estimate(designOf({ ...ourCase, rows }), profile).resources.lut.value <= luts;
  let rows = 1;
  while (rows < MOST_ROWS && fits(rows + 1)) rows++;
  return rows;
}
