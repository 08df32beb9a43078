import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { buildEcp5, missingEcp5Tools } from '../../src/eda/ecp5.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();
const path = process.env['PATH'];
afterEach(() => void (process.env['PATH'] = path));

/** Programs in place of nextpnr-ecp5 and ecppack, which npm does not have: they check what they are given. */
function standIns(): void {
  const programs = {
    'nextpnr-ecp5': `case "$1" in --version) echo "nextpnr-ecp5 -- (Version 0.9)"; exit 0;; esac
grep -q LOCATE pins.lpf || { echo "ERROR: no pins"; exit 1; }
case "$*" in *"--85k --package CABGA381"*"--seed 7"*) ;; *) echo "ERROR: $*"; exit 1;; esac
echo '{"fmax":{"$glbnet$clk":{"achieved":61.5,"constraint":25}},"utilization":{"TRELLIS_COMB":{"used":5,"available":83640}}}' > report.json
echo routed > design.config`,
    ecppack: `[ "$1" = --version ] && { echo "Version 1.4"; exit 0; }
tr a-z A-Z < design.config > design.bit`,
  };
  for (const [name, text] of Object.entries(programs)) {
    chmodSync(folder.write(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755);
  }
  process.env['PATH'] = `${folder.path}/bin:${path}`;
}

describe('ECP5', () => {
  test('tools that are not there are named', async () => {
    process.env['PATH'] = '';
    expect(await missingEcp5Tools()).toEqual(['nextpnr-ecp5', 'ecppack']);
  });

  test('nextpnr and ecppack on PATH make a bitstream', async () => {
    standIns();
    expect(await missingEcp5Tools()).toEqual([]);
    const options = { device: '85k', package: 'CABGA381', freqMhz: 25, clock: 'clk', seed: 7 };
    const lpf = 'LOCATE COMP "clk_i" SITE "G2";\n';
    const { bitstream, ...built } = await buildEcp5(new Uint8Array(), { ...options, lpf });
    expect(built).toEqual({
      fmaxMhz: 61.5,
      utilization: { TRELLIS_COMB: { used: 5, available: 83640 } },
      toolVersion: '0.9',
    });
    expect(new TextDecoder().decode(bitstream)).toBe('ROUTED\n');
    await expect(buildEcp5(new Uint8Array(), { ...options, lpf: '' })).rejects.toThrow(
      'nextpnr-ecp5, place and route: ERROR: no pins',
    );
  });
});
