import { describe, expect, test } from 'vitest';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { runYosysScript } from '../../src/eda/yosys.js';
import { diagram } from '../../src/emit/diagram.js';
import { emitProject } from '../../src/emit/project.js';
import { Random } from '../../src/model/random.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import { simulate } from '../../sim/simulate.js';

function design(more: Partial<ModelShape & PlanOptions> = {}) {
  const shape = {
    ...{ scheme: 'ternary-level3', inputSize: 2, hiddenSizes: [2], classes: 3 },
    ...{ when: 'every-step' as const, ...more },
  };
  return plan(randomModel(shape, new Random(4)), { name: 'tiny', rows: 2, columns: 1, ...more });
}

function project(d = design(), asicClockMhz?: number): Readonly<Record<string, string>> {
  const vectors = testVectors(d, randomInput(d, [3, 2], new Random(5)));
  const figures = simulate(d, { sequences: [3, 2] });
  return emitProject(d, vectors, {
    ...figures,
    ...(asicClockMhz === undefined ? {} : { asicClockMhz }),
  });
}

const tabled = { inputSize: 3, vocabSize: 3, isOneHot: true };
const both = {
  ...{ inputSize: 3, bidirectional: [true], maxSteps: 4 },
  features: [
    { count: 2, size: 1 },
    { count: 3, size: 2 },
  ],
};
const cases = [
  ['dense', design()],
  ['planes and a table', design({ scheme: 'bcq-2', ...tabled })],
  ['some multipliers of blocks', design({ scheme: 'int8', columns: 2, dsp: 3 })],
  ['both directions', design(both)],
  ['weight-stationary', design({ dataflow: 'ws', lockstep: 3, columns: 4 })],
  ['a value of two columns', design({ output: 'value', classes: 1, columns: 2, rows: 20 })],
] as const;

describe('the emitted project', () => {
  test.each(cases)('has every file that its FuseSoC core lists, and lists all: %s', (_, d) => {
    const files = project(d);
    const core = files['tiny.core'];
    expect(core.startsWith('CAPI=2:\nname: halfgate:lstm:tiny:0\n')).toBe(true);
    const listed = [
      ...core.matchAll(/^ {6}- ([\w/.]+?)(?:: \{file_type: user, copyto: (\S+)\})?$/gm),
    ];
    const paths = listed.map(([, path]) => path);
    expect(paths.filter((path) => !(path in files))).toEqual([]);
    const wanted = Object.keys(files).filter((path) => /^(rtl|sim|idle)\/.*\.(v|hex)$/.test(path));
    expect(new Set(paths)).toEqual(new Set(wanted));
    for (const [, path, copy] of listed) {
      // Memories are read by their bare names.
      expect(copy).toBe(path.endsWith('.hex') ? path.split('/')[1] : undefined);
    }
  });

  test('has the targets lint, sim and synth, each with a top that there is', () => {
    const files = project();
    const targets = files['tiny.core'].split('targets:\n')[1];
    const tops = [...targets.matchAll(/toplevel: (\w+)/g)].map(([, top]) => top);
    expect(tops).toEqual(['tiny', 'tb_tiny', 'tiny']);
    for (const name of ['lint', 'sim', 'synth'])
      expect(targets).toMatch(new RegExp(`^  ${name}:$`, 'm'));
    expect(files['rtl/tiny.v']).toMatch(/^module tiny \(/m);
    expect(files['sim/tb_tiny.v']).toMatch(/^module tb_tiny /m);
  });

  test('LibreLane is given the sources, the clock and its period', () => {
    const files = project(design(), 40);
    const config = JSON.parse(files['librelane/config.json']) as Record<string, unknown>;
    expect(config).toMatchObject({
      ...{ DESIGN_NAME: 'tiny', CLOCK_PORT: 'clk_i', CLOCK_PERIOD: 25, PDK: 'sky130A' },
    });
    const sources = config['VERILOG_FILES'] as string[];
    expect(sources.map((path) => path.replace('dir::../', '')).sort()).toEqual(
      Object.keys(files)
        .filter((path) => /^(rtl|idle)\/.*\.v$/.test(path))
        .sort(),
    );
    expect(JSON.parse(project()['librelane/config.json'])).toMatchObject({ CLOCK_PERIOD: 20 });
  });

  test.each(cases)('Yosys reads what LibreLane gives it, from another folder: %s', async (_, d) => {
    const files = project(d);
    const { VERILOG_FILES } = JSON.parse(files['librelane/config.json']) as {
      VERILOG_FILES: string[];
    };
    const read = VERILOG_FILES.map((path) => `read_verilog ${path.replace('dir::../', '')}`);
    const script = `${read.join('; ')}; hierarchy -check -top tiny; proc; write_json out.json`;
    const run = await runYosysScript(script, files);
    expect(new TextDecoder().decode(run.files['out.json'] as Uint8Array)).toContain('"tiny"');
  });

  test('the script for iCE40 reads the sources alone, in their folder', async () => {
    const files = project(design({ scheme: 'hitnet' }));
    const rtl = Object.fromEntries(
      Object.entries(files).flatMap(([path, text]) =>
        path.startsWith('rtl/') ? [[path.slice(4), text]] : [],
      ),
    );
    const [script] = files['synth/ice40.ys'].split('synth_ice40');
    await runYosysScript(`${script}\nhierarchy -check -top tiny`, rtl);
  });

  test('lists every port of the top in its README', () => {
    const d = design({ columns: 2 });
    const { 'README.md': readme, 'rtl/tiny.v': top } = project(d);
    const ports = [...top.matchAll(/^ {4}(input|output) +wire +(?:\[ *(\d+):0\] +)?(\w+)/gm)];
    expect(ports).toHaveLength(10);
    for (const [, direction, msb, name] of ports) {
      const bits = msb === undefined ? 1 : Number(msb) + 1;
      const side = direction === 'input' ? 'in' : 'out';
      expect(readme).toContain(`| \`${name}\` | ${side} | ${bits} | `);
    }
    expect(readme).toContain('![Block diagram](diagram.svg)');
  });

  test.each(cases)('draws what the design has: %s', async (name, d) => {
    const svg = project(d)['diagram.svg'];
    expect(svg).toBe(diagram(d));
    for (const { copies, depth, width, kind } of d.memories) {
      const count = copies > 1 ? `${copies} x ` : '';
      expect(svg).toContain(`>${count}${depth} x ${width} bit ${kind.toUpperCase()}<`);
    }
    expect(svg).toContain(`>array ${d.rows} x ${d.columns}<`);
    expect(svg.includes('>combiner<')).toBe(d.combiner !== undefined);
    await expect(svg).toMatchFileSnapshot(`../golden/diagrams/${name.replaceAll(' ', '-')}.svg`);
  });

  test.each(cases)('draws no box over another, and none off the page: %s', (_, d) => {
    const svg = diagram(d);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
    const boxes = [
      ...svg.matchAll(/<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)" rx="\d+"/g),
    ].map((match) => match.slice(1).map(Number));
    expect(boxes.length).toBeGreaterThan(10);
    boxes.forEach(([x, y, w, h], n) => {
      expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true);
      for (const [x2, y2, w2, h2] of boxes.slice(n + 1)) {
        expect(x + w <= x2 || x2 + w2 <= x || y + h <= y2 || y2 + h2 <= y).toBe(true);
      }
    });
  });

  test('the README reads as before', async () => {
    await expect(project()['README.md']).toMatchFileSnapshot('../golden/README-ternary-level3.md');
  });
});
