/** The whole top of a board in the RTL simulator: a host at its UART pins, bytes compared with the golden model. */
import { compileRtl, type RtlSimulator } from '../eda/rtl-sim.js';
import type { BoardNetlist } from './emit-board.js';
import type { Exchange } from './exchange.js';
import { hexBytes, identityMessage, MESSAGE } from './protocol.js';

/** A bit lasts so many clocks in simulation: what the design does takes the time, not the UART. */
const SIMULATED_CLOCKS_PER_BIT = 8;
/** Clocks without a byte after which the board counts as silent; the reset takes 1024. */
const PATIENCE = 200_000;

/** Clock generators and buffers as wires: the simulator knows one clock. */
const STAND_INS: Readonly<Record<string, string>> = {
  SB_PLL40_PAD: `module SB_PLL40_PAD #(parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0)
    (input PACKAGEPIN, output PLLOUTGLOBAL, output LOCK, input RESETB, input BYPASS);
    assign PLLOUTGLOBAL = PACKAGEPIN; assign LOCK = 1'b1; endmodule`,
  SB_PLL40_CORE: `module SB_PLL40_CORE #(parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0)
    (input REFERENCECLK, output PLLOUTGLOBAL, output LOCK, input RESETB, input BYPASS);
    assign PLLOUTGLOBAL = REFERENCECLK; assign LOCK = 1'b1; endmodule`,
  EHXPLLL: `module EHXPLLL #(parameter PLLRST_ENA = "", INTFB_WAKE = "", STDBY_ENABLE = "", DPHASE_SOURCE = "",
    CLKOP_ENABLE = "", CLKI_DIV = 0, CLKFB_DIV = 0, CLKOP_DIV = 0, CLKOP_CPHASE = 0, CLKOP_FPHASE = 0, FEEDBK_PATH = "")
    (input CLKI, input CLKFB, input RST, input STDBY, input PHASESEL0, input PHASESEL1, input PHASEDIR,
     input PHASESTEP, input PHASELOADREG, input PLLWAKESYNC, input ENCLKOP, output CLKOP, output LOCK);
    assign CLKOP = CLKI; assign LOCK = 1'b1; endmodule`,
  PLLE2_BASE: `module PLLE2_BASE #(parameter CLKIN1_PERIOD = 0, CLKFBOUT_MULT = 0, CLKOUT0_DIVIDE = 0)
    (input CLKIN1, input CLKFBIN, input RST, input PWRDWN, output CLKOUT0, output CLKFBOUT, output LOCKED);
    assign CLKOUT0 = CLKIN1; assign CLKFBOUT = CLKIN1; assign LOCKED = 1'b1; endmodule`,
  BUFG: 'module BUFG (input I, output O); assign O = I; endmodule',
};

/** The files of a top with wires for its clock generator. */
function simulated({ files, top }: BoardNetlist): Record<string, string> {
  const used = Object.entries(STAND_INS).filter(([name]) =>
    new RegExp(`^ +${name} `, 'm').test(files[`${top}.v`]),
  );
  return {
    ...files,
    ...Object.fromEntries(used.map(([name, text]) => [`${name}.v`, text])),
  };
}

/** A host at the UART pins of a board's top: sends and receives bytes, a clock at a time. */
export class UartHost {
  readonly #rtl: RtlSimulator;
  readonly #clocks: number;
  readonly #received: number[] = [];
  /** Clocks until the next sample of the byte that comes in, and its bits so far; absent between bytes. */
  #incoming: { wait: number; bits: number[] } | undefined;
  #line = 1;
  cycles = 0;

  constructor(rtl: RtlSimulator, clocksPerBit: number) {
    this.#rtl = rtl;
    this.#clocks = clocksPerBit;
    rtl.set('uart_rx_i', 1);
  }

  tick(): void {
    this.#rtl.eval();
    const line = this.#rtl.getNumber('uart_tx_o');
    const incoming = this.#incoming;
    if (incoming === undefined) {
      if (line === 0 && this.#line === 1) {
        this.#incoming = { wait: this.#clocks + (this.#clocks >> 1), bits: [] };
      }
    } else if (--incoming.wait === 0) {
      incoming.wait = this.#clocks;
      if (incoming.bits.length < 8) incoming.bits.push(line);
      else {
        if (line !== 1) throw new Error('UartHost: the board sent a byte without a stop bit');
        this.#received.push(incoming.bits.reduce((byte, bit, n) => byte | (bit << n), 0));
        this.#incoming = undefined;
      }
    }
    this.#line = line;
    this.#rtl.tick();
    this.cycles++;
  }

  send(bytes: readonly number[]): void {
    for (const byte of bytes) {
      for (const bit of [0, ...Array.from({ length: 8 }, (_, n) => (byte >> n) & 1), 1]) {
        this.#rtl.set('uart_rx_i', bit);
        for (let n = 0; n < this.#clocks; n++) this.tick();
      }
    }
  }

  /** The next byte, or undefined where none comes within `patience` clocks. */
  receive(patience = PATIENCE): number | undefined {
    for (let n = 0; n < patience && this.#received.length === 0; n++) this.tick();
    return this.#received.shift();
  }
}

export interface BoardSimulation {
  /** Clocks from configuration to the last byte. */
  readonly cycles: number;
  readonly steps: number;
  readonly results: number;
  /** Messages that are not what the golden model says; empty: the top works. */
  readonly problems: readonly string[];
}

/** The simulated top, out of reset, and a host at its pins. */
export async function startBoard(
  netlist: BoardNetlist,
): Promise<{ rtl: RtlSimulator; host: UartHost }> {
  const { board, top } = netlist;
  const rtl = await compileRtl(simulated(netlist), top, {
    clock: 'clk_i',
    parameters: { CLOCKS_PER_BIT: SIMULATED_CLOCKS_PER_BIT },
  });
  const host = new UartHost(rtl, SIMULATED_CLOCKS_PER_BIT);
  if (board.reset) rtl.set('reset_button_i', board.reset.active === 'low' ? 1 : 0);
  // Power-on reset.
  for (let n = 0; n < 1100; n++) host.tick();
  return { rtl, host };
}

/** Ask for the identity, then send every step as a host does, and compare every byte that comes back. */
export async function simulateBoard(
  netlist: BoardNetlist,
  { steps, results }: Exchange,
  signal?: AbortSignal,
): Promise<BoardSimulation> {
  const { host } = await startBoard(netlist);
  const problems: string[] = [];
  const read = (count: number): number[] => {
    const bytes: number[] = [];
    while (bytes.length < count) {
      const byte = host.receive();
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return bytes;
  };
  const expectBytes = (what: string, bytes: readonly number[], want: readonly number[]): void => {
    if (hexBytes(bytes) === hexBytes(want)) return;
    problems.push(`${what}: ${hexBytes(bytes) || 'nothing'}, expected ${hexBytes(want)}`);
  };
  host.send([MESSAGE.hello]);
  const identity = identityMessage(netlist.designId);
  expectBytes('identity', read(identity.length), identity);

  let result = 0;
  /** Reads a message; true for `ready`. */
  const message = (): boolean => {
    const first = host.receive();
    if (first === MESSAGE.ready) return true;
    const want = results[result];
    if (want === undefined) {
      problems.push(`result ${result}: a byte ${first} that no step asks for`);
    } else {
      const bytes = first === undefined ? [] : [first, ...read(want.length - 1)];
      expectBytes(`result ${result}`, bytes, want);
    }
    result++;
    return false;
  };
  const mayGoOn = (): boolean => problems.length === 0;
  for (const step of steps) {
    signal?.throwIfAborted();
    host.send(step);
    while (mayGoOn() && !message());
    if (!mayGoOn()) break;
  }
  while (mayGoOn() && result < results.length) message();
  const { cycles } = host;
  if (mayGoOn() && host.receive(2000) !== undefined) problems.push('a byte after the last result');
  return { cycles, steps: steps.length, results: result, problems };
}
