import { describe, expect, test } from 'vitest';
import { plan } from '../../src/design/plan.js';
import { Aig, type Literal } from '../../src/eda/aig.js';
import { isSatisfiable } from '../../src/eda/satisfiable.js';
import { cycleOf, stateOf } from '../../src/eda/bit-blast.js';
import { buildCircuit } from '../../src/eda/circuit.js';
import { constantLatches } from '../../src/eda/constants.js';
import { compileNetlist, elaborateRtl } from '../../src/eda/rtl-sim.js';
import { scheduleCircuit } from '../../src/eda/schedule.js';
import { emit } from '../../src/emit/emit.js';
import { Random as ModelRandom } from '../../src/model/random.js';
import { randomModel } from '../../src/verify/random-model.js';
import { Random } from './random.js';

/** Runs a project in the simulator and as a graph, on the same random inputs: outputs that differ. */
async function differences(
  files: Readonly<Record<string, string>>,
  top: string,
  cycles: number,
  reset?: (cycle: number) => boolean,
): Promise<string[]> {
  const netlist = await elaborateRtl(files, top);
  const rtl = await compileNetlist(netlist);
  const circuit = buildCircuit(netlist, 'clk_i');
  scheduleCircuit(circuit);
  const aig = new Aig();
  const bits = stateOf(circuit);
  const state = bits.map(() => aig.input());
  const inputs = new Map<string, Literal>();
  const graph = cycleOf(aig, circuit, state, (port, bit) => {
    const literal = aig.input();
    inputs.set(`${port} ${bit}`, literal);
    return literal;
  });
  const outputs = netlist.ports.filter(({ direction }) => direction === 'output');
  const free = netlist.ports.filter(
    ({ direction, name }) => direction === 'input' && name !== 'clk_i',
  );
  const nodes = aig.cone([
    ...graph.next,
    ...outputs.flatMap(({ name }) => [...graph.output(name)]),
  ]);
  const values = new Uint8Array(2 ** 20);
  const valueOf = (literal: Literal): number =>
    literal < 2 ? literal : values[literal >> 1] ^ (literal & 1);
  let contents = bits.map(({ initial }): number => initial ?? 0);
  const random = new Random(7);
  const wrong: string[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    contents.forEach((bit, n) => (values[state[n] >> 1] = bit));
    for (const { name, bits: port } of free) {
      const value =
        name === 'rst_i' && reset !== undefined ? BigInt(reset(cycle)) : random.bits(port.length);
      rtl.set(name, value);
      port.forEach((_, n) => {
        const literal = inputs.get(`${name} ${n}`)!;
        values[literal >> 1] = Number((value >> BigInt(n)) & 1n);
      });
    }
    for (const node of nodes) {
      const operands = aig.operands(node);
      if (operands) values[node] = valueOf(operands[0]) & valueOf(operands[1]);
    }
    for (const { name } of outputs) {
      const word = graph
        .output(name)
        .reduce((sum, bit, n) => sum | (BigInt(valueOf(bit)) << BigInt(n)), 0n);
      if (word !== rtl.get(name))
        wrong.push(`cycle ${cycle}: ${name} = ${word}, not ${rtl.get(name)}`);
    }
    contents = graph.next.map(valueOf);
    rtl.tick();
  }
  return wrong;
}

const OPERATORS = `
module dut (
    input clk_i, input rst_i,
    input [7:0] a, input signed [9:0] b, input signed [9:0] c, input [3:0] d, input [69:0] w,
    output [9:0] add, output [9:0] sub, output [9:0] neg, output [19:0] product, output [15:0] plain,
    output [9:0] relations, output [9:0] left, output [9:0] right, output signed [9:0] arithmetic,
    output either, output [69:0] wide_left, output [69:0] wide_right, output [11:0] part,
    output [7:0] reductions, output reg [7:0] chosen, output reg [7:0] kept, output reg [5:0] read
);
  assign add = b + c;
  assign sub = b - c;
  assign neg = -b;
  assign product = b * c;
  assign plain = a * a;
  assign relations = {b < c, b <= c, b > c, b >= c, b == c, b != c, a < d, a >= d, a > d, a <= d};
  assign left = b << d;
  assign right = b >> d;
  assign arithmetic = b >>> d;
  assign either = a[d - 4'd8];
  assign wide_left = w << a;
  assign wide_right = w >> a;
  assign part = w[a +: 12];
  assign reductions = {&a, |a, ^a, ~^a, !a, a && d, a || d, ~&a};
  always @(*) begin
    case (d)
      4'd0, 4'd3: chosen = a;
      4'd1: chosen = ~a;
      4'd2: chosen = b[7:0];
      default: chosen = c[7:0];
    endcase
  end
  reg [5:0] mem[0:11];
  reg [5:0] rom[0:4];
  initial begin
    rom[0] = 6'd9; rom[1] = 6'd33; rom[2] = 6'd1; rom[3] = 6'd60; rom[4] = 6'd7;
  end
  always @(posedge clk_i) begin
    if (rst_i) kept <= 8'd5;
    else if (d[0]) kept <= kept + a;
    if (d[1]) mem[a[3:0]] <= b[5:0];
    read <= mem[d] ^ rom[a[2:0]];
  end
endmodule`;

describe('a circuit as a graph says what the simulator says', () => {
  test('of every operator, of shifts wider than a machine word, of memories', async () => {
    expect(await differences({ 'dut.v': OPERATORS }, 'dut', 300)).toEqual([]);
  }, 60_000);

  test.each(['ternary-level3', 'int8', 'bcq-2'])(
    'of a whole design, scheme %s',
    async (scheme) => {
      const shape = {
        scheme,
        inputSize: 3,
        hiddenSizes: [3],
        classes: 3,
        when: 'every-step',
      } as const;
      const model = randomModel(shape, new ModelRandom(5));
      const { files, top } = emit(plan(model, { name: 'dut', rows: 2, columns: 1 }));
      const isReset = (cycle: number): boolean => cycle < 4 || cycle === 170;
      expect(await differences(files, top, 250, isReset)).toEqual([]);
    },
    60_000,
  );
});

describe('what can be true', () => {
  test('is found out by SAT', async () => {
    const aig = new Aig();
    const [a, b] = [aig.input(), aig.input()];
    const twice = aig.xor(aig.mux(a, b, b ^ 1) ^ 1, aig.xor(a, b));
    expect(await isSatisfiable(aig, twice)).toBe('never');
    expect(await isSatisfiable(aig, aig.and(a, b))).toBe('sometimes');
  }, 60_000);

  test('latches that stay 0 are constants; those that an input reaches are not', () => {
    const aig = new Aig();
    const [loop, still, fed] = [aig.latch(), aig.latch(), aig.latch()];
    loop.next = still.output;
    still.next = aig.and(loop.output, aig.input());
    fed.next = aig.or(fed.output, aig.input());
    expect(constantLatches(aig, [loop, still, fed])).toEqual([loop, still]);
  });
});
