import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { forGhdl } from '../../bench/peers/elastic-ai/for-ghdl.mjs';

/** Sums of lanes, in the words of their generator. */
const lanes = (unroll: number): string => `library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;
entity lanes is
  generic (
    UNROLL_FACTOR : integer := ${unroll}
  );
  port (clock : in std_logic; x : in std_logic_vector(7 downto 0); y : out std_logic_vector(11 downto 0));
end;
architecture rtl of lanes is
  type sum_array_t is array (0 to UNROLL_FACTOR-1) of signed(2 * 6 - 1 downto 0);
  signal sums : sum_array_t := (others => (others => '0'));
begin
  process (clock)
  begin
    if rising_edge(clock) then
      for i in 0 to UNROLL_FACTOR-1 loop
        sums(i) <= sums(i) + resize(signed(x), sums(i)'length);
      end loop;
    end if;
  end process;
  y <= std_logic_vector(sums(0));
end;
`;

describe('VHDL of elasticai.creator for ghdl --synth', () => {
  test('an element of an array is as long as its type says', () => {
    expect(forGhdl(lanes(2))).toContain('resize(signed(x), ((2 * 6 - 1) + 1))');
  });

  test('lengths of other things stay', () => {
    const text = "b := a'length + other(i)'length;";
    expect(forGhdl(text)).toBe(text);
  });

  test('with one lane, the lane stored is lane 0; with more it is the one counted', () => {
    const store = 'ram_data <= y_store_data(store_count);\n';
    expect(forGhdl(lanes(1) + store)).toContain('y_store_data(0);');
    expect(forGhdl(lanes(2) + store)).toContain('y_store_data(store_count);');
    expect(forGhdl(lanes(16) + store)).toContain('y_store_data(store_count);');
  });
});

const hasGhdl = spawnSync('ghdl', ['--version']).status === 0;

describe.skipIf(!hasGhdl)('GHDL, skipped where it is not on PATH', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halfgate-ghdl-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([1, 2])('what was changed is still VHDL, with %i lanes', (unroll) => {
    writeFileSync(join(folder, 'lanes.vhd'), forGhdl(lanes(unroll)));
    const ghdl = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync('ghdl', args, { cwd: folder, timeout: 60_000, encoding: 'utf8' });
    expect(ghdl('-a', 'lanes.vhd').status).toBe(0);
    const { status, stdout } = ghdl('--synth', '--out=verilog', 'lanes');
    expect(status).toBe(0);
    expect(stdout).toMatch(/module lanes/);
  });
});
