// Fit an FPGA profile to designs synthesized now:
//   npm run bench:calibrate -- --profile ice40-up5k [--designs 20] [--write]
//   npm run bench:calibrate -- --units [--write]
// Prints the leave-one-out errors. With --write the profile in hw-profiles/ and its data are replaced.
// Takes 10 to 50 seconds a design. --units: units that the designs do not have, alone, for all profiles.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { calibrate, calibrationText, profileText } from '../dist/src/cost/calibrate.js';
import { loadProfile, profileNames } from '../dist/src/cost/profile.js';
import { CALIBRATION_SWEEP } from '../dist/src/cost/sweep.js';
import { fitUnit, measureUnit, unitFamily, unitText } from '../dist/src/cost/unit-sweep.js';
import { plan } from '../dist/src/design/plan.js';
import { emit } from '../dist/src/emit/emit.js';
import { templateSource } from '../dist/src/emit/render.js';
import { Random } from '../dist/src/model/random.js';
import { randomModel } from '../dist/src/verify/random-model.js';

const { values: options } = parseArgs({
  options: {
    profile: { type: 'string' },
    designs: { type: 'string', default: '20' },
    units: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
if (options.units) {
  await calibrateUnits(options.write);
  process.exit(0);
}
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

/** hg_pe_recoded alone, over its widths; the profiles of its families fitted to that. */
async function calibrateUnits(isWritten) {
  const leaves = ['hg_pe_recoded', 'hg_multiply_add', 'hg_digit_product'];
  const files = Object.fromEntries(leaves.map((leaf) => [`${leaf}.v`, templateSource(`${leaf}.v`)]));
  const points = [];
  let about;
  for (const family of ['ice40-hx8k', 'ecp5', 'xc7']) {
    const measured = await measureUnit(files, family, { dsp: false });
    points.push(...measured.points);
    about = { tool: measured.tool, toolVersion: measured.toolVersion };
    console.error(`${family}: ${measured.points.length} syntheses`);
  }
  const data = { version: 1, unit: 'hg_pe_recoded', primitive: 'pe-recoded', ...about, points };
  if (isWritten) writeFileSync('hw-profiles/data/units.jsonl', unitText(data));
  for (const name of profileNames()) {
    const profile = loadProfile(name);
    const family = unitFamily(profile.data);
    if (family === undefined) continue;
    const fitted = fitUnit(profile, data, family);
    const { coefficients, error } = fitted.primitives['pe-recoded'].lut;
    console.log(`${name}: ${JSON.stringify(coefficients)}, residual ${error.relative}`);
    if (isWritten) writeFileSync(`hw-profiles/${name}.json`, profileText(fitted));
  }
  if (isWritten) console.log('written: hw-profiles/data/units.jsonl and the profiles');
}
