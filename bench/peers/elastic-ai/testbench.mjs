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
