/** Pins and clock of a board in the languages of the tools. */
import { boardPins, type Board } from './board.js';

export interface Constraints {
  readonly file: string;
  readonly text: string;
}

/** nextpnr-ice40; pull-ups alone are known. */
function pcf(board: Board): string {
  const lines = boardPins(board).map(({ port, pin, pull }) => {
    const flag = pull === 'up' ? '-pullup yes ' : '';
    return `set_io ${flag}${port} ${pin}`;
  });
  return [...lines, `set_frequency clk_i ${board.clock.mhz}`].join('\n');
}

/** nextpnr-ecp5. */
function lpf(board: Board): string {
  const pulls = { up: 'UP', down: 'DOWN', none: 'NONE' };
  const lines = boardPins(board).flatMap(({ port, pin, pull }) => [
    `LOCATE COMP "${port}" SITE "${pin}";`,
    `IOBUF PORT "${port}" PULLMODE=${pulls[pull ?? 'none']} IO_TYPE=${board.ioStandard};`,
  ]);
  return [...lines, `FREQUENCY PORT "clk_i" ${board.clock.mhz} MHZ;`].join('\n');
}

/** Vivado. Buttons and UART follow no clock: they are synchronized, or slow. */
function xdc(board: Board): string {
  const pulls = { up: ' PULLUP TRUE', down: ' PULLDOWN TRUE', none: '' };
  const pins = boardPins(board);
  const ports = (direction: 'input' | 'output'): string =>
    pins
      .filter((pin) => pin.direction === direction && pin.port !== 'clk_i')
      .map(({ port }) => port)
      .join(' ');
  return [
    ...pins.map(
      ({ port, pin, pull }) =>
        `set_property -dict {PACKAGE_PIN ${pin} IOSTANDARD ${board.ioStandard}${pulls[pull ?? 'none']}} [get_ports ${port}]`,
    ),
    `create_clock -name clk_i -period ${(1000 / board.clock.mhz).toFixed(3)} [get_ports clk_i]`,
    `set_false_path -from [get_ports {${ports('input')}}]`,
    `set_false_path -to [get_ports {${ports('output')}}]`,
    'set_property CFGBVS VCCO [current_design]',
    'set_property CONFIG_VOLTAGE 3.3 [current_design]',
  ].join('\n');
}

/** The constraints file of a board's top module. */
export function constraints(board: Board): Constraints {
  const [suffix, text] =
    board.family === 'ecp5'
      ? ['lpf', lpf(board)]
      : board.family === 'xc7'
        ? ['xdc', xdc(board)]
        : ['pcf', pcf(board)];
  return { file: `${board.name}.${suffix}`, text: `# ${board.source}\n${text}\n` };
}
