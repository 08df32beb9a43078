/** Testbenches: of the VHDL for GHDL, of the converted netlists for Verilator. */

/**
 * A VHDL testbench of the fixed-point `lstm_cell`, driven step after step as `lstm_network` does: a cycle of reset, then
 * until `done`. Reports `STEP cycles` and, for every unit, `H value`.
 *
 * @param {readonly number[]} inputs x of each step, 8 bits
 * @param {number} hidden units
 */
export function fixedCellTestbench(inputs, hidden) {
  const addressBits = Math.max(1, Math.ceil(Math.log2(hidden)));
  const codes = inputs.map((x, n) => `${n} => ${x}`).join(', ');
  return `library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity cell_testbench is
end;

architecture behavioural of cell_testbench is
  type codes_t is array (0 to ${inputs.length - 1}) of integer;
  constant INPUTS : codes_t := (${codes});
  signal clock : std_logic := '0';
  signal is_finished : boolean := false;
  signal reset, zero_state : std_logic := '1';
  signal done : std_logic;
  signal x, h : std_logic_vector(7 downto 0) := (others => '0');
  signal address : std_logic_vector(${addressBits - 1} downto 0) := (others => '0');
begin
  clock <= not clock after 5 ns when not is_finished else '0';

  cell : entity work.lstm_cell(rtl)
    port map (
      clock => clock, reset => reset, enable => '1', zero_state => zero_state, x_data => x,
      done => done, h_out_en => '1', h_out_addr => address, h_out_data => h
    );

  process
    variable cycles : integer;
  begin
    for n in 1 to 4 loop
      wait until rising_edge(clock);
    end loop;
    for step in INPUTS'range loop
      x <= std_logic_vector(to_signed(INPUTS(step), 8));
      reset <= '1';
      if step > 0 then
        zero_state <= '0';
      end if;
      wait until rising_edge(clock);
      reset <= '0';
      cycles := 1;
      wait until rising_edge(clock);
      cycles := cycles + 1;
      while done /= '1' loop
        wait until rising_edge(clock);
        cycles := cycles + 1;
        assert cycles < 1000000 report "no done" severity failure;
      end loop;
      report "STEP " & integer'image(cycles);
      for unit in 0 to ${hidden - 1} loop
        address <= std_logic_vector(to_unsigned(unit, address'length));
        for n in 1 to 3 loop
          wait until rising_edge(clock);
        end loop;
        report "H " & integer'image(to_integer(signed(h)));
      end loop;
    end loop;
    is_finished <= true;
    wait;
  end process;
end;
`;
}

const word = (value) => `8'h${(value & 255).toString(16)}`;

const clocked = (body) => `\`timescale 1ns/1ns
module testbench;
  reg clock = 0;
  always #5 clock = ~clock;
${body}
endmodule
`;

/** The same for the converted `lstm_cell`, in Verilog: displays `STEP cycles` and `H value`. */
export function fixedCellVerilog(inputs, hidden) {
  const addressBits = Math.max(1, Math.ceil(Math.log2(hidden)));
  return clocked(`  reg reset = 1, zero_state = 1;
  reg signed [7:0] x = 0;
  reg [${addressBits - 1}:0] address = 0;
  wire done;
  wire signed [7:0] h;
  lstm_cell u_cell (.clock(clock), .reset(reset), .enable(1'b1), .zero_state(zero_state), .x_data(x),
      .h_out_en(1'b1), .h_out_addr(address), .done(done), .h_out_data(h));

  reg signed [7:0] inputs [0:${inputs.length - 1}];
  integer step, unit, cycles;
  initial begin
${inputs.map((x, n) => `    inputs[${n}] = ${word(x)};`).join('\n')}
    repeat (4) @(posedge clock);
    for (step = 0; step < ${inputs.length}; step = step + 1) begin
      x <= inputs[step];
      reset <= 1;
      zero_state <= step == 0;
      @(posedge clock);
      reset <= 0;
      cycles = 1;
      @(posedge clock);
      cycles = cycles + 1;
      while (!done && cycles < 1000000) begin
        @(posedge clock);
        cycles = cycles + 1;
      end
      $display("STEP %0d", cycles);
      for (unit = 0; unit < ${hidden}; unit = unit + 1) begin
        address <= unit;
        repeat (3) @(posedge clock);
        $display("H %0d", h);
      end
    end
    $finish;
  end`);
}

/**
 * Of the converted integer `rnn`, as their own testbench drives it: x in a memory with a cycle of latency. Displays
 * `CYCLES count` and `H value`.
 *
 * @param {readonly (readonly number[])[]} inputs x of each step
 * @param {number} hidden units
 */
export function integerLayerVerilog(inputs, hidden) {
  const codes = inputs.flat();
  const inBits = Math.max(1, Math.ceil(Math.log2(codes.length)));
  const outBits = Math.max(1, Math.ceil(Math.log2(hidden)));
  return clocked(`  reg enable = 0;
  reg signed [7:0] x = 0;
  wire [${inBits - 1}:0] x_address;
  reg [${outBits - 1}:0] y_address = 0;
  wire signed [7:0] y;
  wire done;
  rnn u_rnn (.enable(enable), .clock(clock), .x_address(x_address), .x(x), .y_address(y_address), .y(y), .done(done));

  reg signed [7:0] inputs [0:${codes.length - 1}];
  always @(posedge clock) x <= inputs[x_address];
  integer unit, cycles;
  initial begin
${codes.map((x, n) => `    inputs[${n}] = ${word(x)};`).join('\n')}
    repeat (20) @(posedge clock);
    enable <= 1;
    cycles = 0;
    @(posedge clock);
    while (!done && cycles < 1000000) begin
      @(posedge clock);
      cycles = cycles + 1;
    end
    $display("CYCLES %0d", cycles);
    for (unit = 0; unit < ${hidden}; unit = unit + 1) begin
      y_address <= unit;
      repeat (3) @(posedge clock);
      $display("H %0d", y);
    end
    $finish;
  end`);
}
