// Fit an FPGA profile to designs synthesized now:
//   npm run bench:calibrate -- --profile ice40-up5k [--designs 20] [--write]
// Prints the leave-one-out errors. With --write the profile in hw-profiles/ and its data are replaced.
// Takes 10 to 50 seconds a design.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { calibrate, calibrationText, profileText } from '../dist/src/cost/calibrate.js';
import { loadProfile } from '../dist/src/cost/profile.js';
import { CALIBRATION_SWEEP } from '../dist/src/cost/sweep.js';
import { plan } from '../dist/src/design/plan.js';
import { emit } from '../dist/src/emit/emit.js';
import { Random } from '../dist/src/model/random.js';
import { randomModel } from '../dist/src/verify/random-model.js';

const { values: options } = parseArgs({
  options: {
    profile: { type: 'string' },
    designs: { type: 'string', default: '20' },
    write: { type: 'boolean', default: false },
  },
});
if (options.profile === undefined) {
  console.error('bench:calibrate: --profile: none given, for example ice40-up5k');
  process.exit(2);
}
const profile = loadProfile(options.profile);
const shapes = CALIBRATION_SWEEP.slice(0, Number(options.designs));
const designs = shapes.map((shape, n) =>
  plan(randomModel(shape, new Random(shape.seed)), { name: `calibration_${n}`, ...shape.options }),
);
const begun = performance.now();
const result = await calibrate(profile, designs, emit, {
  onDesign: (done) => {
    const seconds = (performance.now() - begun) / 1000;
    const left = Math.round((seconds / done) * (designs.length - done));
    console.error(`${done} of ${designs.length} designs, ${left} s left`);
  },
});
console.log(JSON.stringify(result.leaveOneOut, null, 2));
if (options.write) {
  writeFileSync(`hw-profiles/data/${options.profile}.jsonl`, calibrationText(result.data));
  writeFileSync(`hw-profiles/${options.profile}.json`, profileText(result.profile));
  console.log(`written: hw-profiles/${options.profile}.json, hw-profiles/data/${options.profile}.jsonl`);
}
