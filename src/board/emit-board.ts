/** Design + Board -> the project of a board: the design, a top module with clock, reset and UART, constraints. */
import type { Design } from '../design/design.js';
import { UserError } from '../errors.js';
import { emit, fileHeader, type Netlist } from '../emit/emit.js';
import { msb } from '../emit/literal.js';
import { render, templateSource } from '../emit/render.js';
import { boardPins, type Board, type BoardPin } from './board.js';
import { clocksPerBit, coreClock, type CoreClock } from './clock.js';
import { constraints, type Constraints } from './constraints.js';
import { messageSizes } from './protocol.js';

/** Leaf modules of every board's top, dependencies first. */
const LEAVES = ['hg_board_reset', 'hg_board_uart_rx', 'hg_board_uart_tx', 'hg_board_bridge'];

export interface BoardOptions {
  /** Clock of the design in MHz; default the board's coreMhz. */
  readonly clockMhz?: number | undefined;
  /** Default the board's. */
  readonly baud?: number | undefined;
  /** Let products go to DSP blocks; default true. */
  readonly usesDsp?: boolean;
}

export interface BoardNetlist extends Netlist {
  readonly board: Board;
  /** Of the design and the UART. */
  readonly coreMhz: number;
  readonly baud: number;
  readonly usesDsp: boolean;
  /** Default of the top's parameter of that name. */
  readonly clocksPerBit: number;
  /** Net of the top that clocks everything. */
  readonly clockNet: string;
  readonly constraints: Constraints;
}

/** Module name of a design's top on a board. */
export function boardModule(design: Pick<Design, 'name'>, { name }: Pick<Board, 'name'>): string {
  return `${design.name}_on_${name.replaceAll('-', '_')}`;
}

const NOTES: Readonly<Record<string, string>> = {
  reset_button_i: 'a button',
  uart_rx_i: 'from the host',
  uart_tx_o: 'to the host',
  led_ready_o: 'lit: there is room for a step',
  led_error_o: 'lit: the host broke the protocol',
};

function portView(pins: readonly BoardPin[], { clock, hold }: Board): object[] {
  const noteOf = (port: string): string => {
    if (port === 'clk_i') return `${clock.mhz} MHz`;
    return NOTES[port] ?? hold.find(({ name }) => `${name}_o` === port)!.why;
  };
  const width = Math.max(...pins.map(({ port }) => port.length)) + 1;
  return pins.map(({ port, direction }, n) => {
    const comma = n < pins.length - 1 ? ',' : '';
    return {
      port,
      direction: direction.padEnd(6),
      comma,
      note: `${' '.repeat(width - port.length - comma.length)} // ${noteOf(port)}`,
    };
  });
}

/** Ports of the clock generators. */
const PLL_PORTS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  SB_PLL40_PAD: [
    ['PACKAGEPIN', 'clk_i'],
    ['PLLOUTGLOBAL', 'clk'],
    ['LOCK', 'locked'],
    ['RESETB', "1'b1"],
    ['BYPASS', "1'b0"],
  ],
  SB_PLL40_CORE: [
    ['REFERENCECLK', 'clk_i'],
    ['PLLOUTGLOBAL', 'clk'],
    ['LOCK', 'locked'],
    ['RESETB', "1'b1"],
    ['BYPASS', "1'b0"],
  ],
  EHXPLLL: [
    ['CLKI', 'clk_i'],
    ['CLKOP', 'clk'],
    ['CLKFB', 'clk'],
    ['LOCK', 'locked'],
    ['RST', "1'b0"],
    ['STDBY', "1'b0"],
    ['PHASESEL0', "1'b0"],
    ['PHASESEL1', "1'b0"],
    ['PHASEDIR', "1'b1"],
    ['PHASESTEP', "1'b1"],
    ['PHASELOADREG', "1'b1"],
    ['PLLWAKESYNC', "1'b0"],
    ['ENCLKOP', "1'b0"],
  ],
  PLLE2_BASE: [
    ['CLKIN1', 'clk_i'],
    ['CLKOUT0', 'pll_out'],
    ['CLKFBOUT', 'feedback'],
    ['CLKFBIN', 'feedback'],
    ['LOCKED', 'locked'],
    ['RST', "1'b0"],
    ['PWRDWN', "1'b0"],
  ],
};

function pllView({ pll }: CoreClock): object {
  const listed = (entries: readonly (readonly [string, string])[]): object[] =>
    entries.map(([name, value], n) => ({
      name,
      value,
      comma: n < entries.length - 1 ? ',' : '',
    }));
  const hasBuffer = pll?.primitive === 'PLLE2_BASE';
  return {
    hasPll: pll !== undefined,
    hasBuffer,
    pll: pll?.primitive ?? '',
    pllWires: hasBuffer ? ['pll_out', 'feedback'] : [],
    pllParameters: listed(Object.entries(pll?.parameters ?? {})),
    pllPorts: listed(pll ? PLL_PORTS[pll.primitive] : []),
  };
}

/** `signal`, inverted for what is active low. */
function driven(signal: string, active: 'low' | 'high'): string {
  return active === 'low' ? `!${signal}` : signal;
}

function resetRequest({ reset }: Board, { pll }: CoreClock): string {
  const terms = [
    ...(reset ? [driven('reset_button_i', reset.active)] : []),
    ...(pll ? ['!locked'] : []),
  ];
  return terms.length > 0 ? terms.join(' || ') : "1'b0";
}

function assignments({ leds, hold }: Board): string[] {
  return [
    ...(leds.ready ? [`assign led_ready_o = ${driven('s_axis_tready', leds.ready.active)};`] : []),
    ...(leds.error
      ? [`assign led_error_o = ${driven('bridge_error', leds.error.active)};`]
      : ['wire unused_error = bridge_error;']),
    ...hold.map(({ name, level }) => `assign ${name}_o = 1'b${level};`),
  ];
}

/**
 * Generate the Verilog and constraints of a design on a board. Pure: the same design and board give the same
 * bytes.
 * @throws {UserError} for a clock or baud rate that the board cannot make, and for designs with registers, several
 * streams, or weights off chip
 */
export function emitBoard(design: Design, board: Board, options: BoardOptions = {}): BoardNetlist {
  if (design.control !== undefined || design.streams !== undefined) {
    throw new UserError({
      where: design.control === undefined ? '--streams' : '--control',
      given: String(design.streams ?? design.control),
      allowed: 'a board has a UART and no processor: designs with one stream and without registers',
      hint: 'plan it with --control none --weights rom --streams 1',
    });
  }
  if (design.weights === 'stream') {
    throw new UserError({
      where: '--weights',
      given: 'stream',
      allowed: 'a board has a UART and nothing that streams weights: designs that keep theirs',
      hint: 'plan it with --weights rom',
    });
  }
  const netlist = emit(design);
  const clock = coreClock(board, options.clockMhz);
  const baud = options.baud ?? board.uart.baud;
  const perBit = clocksPerBit(clock.mhz, baud);
  const sizes = messageSizes(design);
  const top = boardModule(design, board);
  const pins = boardPins(board);
  const files: Record<string, string> = { ...netlist.files };
  for (const leaf of LEAVES) files[`${leaf}.v`] = templateSource(`${leaf}.v`);
  files[`${top}.v`] = render('board_top.v.hbs', {
    header: fileHeader(design, 'board_top.v.hbs', netlist.designId),
    top: design.name,
    module: top,
    board: board.description,
    baud: String(baud),
    clocksPerBit: String(perBit),
    boardMhz: String(board.clock.mhz),
    coreMhz: String(clock.mhz),
    ports: portView(pins, board),
    ...pllView(clock),
    resetRequest: resetRequest(board, clock),
    inputMsb: msb(8 * sizes.beatBytes),
    outputMsb: msb(8 * sizes.resultBytes),
    beatBytes: String(sizes.beatBytes),
    beats: String(sizes.beats),
    resultBytes: String(sizes.resultBytes),
    id: netlist.designId,
    assigns: assignments(board),
  });
  return {
    top,
    designId: netlist.designId,
    files,
    sources: [...netlist.sources, ...LEAVES.map((leaf) => `${leaf}.v`), `${top}.v`],
    board,
    coreMhz: clock.mhz,
    baud,
    usesDsp: options.usesDsp ?? true,
    clocksPerBit: perBit,
    clockNet: clock.pll === undefined ? 'clk_i' : 'clk',
    constraints: constraints(board),
  };
}
