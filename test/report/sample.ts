import type { Amount, ReportData, SchemeReport } from '../../src/report/report-data.js';

function halves(name: string, amount: number, names: readonly string[]): Amount {
  const children = names.map((own) => ({ name: own, amount: amount / 2, children: [] }));
  return { name, amount, children };
}

function curve(start: number, end: number): [number, number][] {
  return Array.from({ length: 200 }, (_, k) => [k * 10, end + (start - end) * Math.exp(-k / 25)]);
}

function scheme(name: string, accuracy: number, more: Partial<SchemeReport> = {}): SchemeReport {
  return {
    scheme: name,
    parameters: 10_700,
    accuracy,
    training: {
      curve: curve(6.4, accuracy),
      validations: [500, 1000, 1500, 1990].map((step) => [step, accuracy + (0.3 * 500) / step]),
      seed: 1,
      steps: 2000,
      seconds: 21,
      engine: 'wasm (wasm simd)',
    },
    ...more,
  };
}

function hardware(luts: number, cycles: number, energy: number): Partial<SchemeReport> {
  return {
    weightBytes: Math.round(luts * 2.4),
    array: '8 x 1',
    cyclesPerStep: cycles,
    utilization: 0.954,
    cycles: [
      { name: 'multiply-accumulate', value: 96 * cycles },
      { name: 'flush', value: 2.3 * cycles },
      { name: 'pad', value: 0 },
      { name: 'stall: h not ready', value: 1.7 * cycles },
      { name: 'tail', value: 13 },
    ],
    measured: {
      luts,
      ffs: Math.round(luts * 0.6),
      brams: 22,
      dsps: 4,
      fmaxMhz: 31.4,
      resources: [
        { name: 'Logic cells', used: Math.round(luts * 1.1), available: 5280 },
        { name: 'BRAM', used: 22, available: 30 },
        { name: 'DSP', used: 4, available: 8 },
      ],
    },
    estimated: {
      attribution: {
        cycles: halves('cycles', cycles, ['layer 0', 'head']),
        energyPj: halves('energy', energy, ['gate i', 'gate <f>']),
      },
      energyPj: [
        { name: 'multiply-accumulate', value: energy * 0.5 },
        { name: 'weight memory', value: energy * 0.3 },
        { name: 'other memories', value: energy * 0.1 },
        { name: 'cell unit', value: energy * 0.04 },
        { name: 'leakage', value: energy * 0.06 },
      ],
    },
    stepsPerSecond: 31.4e6 / cycles,
    verification: {
      steps: 64,
      hiddenChecked: 2048,
      resultsChecked: 64,
      cycles: Math.round(cycles * 64),
      bitMismatches: 0,
      cycleMismatches: 0,
    },
  };
}

/** A report with everything in it. */
export const sampleReport: ReportData = {
  title: 'halfgate demo',
  generator: 'halfgate 0.1.0',
  dataset: {
    name: 'type declarations of typescript',
    summary: '91 symbols; training 480000, validation 60000, test 60000',
    notes: ['source code from typescript 6.0.3'],
  },
  measure: {
    name: 'Bits per character',
    unit: 'bpc',
    digits: 3,
    isLowerBetter: true,
    lossUnit: 'bits per character',
  },
  device: 'iCE40 UP5K',
  schemes: [
    scheme('float', 1.802),
    scheme('int8', 1.805, hardware(2412, 1170, 5200)),
    scheme('ternary-level3', 1.873, hardware(1304, 1167, 2100)),
  ],
  sources: {
    synthesis: { kind: 'measured', by: 'yosys (npm) 0.55' },
    placement: { kind: 'measured', by: 'nextpnr-ice40 (npm) 0.8' },
    energy: {
      kind: 'estimated',
      by: 'hw-profiles/ice40-up5k.json',
      error: 'assumed within a factor of 2',
    },
    verification: { kind: 'measured', by: 'RTL simulation with yosys (npm) 0.55' },
  },
  provenance: [
    ['halfgate', '0.1.0'],
    ['data', 'sha256 115f72d20a716cb9dc1567d45e29a973323759fde002b39f35be0289697c6de9'],
    ['int8', 'seed 1, 2000 steps, wasm (wasm simd), design 95a88f87'],
  ],
};
