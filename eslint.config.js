import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const root = dirname(fileURLToPath(import.meta.url));

/**
 * Which folder may import which: imports point left along the pipeline. A folder not listed as a key
 * may import everything. `src` stands for the files directly in src/ that have no imports of their own.
 */
const base = ['src/errors', 'src/package-root'];
const model = ['src/model', 'src/quant'];
const mayImport = {
  'src/errors': [],
  'src/package-root': [],
  'src/model': model,
  'src/quant': model,
  'src/engine': [...model, ...base],
  'src/train': [...model, 'src/engine', ...base],
  'src/integer-training': [...model, 'src/integer', 'src/engine', 'src/train', ...base],
  'src/data': ['src/model', ...base],
  'src/design': ['src/quant', ...base],
  sim: ['src/quant', 'src/design', ...base],
  'src/control': ['src/design', ...base],
  'src/emit': ['src/quant', 'src/design', 'src/control', 'src/eda', ...base],
  // Wrappers around tools: they know Verilog text and netlists, not LSTMs.
  'src/eda': base,
  'src/cost': ['src/quant', 'src/design', 'sim', 'src/eda', ...base],
  'src/verify': [...model, 'src/design', 'src/control', 'src/emit', 'src/eda', 'sim', ...base],
  'src/board': [...model, 'src/design', 'src/emit', 'src/eda', ...base],
  'src/mutation': [...model, 'src/design', 'src/emit', 'src/eda', 'src/verify', ...base],
  'src/formal': [...model, 'src/design', 'src/emit', 'src/eda', ...base],
  'src/integer-hardware': [
    ...model,
    ...['src/integer', 'src/emit', 'src/eda', 'src/verify', 'sim', ...base],
  ],
  'src/store': [
    ...model,
    ...['src/engine', 'src/train', 'src/data', 'src/design', 'src/experiment', 'sim', ...base],
    ...['src/integer', 'src/integer-training'],
  ],
  'src/search': [...model, ...base],
  'src/report': base,
  'src/experiment': [
    ...model,
    ...['src/engine', 'src/train', 'src/integer-training', 'src/data', 'src/report', ...base],
  ],
};

/** `src/quant/golden.ts` -> `src/quant`, `src/errors.ts` -> `src/errors`, `sim/run.ts` -> `sim`. */
function zoneOf(path) {
  const parts = relative(root, path).split(sep);
  if (parts[0] !== 'src') return parts[0];
  return `src/${(parts[1] ?? '').replace(/\.[jt]s$/, '')}`;
}

const importZones = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      zone: '{{from}} must not import {{to}}: imports point left along the pipeline (see eslint.config.js)',
    },
  },
  create(context) {
    const from = zoneOf(context.filename);
    const check = (node) => {
      const source = node.source?.value;
      if (typeof source !== 'string' || !source.startsWith('.')) return;
      const to = zoneOf(resolve(dirname(context.filename), source));
      if (to === from) return;
      const allowed = mayImport[from];
      const forbidden =
        to === 'src/cli' || to === 'test' || (allowed !== undefined && !allowed.includes(to));
      if (forbidden) context.report({ node, messageId: 'zone', data: { from, to } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'runs/', 'coverage/', 'bench/', 'src/engine/assembly/'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // Sizes are checked at the border; inside, `array[k]!` would only be noise to read over.
      '@typescript-eslint/no-non-null-assertion': 'off',
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'sim/**/*.ts'],
    plugins: { halfgate: { rules: { 'import-zones': importZones } } },
    rules: { 'halfgate/import-zones': 'error' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        WebAssembly: 'readonly',
      },
    },
    rules: { 'no-console': 'off' },
  },
);
