/** A small description that is right; `fields` replace or (undefined) remove its own. */
export function description(fields: object = {}): unknown {
  const all = {
    name: 'tiny',
    title: 'A tiny comparison',
    source: { paper: 'Nobody (2026)', table: 'table 1' },
    data: {
      kind: 'text',
      path: 'words.txt',
      mode: 'bytes',
      maxSymbols: 256,
      split: [0.8, 0.1, 0.1],
      limit: { train: 3000, test: 400 },
    },
    metric: 'loss',
    reference: 'float',
    seeds: [1, 2],
    base: {
      hiddenSizes: [4],
      embeddingSize: 3,
      timeSteps: 10,
      batch: 10,
      steps: 12,
      learningRate: 0.01,
      validations: 2,
      optimizer: { clip: 5 },
    },
    sizes: { full: { data: { limit: {} }, base: { steps: 20 }, runs: { own: { steps: 30 } } } },
    runs: [
      { name: 'float', label: 'float', scheme: 'float' },
      {
        name: 'naive',
        label: 'after training',
        scheme: 'int8-level3',
        from: 'float',
        training: 'none',
      },
      {
        name: 'own',
        label: 'a scheme of its own',
        scheme: { name: 'own', weights: 'int6', gates: 'level3' },
        from: 'float',
        steps: 5,
        optimizer: { gateGradient: 'level' },
      },
    ],
    checks: [{ claim: 'quantization costs', expression: 'naive >= float - 1' }],
    ...fields,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
