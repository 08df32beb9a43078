import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { EdaError } from '../../src/eda/errors.js';
import { pinShell } from '../../src/eda/pin-shell.js';
import { measureIce40, placeAndRouteIce40 } from '../../src/eda/pnr.js';
import type { SimulatorPort } from '../../src/eda/rtl-sim.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { countResources, synthesize, synthesizeAsic } from '../../src/eda/synth.js';
import { findTool } from '../../src/eda/tools.js';

// Tools take seconds to start, and longer on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

/** Cell libraries are large and not ours: looked for where HALFGATE_PDK says, or beside the checkout. */
const PDK = process.env['HALFGATE_PDK'] ?? join(import.meta.dirname, '../../../shared/pdk');
const LIBERTY = join(PDK, 'sg13g2/sg13g2_stdcell_typ_1p20V_25C.lib.gz');
const yosys = await findTool('yosys');
const nextpnr = await findTool('nextpnr-ice40');

const MAC = `
module mac #(parameter A = 24) (
  input wire clk_i, input wire clear_i, input wire signed [7:0] weight_i,
  input wire signed [7:0] data_i, output reg signed [A-1:0] acc_o
);
  wire signed [15:0] product = weight_i * data_i;
  always @(posedge clk_i) if (clear_i) acc_o <= 0; else acc_o <= acc_o + product;
endmodule`;
const files = { 'mac.v': MAC };
const ports: SimulatorPort[] = [
  { name: 'clk_i', direction: 'input', width: 1 },
  { name: 'clear_i', direction: 'input', width: 1 },
  { name: 'weight_i', direction: 'input', width: 8 },
  { name: 'data_i', direction: 'input', width: 8 },
  { name: 'acc_o', direction: 'output', width: 24 },
];

describe('synthesis from npm', () => {
  test('an int8 MAC on UP5K is one DSP', async () => {
    const result = await synthesize(files, 'mac', 'ice40-up5k');
    expect(result).toMatchObject({ dsps: 1, brams: 0, tool: 'yosys (npm)' });
    expect(result.toolVersion).toMatch(/^\d+\.\d+/);
    expect(result.luts).toBeLessThan(30);
  });

  test('and hundreds of LUTs without DSP, on each family', async () => {
    const counts: Record<string, number> = {};
    for (const family of ['ice40-up5k', 'ice40-hx8k', 'ecp5', 'xc7', 'generic-lut4'] as const) {
      const result = await synthesize(files, 'mac', family, { dsp: false });
      counts[family] = result.luts;
      expect(result, family).toMatchObject({ dsps: 0, ffs: 24, brams: 0, lutRam: 0 });
      expect(result.luts, family).toBeGreaterThan(150);
      expect(result.luts, family).toBeLessThan(800);
    }
    expect(counts['ice40-up5k']).toBe(counts['ice40-hx8k']);
  });

  test('parameters reach the top', async () => {
    const result = await synthesize(files, 'mac', 'ice40-hx8k', { parameters: { A: 32 } });
    expect(result.ffs).toBe(32);
  });

  test('a ROM becomes block RAM, or logic when told so', async () => {
    const rom = `
      module rom(input wire clk_i, input wire [7:0] addr_i, output reg [15:0] data_o);
        reg [15:0] mem [0:255];
        initial $readmemh("rom.hex", mem);
        always @(posedge clk_i) data_o <= mem[addr_i];
      endmodule`;
    const hex = Array.from({ length: 256 }, (_, k) => ((k * k * 40503) & 0xffff).toString(16));
    const project = { 'rom.v': rom, 'rom.hex': hex.join('\n') };
    expect(await synthesize(project, 'rom', 'ice40-up5k')).toMatchObject({ brams: 1, luts: 0 });
    const logic = await synthesize(project, 'rom', 'ice40-up5k', { bram: false });
    expect(logic.brams).toBe(0);
    expect(logic.luts).toBeGreaterThan(50);
  });

  test('an error carries what Yosys said', async () => {
    const failure = await synthesize({ 'a.v': 'module a( ' }, 'a', 'ecp5').catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(EdaError);
    expect((failure as EdaError).message).toContain('syntax error');
  });

  test('a run is stopped at its time limit and on abort', async () => {
    await expect(synthesize(files, 'mac', 'xc7', { timeoutSeconds: 0.2 })).rejects.toThrow(
      'no result within 0.2 seconds',
    );
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    await expect(synthesize(files, 'mac', 'xc7', { signal: controller.signal })).rejects.toThrow(
      'aborted',
    );
  });

  test.skipIf(yosys === undefined)(
    `native Yosys counts alike${yosys === undefined ? ' (skipped: yosys is not on PATH)' : ''}`,
    async () => {
      const native = await synthesize(files, 'mac', 'ice40-hx8k', { tool: 'native' });
      expect(native).toMatchObject({ tool: 'yosys', toolVersion: yosys?.version, ffs: 24 });
      expect(native.luts).toBeGreaterThan(150);
    },
  );

  const hasLiberty = existsSync(LIBERTY);
  test.skipIf(!hasLiberty)(
    `ASIC area in um2${hasLiberty ? '' : ' (skipped: set HALFGATE_PDK to the folder with sg13g2)'}`,
    async () => {
      const liberty = gunzipSync(readFileSync(LIBERTY)).toString('utf8');
      const result = await synthesizeAsic(files, 'mac', liberty);
      expect(result.areaUm2).toBeGreaterThan(5000);
      expect(result.areaUm2).toBeLessThan(15000);
      expect(Object.keys(result.cells).every((cell) => cell.startsWith('sg13g2_'))).toBe(true);
    },
  );
});

test('a carry cell of ECP5 counts as two LUTs, a half block RAM of 7-series as a half', () => {
  expect(countResources({ LUT4: 9, CCU2C: 12, TRELLIS_FF: 24 }, 'ecp5')).toMatchObject({
    ...{ luts: 33, carries: 12, ffs: 24 },
  });
  expect(
    countResources({ LUT6: 3, LUT2: 2, INV: 1, RAMB18E1: 1, RAM32M: 2, FDRE: 4 }, 'xc7'),
  ).toMatchObject({ luts: 5, brams: 0.5, lutRam: 8, ffs: 4 });
});

describe('place and route from npm', () => {
  test.each(['up5k', 'hx8k'] as const)('%s states Fmax and utilization', async (device) => {
    const { design, placed, shell } = await measureIce40(files, 'mac', ports, device);
    expect(design.dsps).toBe(device === 'up5k' ? 1 : 0);
    expect(placed.tool).toBe('nextpnr-ice40 (npm)');
    expect(placed.fmaxMhz).toBeGreaterThan(10);
    expect(placed.fmaxMhz).toBeLessThan(300);
    expect(placed.utilization['ICESTORM_LC'].available).toBe(device === 'up5k' ? 5280 : 7680);
    expect(placed.asc.length).toBeGreaterThan(1000);
    // 17 input and 24 output bits, then 6 + 2 + 1 of the XOR tree, less what a DSP takes in.
    expect(shell?.ffs).toBeGreaterThan(40);
    expect(shell?.ffs).toBeLessThanOrEqual(17 + 24 + 6 + 2 + 1);
  });

  test('the same seed gives the same result', async () => {
    const { netlistJson } = await synthesize(files, 'mac', 'ice40-hx8k', {});
    const results = [];
    for (const seed of [7, 7, 8]) {
      const placed = await placeAndRouteIce40(netlistJson, 'hx8k', { seed });
      results.push({ fmaxMhz: placed.fmaxMhz, asc: new TextDecoder().decode(placed.asc) });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2].asc).not.toBe(results[0].asc);
  });

  test('a run is stopped at its time limit', async () => {
    const { netlistJson } = await synthesize(files, 'mac', 'ice40-hx8k', {});
    await expect(placeAndRouteIce40(netlistJson, 'hx8k', { timeoutSeconds: 0.3 })).rejects.toThrow(
      'no result within 0.3 seconds',
    );
  });

  test('a design with more pins than the package has is an error', async () => {
    const { netlistJson } = await synthesize(files, 'mac', 'ice40-up5k', {});
    await expect(placeAndRouteIce40(netlistJson, 'up5k', {})).rejects.toThrow(EdaError);
  });

  test.skipIf(nextpnr === undefined)(
    `native nextpnr agrees${nextpnr === undefined ? ' (skipped: nextpnr-ice40 not on PATH)' : ''}`,
    async () => {
      const { netlistJson } = await synthesize(files, 'mac', 'ice40-hx8k', {});
      const native = await placeAndRouteIce40(netlistJson, 'hx8k', { tool: 'native' });
      expect(native).toMatchObject({ tool: 'nextpnr-ice40', toolVersion: nextpnr?.version });
      expect(native.fmaxMhz).toBeGreaterThan(10);
    },
  );
});

test('the pin shell hands serial bits to the design and folds its outputs', async () => {
  const shell = pinShell(ports, 'mac');
  const simulator = await compileRtl({ ...files, 'shell.v': shell.verilog }, shell.top);
  expect(simulator.ports.map(({ name }) => name)).toEqual(['clk_i', 'serial_i', 'parity_o']);
  // All inputs 1, so clear; the accumulator is 0 and its parity too.
  simulator.set('serial_i', 1);
  simulator.tick(25);
  expect(simulator.get('parity_o')).toBe(0n);
  expect(simulator.get('u_design.weight_i')).toBe(0xffn);
  // Then zeros from the clear bit on: weight and data are still -1 for a while.
  simulator.set('serial_i', 0);
  simulator.tick(1);
  expect(simulator.get('u_design.clear_i')).toBe(0n);
  simulator.tick(1);
  expect(simulator.get('u_design.acc_o')).not.toBe(0n);
});
