import { describe, expect, test } from 'vitest';
import { EdaError } from '../../src/eda/errors.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { Random } from './random.js';

const MAC = `
module mac #(parameter W = 8) (
  input wire clk_i, input wire rst_i, input wire clear_i, input wire valid_i,
  input wire signed [W-1:0] a_i, input wire signed [W-1:0] b_i,
  output reg signed [23:0] acc_o, output wire busy_o
);
  wire signed [2*W-1:0] product = a_i * b_i;
  assign busy_o = valid_i && !rst_i;
  always @(posedge clk_i) begin
    if (rst_i || clear_i) acc_o <= 24'sd0;
    else if (valid_i) acc_o <= acc_o + product;
  end
endmodule`;

describe('a compiled module', () => {
  test('multiplies and accumulates signed numbers', async () => {
    const simulator = await compileRtl({ 'mac.v': MAC }, 'mac');
    expect(simulator.ports).toContainEqual({ name: 'a_i', direction: 'input', width: 8 });
    const random = new Random(3);
    simulator.set('valid_i', 1);
    let acc = 0;
    for (let step = 0; step < 200; step++) {
      const [a, b] = [random.below(256) - 128, random.below(256) - 128];
      simulator.set('a_i', a);
      simulator.set('b_i', b);
      simulator.tick();
      acc += a * b;
      expect(BigInt.asIntN(24, simulator.get('acc_o'))).toBe(BigInt(acc));
    }
    simulator.set('rst_i', 1);
    expect(simulator.getNumber('busy_o')).toBe(0);
    expect(simulator.getNumber('acc_o')).not.toBe(0);
    simulator.tick();
    expect(simulator.getNumber('acc_o')).toBe(0);
  });

  test('tick(n) is n times tick()', async () => {
    const simulator = await compileRtl({ 'mac.v': MAC }, 'mac', { parameters: { W: 4 } });
    simulator.set('valid_i', 1);
    simulator.set('a_i', -8);
    simulator.set('b_i', 7);
    simulator.tick(1000);
    expect(BigInt.asIntN(24, simulator.get('acc_o'))).toBe(-56_000n);
    simulator.restart();
    expect(simulator.get('acc_o')).toBe(0n);
  });

  test('refuses values that do not fit and names that do not exist', async () => {
    const simulator = await compileRtl({ 'mac.v': MAC }, 'mac');
    expect(() => simulator.set('a_i', 256)).toThrow("256 does not fit port 'a_i' of 8 bits");
    expect(() => simulator.set('a_i', -129n)).toThrow('does not fit');
    expect(() => simulator.set('acc_o', 1)).toThrow("port 'acc_o' is an output");
    expect(() => simulator.set('clk_i', 1)).toThrow('is the clock, which tick drives');
    expect(() => simulator.set('no', 1)).toThrow('does not exist; inputs are: rst_i, clear_i');
    expect(() => simulator.get('no')).toThrow("no signal 'no'");
  });

  test('updates shift registers, rings and swaps all at once', async () => {
    const source = `
      module shifts(input wire clk_i, input wire [199:0] d_i,
                    output reg [7:0] a_o, output reg [7:0] b_o, output reg [7:0] c_o,
                    output reg [199:0] wide_o, output reg [199:0] wide2_o);
        initial begin a_o = 8'd1; b_o = 8'd2; c_o = 8'd3; wide_o = 200'd1; wide2_o = 200'd2; end
        always @(posedge clk_i) begin
          a_o <= b_o; b_o <= c_o; c_o <= a_o;
          wide_o <= {wide_o[198:0], wide_o[199]};
          wide2_o <= wide_o ^ d_i;
        end
      endmodule`;
    const simulator = await compileRtl({ 's.v': source }, 'shifts');
    simulator.set('d_i', 1n << 199n);
    simulator.tick(200);
    expect(['a_o', 'b_o', 'c_o'].map((name) => simulator.getNumber(name))).toEqual([3, 1, 2]);
    expect(simulator.get('wide_o')).toBe(1n);
    simulator.tick();
    expect(simulator.get('wide2_o')).toBe((1n << 199n) | 1n);
    expect(simulator.get('wide_o')).toBe(2n);
  });

  test('shows internal nets by hierarchical name, and says when one was removed', async () => {
    const source = `
      module leaf(input wire clk_i, input wire [3:0] d_i, output reg [3:0] q_o);
        wire [3:0] next_d = d_i + 4'd1;
        wire [3:0] unused_d = d_i * 4'd3;
        always @(posedge clk_i) q_o <= next_d;
      endmodule
      module pair(input wire clk_i, input wire [3:0] d_i, output wire [3:0] q_o);
        genvar i;
        wire [11:0] bus;
        assign bus[3:0] = d_i;
        generate for (i = 0; i < 2; i = i + 1) begin : g_leaf
          leaf u_leaf(.clk_i(clk_i), .d_i(bus[4*i +: 4]), .q_o(bus[4*i+4 +: 4]));
        end endgenerate
        assign q_o = bus[11:8];
      endmodule`;
    const simulator = await compileRtl({ 'p.v': source }, 'pair');
    simulator.set('d_i', 5);
    expect(simulator.getNumber('g_leaf[0].u_leaf.next_d')).toBe(6);
    simulator.tick(2);
    expect(simulator.getNumber('q_o')).toBe(7);
    expect(simulator.get('bus')).toBe(0x765n);
    expect(() => simulator.get('g_leaf[0].u_leaf.unused_d')).toThrow("name it in 'probes'");
    const probed = await compileRtl({ 'p.v': source }, 'pair', {
      probes: ['g_leaf[0].u_leaf.unused_d'],
    });
    probed.set('d_i', 3);
    expect(probed.getNumber('g_leaf[0].u_leaf.unused_d')).toBe(9);
  });

  test('state without initial value is 0, or random by seed', async () => {
    const source = `
      module free(input wire clk_i, output reg [31:0] q_o, output reg [7:0] set_o);
        initial set_o = 8'd7;
        always @(posedge clk_i) begin q_o <= q_o; set_o <= set_o; end
      endmodule`;
    const zero = await compileRtl({ 'f.v': source }, 'free');
    expect(zero.get('q_o')).toBe(0n);
    const seeded = await Promise.all(
      [1, 1, 2].map((randomizeState) => compileRtl({ 'f.v': source }, 'free', { randomizeState })),
    );
    const values = seeded.map((simulator) => simulator.get('q_o'));
    expect(values[0]).toBe(values[1]);
    expect(values[0]).not.toBe(values[2]);
    expect(values[0]).not.toBe(0n);
    expect(seeded.map((simulator) => simulator.get('set_o'))).toEqual([7n, 7n, 7n]);
  });

  test('an asynchronous reset acts at once', async () => {
    const source = `
      module areset(input wire clk_i, input wire rst_ni, input wire [7:0] d_i,
                    output reg [7:0] q_o, output wire [7:0] twice_o);
        always @(posedge clk_i or negedge rst_ni) if (!rst_ni) q_o <= 8'd9; else q_o <= d_i;
        assign twice_o = q_o << 1;
      endmodule`;
    const simulator = await compileRtl({ 'a.v': source }, 'areset');
    simulator.set('rst_ni', 1);
    simulator.set('d_i', 77);
    simulator.tick();
    expect(simulator.getNumber('q_o')).toBe(77);
    simulator.set('rst_ni', 0);
    expect(simulator.getNumber('twice_o')).toBe(18);
    simulator.set('rst_ni', 1);
    expect(simulator.getNumber('q_o')).toBe(9);
  });
});

describe('a memory', () => {
  const ROM = `
    module rom(input wire clk_i, input wire [3:0] addr_i, output reg [7:0] data_o);
      reg [7:0] mem [0:9];
      initial $readmemh("rom.hex", mem);
      always @(posedge clk_i) data_o <= mem[addr_i];
    endmodule`;

  test('is a ROM with a registered output, filled from a hex file', async () => {
    const hex = Array.from({ length: 10 }, (_, k) => (17 * k + 3).toString(16)).join('\n');
    const simulator = await compileRtl({ 'rtl/rom.v': ROM, 'rom.hex': hex }, 'rom');
    for (let address = 0; address < 16; address++) {
      simulator.set('addr_i', address);
      simulator.tick();
      expect(simulator.getNumber('data_o')).toBe(address < 10 ? 17 * address + 3 : 0);
    }
    expect(simulator.readMemory('mem', 9)).toBe(156n);
    expect(() => simulator.readMemory('mem', 10)).toThrow("address 10 of 'mem' is not in 0..9");
    expect(() => simulator.readMemory('no', 0)).toThrow("no memory 'no'; there are: mem");
  });

  test.each([
    [8, 16],
    [32, 16],
    [32, 11],
    [48, 7],
    [64, 16],
    [144, 5],
  ])('of %i x %i bits takes byte enables and reads old data', async (width, size) => {
    const bytes = width / 8;
    const addressBits = Math.ceil(Math.log2(size));
    const source = `
      module ram(input wire clk_i, input wire [${bytes - 1}:0] be_i,
                 input wire [${addressBits - 1}:0] waddr_i, input wire [${addressBits - 1}:0] raddr_i,
                 input wire [${width - 1}:0] data_i,
                 output reg [${width - 1}:0] sync_o, output wire [${width - 1}:0] async_o);
        reg [${width - 1}:0] mem [0:${size - 1}];
        integer k;
        always @(posedge clk_i) begin
          for (k = 0; k < ${bytes}; k = k + 1)
            if (be_i[k]) mem[waddr_i][8*k +: 8] <= data_i[8*k +: 8];
          sync_o <= mem[raddr_i];
        end
        assign async_o = mem[raddr_i];
      endmodule`;
    const simulator = await compileRtl({ 'ram.v': source }, 'ram');
    const random = new Random(width + size);
    const mem = Array.from({ length: size }, () => 0n);
    for (let step = 0; step < 300; step++) {
      const [enables, data] = [random.bits(bytes), random.bits(width)];
      const [write, read] = [random.below(2 ** addressBits), random.below(2 ** addressBits)];
      simulator.set('be_i', enables);
      simulator.set('data_i', data);
      simulator.set('waddr_i', write);
      simulator.set('raddr_i', read);
      expect(simulator.get('async_o'), `step ${step}`).toBe(mem[read] ?? 0n);
      simulator.tick();
      expect(simulator.get('sync_o'), `step ${step}`).toBe(mem[read] ?? 0n);
      if (write >= size) continue;
      for (let byte = 0; byte < bytes; byte++) {
        const mask = 0xffn << BigInt(8 * byte);
        if (((enables >> BigInt(byte)) & 1n) === 1n) {
          mem[write] = (mem[write] & ~mask) | (data & mask);
        }
      }
    }
    simulator.writeMemory('mem', size - 1, 5);
    simulator.set('raddr_i', size - 1);
    expect(simulator.get('async_o')).toBe(5n);
  });

  test('with two writes to one address keeps the later', async () => {
    const source = `
      module two(input wire clk_i, input wire [1:0] a_i, input wire [1:0] b_i, output wire [7:0] q_o);
        reg [7:0] mem [0:3];
        always @(posedge clk_i) begin mem[a_i] <= 8'd1; mem[b_i] <= 8'd2; end
        assign q_o = mem[a_i];
      endmodule`;
    const simulator = await compileRtl({ 't.v': source }, 'two');
    simulator.set('a_i', 3);
    simulator.tick();
    expect(simulator.getNumber('q_o')).toBe(1);
    simulator.set('b_i', 3);
    simulator.tick();
    expect(simulator.getNumber('q_o')).toBe(2);
  });
});

describe('what cannot be simulated is an error that names the place', () => {
  const clocked = (body: string): string => `
    module bad(input wire clk_i, input wire other_i, input wire [7:0] d_i, output reg [7:0] q_o);
${body}
    endmodule`;
  test.each([
    ['a syntax error', clocked('  assign = ;'), 'syntax error'],
    ['a missing module', clocked('  nothing u_n(.a(d_i));'), 'not part of the design'],
    ['a second clock', clocked('  always @(posedge other_i) q_o <= d_i;'), "clocked by 'other_i'"],
    ['a falling edge', clocked('  always @(negedge clk_i) q_o <= d_i;'), 'bad.v:3'],
    ['a latch', clocked('  always @(*) if (other_i) q_o = d_i;'), '(a latch) is not supported'],
    [
      'a loop',
      clocked(
        "  wire [7:0] a; wire [7:0] b = a + d_i;\n assign a = b ^ 8'd1;\n always @(*) q_o = a;",
      ),
      'combinational loop: ',
    ],
    ['the clock as data', clocked('  always @(*) q_o = d_i + clk_i;'), "'clk_i' as a value"],
    [
      'wide arithmetic',
      clocked('  wire [79:0] w = {10{d_i}} * {10{d_i}}; always @(*) q_o = w[79:72];'),
      '80-bit mul; arithmetic ends at 64 bits',
    ],
  ])('%s', async (_title, source, message) => {
    const failure = await compileRtl({ 'bad.v': source }, 'bad').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EdaError);
    expect((failure as EdaError).message).toContain(message);
  });

  test('but a loop of words that is none of bits is fine', async () => {
    const source = `
      module prefix(input wire [15:0] r_i, output wire [15:0] p_o);
        assign p_o = r_i | {p_o[14:0], 1'b0};
      endmodule`;
    const simulator = await compileRtl({ 'p.v': source }, 'prefix');
    simulator.set('r_i', 0x0040);
    expect(simulator.getNumber('p_o')).toBe(0xffc0);
  });
});
