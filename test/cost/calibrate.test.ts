import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { attributeCells, packedLogicCells } from '../../src/cost/attribute.js';
import {
  calibrationText,
  fitProfile,
  parseCalibration,
  profileText,
} from '../../src/cost/calibrate.js';
import { nonNegativeLeastSquares } from '../../src/cost/least-squares.js';
import { mapMemory } from '../../src/cost/memory-map.js';
import { loadProfile, parseProfile, profileNames } from '../../src/cost/profile.js';
import { packageRoot } from '../../src/package-root.js';

describe('nonNegativeLeastSquares', () => {
  test('finds the exact solution where there is one', () => {
    const rows = [
      [1, 4],
      [1, 7],
      [1, 9],
    ];
    const x = nonNegativeLeastSquares(
      rows,
      rows.map(([a, b]) => 3 * a + 2 * b),
    );
    expect(x[0]).toBeCloseTo(3, 5);
    expect(x[1]).toBeCloseTo(2, 5);
  });

  test('holds at zero what would be negative', () => {
    const x = nonNegativeLeastSquares(
      [
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      [3, 2, 1],
    );
    expect(x[0]).toBeCloseTo(2, 6);
    expect(x[1]).toBe(0);
  });

  test('leaves at zero what the data do not show', () => {
    expect(nonNegativeLeastSquares([[0, 2]], [6])).toEqual([0, expect.closeTo(3, 6)]);
    expect(nonNegativeLeastSquares([], [])).toEqual([]);
  });
});

const calibrated = profileNames().filter((name) => loadProfile(name).data.calibrated !== null);

test('the iCE40 profiles are calibrated', () => {
  expect(calibrated).toEqual(['ice40-hx8k', 'ice40-up5k']);
});

describe.each(calibrated)('the data of %s', (name) => {
  const profile = loadProfile(name);
  const file = profile.data.calibrated!.data;
  const text = readFileSync(new URL(`hw-profiles/${file}`, packageRoot()), 'utf8');
  const data = parseCalibration(text, file);

  test('say what was measured, with which version', () => {
    expect(data.profile).toBe(name);
    expect(data.toolVersion).toMatch(/^0\.\d+/);
    expect(data.points).toHaveLength(profile.data.calibrated!.designs);
    expect(calibrationText(data)).toBe(text);
  });

  test('give the coefficients that the profile has', () => {
    const { profile: fitted } = fitProfile(profile, data);
    expect(fitted).toEqual(profile.data);
    expect(parseProfile(profileText(fitted), 'p.json').data).toEqual(fitted);
  });

  test('hold the block RAMs and multipliers of every design, counted exactly', () => {
    for (const { parts, totals } of data.points) {
      let bram = 0;
      let dsp = 0;
      for (const part of parts) {
        if (part.kind === 'logic') {
          dsp += part.count * profile.primitives[part.primitive].dsp.evaluate(part.parameters);
        } else {
          const { type: kind, width, depth, count } = part;
          const mapping = mapMemory({ kind, width, depth }, profile.data.memories);
          if (mapping.resource === 'bram') bram += count * mapping.amount;
        }
      }
      expect({ bram, dsp }).toEqual({ bram: totals.brams, dsp: totals.dsps });
    }
  });

  test('attribute every cell of every design', () => {
    for (const { measured, totals } of data.points) {
      const sum = (resource: 'luts' | 'ffs' | 'brams' | 'dsps' | 'lutRam'): number =>
        Object.values(measured).reduce((total, part) => total + part[resource], 0);
      for (const resource of ['luts', 'ffs', 'brams', 'dsps', 'lutRam'] as const) {
        expect(sum(resource)).toBe(totals[resource]);
      }
    }
  });

  test('are predicted, each by a fit without it, within the error that the profile states', () => {
    const { leaveOneOut } = fitProfile(profile, data);
    for (const resource of ['lut', 'ff'] as const) {
      const rms = Math.sqrt(
        leaveOneOut[resource].reduce((sum, e) => sum + e * e, 0) / data.points.length,
      );
      expect(rms).toBeCloseTo(profile.data.errors[resource].relative, 3);
      expect(rms).toBeLessThan(0.15);
    }
  });

  test('make the line of the table in docs/cost.md', () => {
    const { leaveOneOut } = fitProfile(profile, data);
    const percent = (error: number): string => (100 * error).toFixed(1);
    const [lut, ff] = [leaveOneOut.lut, leaveOneOut.ff].map((errors) => {
      const sizes = errors.map(Math.abs).sort((a, b) => a - b);
      return `${percent(sizes[sizes.length >> 1])} / ${percent(sizes[sizes.length - 1])}`;
    });
    const cells = percent(profile.data.errors.logicCells.relative);
    const line = `| \`${name}\` | ${data.points.length} | ${lut} | ${ff} | exact | exact | ${cells} |`;
    expect(readFileSync(new URL('docs/cost.md', packageRoot()), 'utf8')).toContain(line);
  });
});

test('a damaged data file is refused with its line', () => {
  expect(() => parseCalibration('{"version":1}\n{', 'd.jsonl')).toThrow(
    /d\.jsonl, line 2: cannot be read/,
  );
  expect(() => parseCalibration('{"version":9}\n', 'd.jsonl')).toThrow(
    /d\.jsonl, line 1: version 9/,
  );
});

const lut = (output: number, inputs: number[]): object => ({
  type: 'SB_LUT4',
  attributes: {},
  port_directions: { O: 'output', I0: 'input', I1: 'input', I2: 'input', I3: 'input' },
  connections: { O: [output], I0: [inputs[0]], I1: [inputs[1]], I2: [inputs[2]], I3: [inputs[3]] },
});
const flipFlop = (source: string, d: number, q: number): object => ({
  type: 'SB_DFF',
  attributes: { src: source },
  port_directions: { C: 'input', D: 'input', Q: 'output' },
  connections: { C: [2], D: [d], Q: [q] },
});

test('a LUT belongs where its output goes, and shares a cell with the flip-flop that it alone feeds', () => {
  const netlist = JSON.stringify({
    modules: {
      dut: {
        attributes: {},
        cells: {
          a: lut(10, [3, 4, 5, 6]),
          b: lut(11, [10, 4, 5, 6]),
          c: flipFlop('hg_drain.v:1', 11, 12),
          d: flipFlop('hg_argmax.v:1', 12, 13),
        },
        netnames: {},
      },
    },
  });
  const names = {
    pe: 'pe-int',
    combine: undefined,
    sequencer: 'sequencer',
    stream: 'input-stream',
    drain: 'drain',
    cell: 'cell-int16',
    lane: 'lane-int16',
    source: 'token-source',
    input: 'embedding',
  } as const;
  const counts = attributeCells(netlist, 'dut', 'ice40-up5k', names);
  expect(counts.drain).toMatchObject({ luts: 2, ffs: 1 });
  expect(counts.argmax).toMatchObject({ luts: 0, ffs: 1 });
  expect(packedLogicCells(netlist, 'dut')).toBe(3);
});
