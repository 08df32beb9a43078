import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { lintIverilog, lintVerilator } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { readVerilogCommands, runYosysScript } from '../../src/eda/yosys.js';
import { emit } from '../../src/emit/emit.js';
import { bitsOf, hexWord, literal, packedLiteral } from '../../src/emit/literal.js';
import { emitProject } from '../../src/emit/project.js';
import { render, templateSource, TEMPLATE_DIRECTORY } from '../../src/emit/render.js';
import { Random } from '../../src/model/random.js';
import { testVectors, randomInput } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import type { Design } from '../../src/design/design.js';
import { recodeAll } from '../../src/design/multipliers.js';
import { SCHEMES, uniformWeights } from '../../src/quant/scheme.js';
import { describeCase, randomCase } from '../../src/verify/random.js';
import { simulate } from '../../sim/simulate.js';

const leaves = Object.fromEntries(
  readdirSync(TEMPLATE_DIRECTORY)
    .filter((file) => file.endsWith('.v'))
    .map((file) => [file, templateSource(file)]),
);
const verilator = (await findTool('verilator')) !== undefined;
const iverilog = (await findTool('iverilog')) !== undefined;

/** Schemes that together have every element, cell, pass and table. */
const TINY = [
  'int8',
  'ternary-level3',
  'binary-level3',
  'bcq-2',
  'laq-log-3',
  'hitnet',
  'hitnet-h',
] as const;

function tinyDesign(scheme: string, more: Partial<ModelShape & PlanOptions> = {}) {
  const sizes = { inputSize: 2, hiddenSizes: [2], classes: 3 };
  const shape = { scheme, ...sizes, when: 'every-step', ...more } as const;
  const options = { name: 'tiny', rows: 2, columns: 1, ...more };
  return plan(randomModel(shape, new Random(4)), options);
}

const tabled = { inputSize: 3, vocabSize: 3, isOneHot: true };
/** Two features a token, layers of both directions, a value. */
const both = {
  inputSize: 3,
  features: [
    { count: 2, size: 1 },
    { count: 3, size: 2 },
  ],
  bidirectional: [true],
  maxSteps: 4,
};
const sparse = { dataflow: 'sparse' } as const;
const held = { dataflow: 'ws', lockstep: 3, columns: 4 } as const;
const value = { output: 'value', classes: 1 } as const;
const streamed = { weights: 'stream', weightStreamBits: 8 } as const;

describe('emit', () => {
  test('gives the same bytes for the same design', () => {
    const once = (): string => {
      const design = tinyDesign('ternary-level3');
      const batches = randomInput(design, [3, 2], new Random(5));
      const project = emitProject(
        design,
        testVectors(design, batches),
        simulate(design, { sequences: [3, 2] }),
      );
      return JSON.stringify(project);
    };
    expect(once()).toBe(once());
  });

  test.each([
    ...TINY.map((scheme) => [scheme, tinyDesign(scheme)] as const),
    ['one-hot', tinyDesign('twn', tabled)] as const,
    ['bidirectional', tinyDesign('ternary-level3', both)] as const,
    ['sparse', tinyDesign('ternary-level3', sparse)] as const,
    ['streamed', tinyDesign('ternary-level3', streamed)] as const,
    ['stationary', tinyDesign('ternary-level3', held)] as const,
    ['int8-recoded', tinyDesign('int8', { dsp: 0 })] as const,
    ['int8-mixed', tinyDesign('int8', { dsp: 3, columns: 2 })] as const,
    ['int8-pairs', tinyDesign('int8', { rows: 4, dsp: 1, dspPairs: true })] as const,
  ])('writes a small %s design that a person can read', async (name, design) => {
    const { files } = emit(design);
    const generated = Object.keys(files).filter(
      (file) => file.startsWith('tiny') && file.endsWith('.v'),
    );
    for (const file of generated) {
      await expect(files[file]).toMatchFileSnapshot(`../golden/${name}/${file}`);
    }
  });

  test('names the numbers of its memories in the order of the schedule', async () => {
    const { files } = emit(tinyDesign('bcq-2', tabled));
    const words = Object.entries(files).filter(([file]) =>
      /tiny_(weights_0|factors|table)/.test(file),
    );
    for (const [file, text] of words) {
      await expect(text).toMatchFileSnapshot(`../golden/memories/${file}`);
    }
    expect(words).toHaveLength(3);
  });

  test.each([
    ...TINY.map((scheme) => [scheme, tinyDesign(scheme)] as const),
    ['one-hot', tinyDesign('bcq-2', tabled)] as const,
    ['unpacked hitnet', tinyDesign('hitnet', { pack: 1 })] as const,
    ['bidirectional', tinyDesign('ternary-level3', both)] as const,
    ['bidirectional dense', tinyDesign('hitnet', { bidirectional: [true] })] as const,
    ['tagging', tinyDesign('int8', { inputSize: 3, features: both.features })] as const,
    ['regression', tinyDesign('int8', value)] as const,
    ['sparse', tinyDesign('ternary-level3', sparse)] as const,
    ['streamed', tinyDesign('ternary-level3', streamed)] as const,
    ['streamed int8', tinyDesign('int8', streamed)] as const,
    ['sparse tokens', tinyDesign('int8', { ...sparse, vocabSize: 3 })] as const,
    ['stationary', tinyDesign('ternary-level3', held)] as const,
    ['stationary tokens', tinyDesign('int8', { ...held, vocabSize: 3 })] as const,
    ['stationary recoded', recodeAll(tinyDesign('int8', held))] as const,
    ['stationary regression', tinyDesign('int8-level3', { ...held, ...value })] as const,
    ['recoded', tinyDesign('int8', { dsp: 0 })] as const,
    ['half recoded', tinyDesign('int8', { dsp: 1 })] as const,
  ])('ships every module that a %s design needs and no other', async (_, design) => {
    const { files, sources } = emit(design);
    const all = { ...leaves, ...files };
    // Yosys keeps what the top module instantiates, with its parameters.
    const script = `${readVerilogCommands(all)}; hierarchy -check -top tiny; proc; write_json out.json`;
    const run = await runYosysScript(script, all);
    const json = new TextDecoder().decode(run.files['out.json'] as Uint8Array);
    const { modules } = JSON.parse(json) as { modules: Record<string, unknown> };
    const needed = Object.keys(modules).map((name) => /(?:hg|tiny)\w*/.exec(name)![0]);
    expect(new Set(sources.map((file) => file.replace('.v', '')))).toEqual(new Set(needed));
  });

  test('carries no date, host or user', () => {
    const text = Object.values(emit(tinyDesign('int8')).files).join('\n');
    expect(text).not.toMatch(/20\d\d-\d\d-\d\d/);
    expect(text).not.toContain(process.cwd());
  });
});

describe('lint', () => {
  // A feature of one row alone is among them.
  const chosen: readonly (readonly [number, number])[] = [
    ...Array.from({ length: 6 }, (_, index) => [21, index] as const),
    ...[1, 4, 7].map((index) => [500, index] as const),
  ];
  const cases: readonly (readonly [string, Design])[] = [
    ...chosen.map(([seed, index]) => {
      const candidate = randomCase(seed, index);
      return [describeCase(candidate), candidate.design] as const;
    }),
    ['weight-stationary', tinyDesign('ternary-level3', held)],
    [
      'weight-stationary, tokens, one sequence',
      tinyDesign('int8', { ...held, lockstep: 1, vocabSize: 3 }),
    ],
    ['weight-stationary, recoded', recodeAll(tinyDesign('int8', { ...held, rows: 1, columns: 1 }))],
    ...[2, 3, 4, 5, 6, 7, 8].map((bits) => {
      const scheme = { ...SCHEMES.int8, weights: uniformWeights(`int${bits}`), head: `int${bits}` };
      const more = { scheme, array: 'int', rows: 4, columns: 2, dsp: 2 } as const;
      return [`int${bits}, half of one column by DSP`, tinyDesign('int8', more)] as const;
    }),
  ];

  test.skipIf(!verilator).each(cases)(
    'is clean under verilator -Wall (skipped without verilator): %s',
    async (_, design) => {
      const { files, top } = emit(design);
      expect(await lintVerilator(files, top)).toMatchObject({ clean: true });
    },
    60_000,
  );

  test.skipIf(!iverilog).each(cases)(
    'is clean under iverilog -Wall (skipped without iverilog): %s',
    async (_, design) => {
      const { files, top } = emit(design);
      expect(await lintIverilog(files, top)).toMatchObject({ clean: true });
    },
    60_000,
  );

  test.skipIf(!verilator).each(Object.keys(leaves))(
    'leaf module %s is clean under verilator -Wall as it stands (skipped without verilator)',
    async (leaf) => {
      const top = leaf.replace('.v', '');
      // Modules that `leaf` does not use are no part of the check.
      const needed = new Set<string>();
      const visit = (name: string): void => {
        if (needed.has(name) || !(name in leaves)) return;
        needed.add(name);
        for (const match of leaves[name].matchAll(/^ +(hgi?_\w+) (?:#|u_)/gm))
          visit(`${match[1]}.v`);
      };
      visit(leaf);
      const used = Object.fromEntries([...needed].map((name) => [name, leaves[name]]));
      expect(await lintVerilator(used, top)).toMatchObject({ clean: true });
    },
    60_000,
  );
});

describe('render', () => {
  test('a name that the view-model lacks is an error, not an empty string', () => {
    expect(() => render('ice40.ys.hbs', { sources: [] })).toThrow('"top" not defined');
  });
});

describe('literals', () => {
  test('state their width and refuse what does not fit', () => {
    expect(literal(5, 3)).toBe("3'd5");
    expect(() => literal(8, 3)).toThrow('literal: 8 does not fit 3 unsigned bits');
    expect(() => literal(-1, 3)).toThrow(RangeError);
    expect(bitsOf(-3, 8)).toBe(0xfdn);
    expect(() => bitsOf(-129, 8)).toThrow('bitsOf: -129 does not fit 8 bits');
    expect(hexWord(0xfdn, 9)).toBe('0fd');
    expect(packedLiteral([1, 2], 4)).toBe("8'h21");
  });
});
