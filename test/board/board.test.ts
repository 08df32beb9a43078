import { describe, expect, test } from 'vitest';
import { BoardError, boardNames, boardPins, checkBoard, loadBoard } from '../../src/board/board.js';
import { clocksPerBit, coreClock } from '../../src/board/clock.js';
import { constraints } from '../../src/board/constraints.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();
type Json = Record<string, unknown>;

/** A board's data with the value at a path like `uart.rx.pin` changed; undefined deletes. */
function changed(at: string, value: unknown, name = 'icebreaker'): Json {
  const json = structuredClone(loadBoard(name)) as unknown as Json;
  const keys = at.split('.');
  const last = keys.pop()!;
  const object = keys.reduce((inner, key) => inner[key] as Json, json);
  if (value === undefined) delete object[last];
  else object[last] = value;
  return json;
}

function problems(json: unknown): string[] {
  try {
    checkBoard(json, 'b.json');
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    return error.message.split('\n').slice(1);
  }
  return [];
}

describe('board descriptions', () => {
  test('are three, each valid and named as its file', () => {
    expect(boardNames()).toEqual(['arty-a7', 'icebreaker', 'ulx3s']);
    for (const name of boardNames()) expect(loadBoard(name).name).toBe(name);
  });

  test.each([
    ['uart.rx.pin', undefined, '  b.json: uart.rx.pin: missing, must be a pin'],
    ['colour', 'red', '  b.json: top level: unknown key "colour"'],
    ['clock.speed', 3, '  b.json: clock: unknown key "speed"'],
    ['clock.mhz', 0, '  b.json: clock.mhz: 0, '],
    ['family', 'max10', '  b.json: family: "max10", '],
    ['device', 'hx8k', '  b.json: device: "hx8k", for ice40-up5k must be one of up5k'],
    [
      'clock.pll',
      'EHXPLLL',
      '  b.json: clock.pll: "EHXPLLL", for ice40-up5k must be null or SB_PLL40_PAD',
    ],
    ['ioStandard', 'LVCMOS33', '  b.json: ioStandard: "LVCMOS33", must be null for ice40-up5k'],
    ['uart.tx.pin', '35', '  b.json: uart.tx.pin: "35", is the pin of clock.pin already'],
    ['reset.pull', 'down', '  b.json: reset.pull: "down", ice40-up5k has pull-ups alone'],
    ['program', 'iceprog', '  b.json: program: "iceprog", must contain {bitstream}'],
    ['source', '?', '  b.json: source: "?", must name where'],
  ])('with %s %j are refused, the place named', (at, value, message) => {
    const found = problems(changed(at, value));
    expect(found).toHaveLength(1);
    expect(found[0].startsWith(message), found[0]).toBe(true);
  });

  test('with several problems name them all', () => {
    const json = changed('uart.rx.pin', undefined);
    json['version'] = 2;
    expect(problems(json)).toHaveLength(2);
  });

  test('without a PLL have one clock', () => {
    const json = changed('clock', { ...loadBoard('icebreaker').clock, pll: null, coreMhz: 24 });
    expect(problems(json)[0]).toMatch(/clock.coreMhz: 24, must be 12/);
  });

  test("a board of the user's own is read from its path", () => {
    const mine = changed('name', 'mine');
    const path = folder.write('mine.json', JSON.stringify(mine));
    expect(loadBoard(path).name).toBe('mine');
    expect(() => loadBoard(folder.write('bad.json', '{'))).toThrow(/bad\.json: .*must be JSON/);
    expect(() => loadBoard(`${folder.path}/none.json`)).toThrow(/none\.json: no such file/);
    expect(() => loadBoard('nexys')).toThrow(
      /^--board: "nexys", must be one of arty-a7, icebreaker, ulx3s, or the path of a \.json/,
    );
  });

  test('constrain every pin of the top once', () => {
    for (const name of boardNames()) {
      const board = loadBoard(name);
      const { text } = constraints(board);
      for (const { port, pin } of boardPins(board)) {
        const line = {
          'ice40-up5k': new RegExp(`^set_io (-pullup yes )?${port} ${pin}$`, 'gm'),
          'ice40-hx8k': /never/g,
          ecp5: new RegExp(`^LOCATE COMP "${port}" SITE "${pin}";$`, 'gm'),
          xc7: new RegExp(`PACKAGE_PIN ${pin} .*\\[get_ports ${port}\\]$`, 'gm'),
        }[board.family];
        expect(text.match(line), `${name} ${port}`).toHaveLength(1);
      }
    }
  });
});

/** What the parameters of a generator make of the oscillator. */
const MADE: Readonly<Record<string, (mhz: number, p: Readonly<Record<string, number>>) => number>> =
  {
    SB_PLL40_PAD: (mhz, { DIVR, DIVF, DIVQ }) => (mhz / (DIVR + 1)) * ((DIVF + 1) / 2 ** DIVQ),
    EHXPLLL: (mhz, { CLKI_DIV, CLKFB_DIV }) => (mhz / CLKI_DIV) * CLKFB_DIV,
    PLLE2_BASE: (mhz, { CLKFBOUT_MULT, CLKOUT0_DIVIDE }) => (mhz * CLKFBOUT_MULT) / CLKOUT0_DIVIDE,
  };

describe('clocks', () => {
  test.each([
    ['icebreaker', 24],
    ['icebreaker', 30],
    ['icebreaker', 60],
    ['icebreaker', 19.7],
    ['ulx3s', 40],
    ['ulx3s', 66],
    ['arty-a7', 50],
    ['arty-a7', 83.3],
  ])('%s makes about %d MHz, and says what it makes', (name, mhz) => {
    const board = loadBoard(name);
    const clock = coreClock(board, mhz);
    const numbers = Object.fromEntries(
      Object.entries(clock.pll!.parameters).map(([key, text]) => [
        key,
        Number(text.replace(/^\d+'d/, '')),
      ]),
    );
    expect(clock.mhz).toBeCloseTo(MADE[clock.pll!.primitive](board.clock.mhz, numbers), 9);
    expect(Math.abs(clock.mhz / mhz - 1)).toBeLessThan(0.05);
  });

  test('the setting for 24 MHz of 12 is that of icepll', () => {
    // icepll -i 12 -o 24: DIVR 0, DIVF 63, DIVQ 5, FILTER_RANGE 1.
    expect(coreClock(loadBoard('icebreaker'), 24).pll!.parameters).toMatchObject({
      ...{ DIVR: "4'd0", DIVF: "7'd63", DIVQ: "3'd5", FILTER_RANGE: "3'd1" },
    });
  });

  test('a clock that cannot be made is refused', () => {
    expect(() => coreClock(loadBoard('icebreaker'), 5)).toThrow(
      '--clock: 5 MHz on icebreaker, SB_PLL40_PAD cannot make it of 12 MHz; the nearest is',
    );
    const fixed = checkBoard(changed('clock.pll', null), 'b.json');
    expect(() => coreClock(fixed, 24)).toThrow('the board has a clock of 12 MHz and nothing that');
  });

  test('a bit lasts a whole number of clocks, near enough', () => {
    expect(clocksPerBit(12, 115200)).toBe(104);
    expect(() => clocksPerBit(12, 3_000_000)).toThrow(/a bit must last 8 clocks or more/);
    expect(() => clocksPerBit(12, 1_250_000)).toThrow(/is off by 4\.0 %, at most 2 % works/);
  });
});
