import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { lintIverilog, lintVerilator, runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';

// Verilator compiles C++.
vi.setConfig({ testTimeout: 300_000 });

const tools = { verilator: await findTool('verilator'), iverilog: await findTool('iverilog') };

const ROM = `
module rom (
    input  wire       clk_i,
    input  wire [1:0] addr_i,
    output reg  [7:0] data_o
);
  reg [7:0] mem [0:3];
  initial $readmemh("rom.hex", mem);
  always @(posedge clk_i) data_o <= mem[addr_i];
endmodule
`;

const testbench = (expected: string): string => `
module tb;
  reg clk = 1'b0;
  reg [1:0] addr = 2'd2;
  wire [7:0] data;
  rom u_rom (.clk_i(clk), .addr_i(addr), .data_o(data));
  initial begin
    #1 clk = 1'b1;
    #1 clk = 1'b0;
    if (data == ${expected}) $display("HALFGATE PASS");
    else $display("HALFGATE FAIL data %h", data);
    $finish;
  end
endmodule
`;

test('a tool that is not on PATH is not found', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '';
  try {
    expect(await findTool('verilator')).toBeUndefined();
  } finally {
    process.env['PATH'] = path;
  }
});

describe.each(['iverilog', 'verilator'] as const)('%s', (tool) => {
  const version = tools[tool]?.version;
  const reason = version === undefined ? ` (skipped: ${tool} is not on PATH)` : '';
  const files = { 'rom.v': ROM, 'rom.hex': '01 02 a3 04' };

  test.skipIf(version === undefined)(
    `passes and fails as the testbench says${reason}`,
    async () => {
      const workDir = await mkdtemp(join(tmpdir(), 'native-sim-'));
      try {
        const good = await runTestbench({
          ...{ files: { ...files, 'tb.v': testbench("8'ha3") }, top: 'tb', tool, workDir },
        });
        expect(good).toMatchObject({ passed: true, exitCode: 0, toolVersion: version });
        const bad = await runTestbench({
          ...{ files: { ...files, 'tb.v': testbench("8'ha4") }, top: 'tb', tool, workDir },
        });
        expect(bad.passed).toBe(false);
        expect(bad.log).toContain('HALFGATE FAIL data a3');
        expect(readdirSync(workDir)).toEqual([]);
      } finally {
        await rm(workDir, { recursive: true });
      }
    },
  );

  test.skipIf(version === undefined)(`names what does not compile${reason}`, async () => {
    const run = runTestbench({ files: { 'tb.v': 'module tb; oops' }, top: 'tb', tool });
    await expect(run).rejects.toThrow(`${tool}, compile: exit code`);
  });

  test.skipIf(version === undefined)(`lints${reason}`, async () => {
    const lint = tool === 'verilator' ? lintVerilator : lintIverilog;
    expect(await lint(files, 'rom')).toEqual({ clean: true, log: '' });
    const sloppy = 'module rom(input wire a_i, output wire [7:0] y_o); assign y_o = b; endmodule';
    const result = await lint({ 'rom.v': sloppy }, 'rom');
    expect(result.clean).toBe(false);
    expect(result.log).toContain('rom.v');
  });
});

const iverilogReason = tools.iverilog === undefined ? ' (skipped: iverilog is not on PATH)' : '';
test.skipIf(tools.iverilog === undefined)(
  `a testbench that hangs is stopped${iverilogReason}`,
  async () => {
    const endless = "module tb; reg a = 1'b0; initial forever #1 a = ~a; endmodule";
    const files = { 'tb.v': endless };
    await expect(
      runTestbench({ files, top: 'tb', tool: 'iverilog', signal: AbortSignal.timeout(1500) }),
    ).rejects.toThrow('aborted');
    await expect(
      runTestbench({ files, top: 'tb', tool: 'iverilog', timeoutSeconds: 2 }),
    ).rejects.toThrow('no result within');
  },
);
