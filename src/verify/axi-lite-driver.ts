/** An AXI4-Lite master in front of an emitted design: loads it through its registers, as a processor would. */
import { fieldMask, registerOf, type RegisterMap } from '../control/map.js';
import type { Design } from '../design/design.js';
import type { RtlSimulator } from '../eda/rtl-sim.js';
import { designMap } from '../emit/emit.js';
import { imageWrites, loadImage } from '../emit/image.js';
import { Random } from '../model/random.js';

/** What AXI4-Lite answers. */
export const OKAY = 0;
export const SLVERR = 2;

/** Cycles after which a slave that has not answered never will. */
const PATIENCE = 256;

type Signals = Pick<RtlSimulator, 'set' | 'getNumber' | 'eval' | 'tick'>;

export class AxiLiteMaster {
  readonly #random: Random | undefined;

  /** @param stallSeed valid and ready come at random; else at once. */
  constructor(
    readonly rtl: Signals,
    readonly map: RegisterMap,
    stallSeed?: number,
  ) {
    this.#random = stallSeed === undefined ? undefined : new Random(stallSeed);
    for (const name of ['awprot', 'arprot', 'awvalid', 'wvalid', 'arvalid']) {
      rtl.set(`s_axil_${name}`, 0);
    }
    rtl.set('s_axil_bready', 1);
    rtl.set('s_axil_rready', 1);
  }

  #waits(): boolean {
    return this.#random !== undefined && this.#random.integer(3) > 0;
  }

  /**
   * Do one write, until its response has been taken.
   *
   * @returns the response
   * @throws {Error} where the slave does not answer, or breaks the protocol
   */
  write(offset: number, data: number, strobe = 15): number {
    const { rtl } = this;
    let hasAddress = false;
    let hasData = false;
    let offersAddress = false;
    let offersData = false;
    for (let cycle = 0; cycle < PATIENCE; cycle++) {
      offersAddress ||= !hasAddress && !this.#waits();
      offersData ||= !hasData && !this.#waits();
      const takes = !this.#waits();
      rtl.set('s_axil_awvalid', offersAddress ? 1 : 0);
      rtl.set('s_axil_wvalid', offersData ? 1 : 0);
      rtl.set('s_axil_bready', takes ? 1 : 0);
      if (offersAddress) rtl.set('s_axil_awaddr', offset);
      if (offersData) {
        rtl.set('s_axil_wdata', data);
        rtl.set('s_axil_wstrb', strobe);
      }
      rtl.eval();
      const answers = rtl.getNumber('s_axil_bvalid') === 1;
      const response = rtl.getNumber('s_axil_bresp');
      if (answers && !(hasAddress && hasData)) throw new Error('a response before its write');
      if (offersAddress && rtl.getNumber('s_axil_awready') === 1) {
        hasAddress = true;
        offersAddress = false;
      }
      if (offersData && rtl.getNumber('s_axil_wready') === 1) {
        hasData = true;
        offersData = false;
      }
      rtl.tick();
      if (answers && takes) {
        rtl.set('s_axil_bready', 1);
        return response;
      }
    }
    throw new Error(`a write to ${offset} is not answered`);
  }

  /** @throws {Error} where the slave does not answer */
  read(offset: number): { readonly data: number; readonly response: number } {
    const { rtl } = this;
    let hasAddress = false;
    let offers = false;
    for (let cycle = 0; cycle < PATIENCE; cycle++) {
      offers ||= !hasAddress && !this.#waits();
      const takes = !this.#waits();
      rtl.set('s_axil_arvalid', offers ? 1 : 0);
      rtl.set('s_axil_rready', takes ? 1 : 0);
      if (offers) rtl.set('s_axil_araddr', offset);
      rtl.eval();
      const answers = rtl.getNumber('s_axil_rvalid') === 1;
      const value = {
        data: rtl.getNumber('s_axil_rdata') >>> 0,
        response: rtl.getNumber('s_axil_rresp'),
      };
      if (answers && !hasAddress) throw new Error('data before their address');
      if (offers && rtl.getNumber('s_axil_arready') === 1) {
        hasAddress = true;
        offers = false;
      }
      rtl.tick();
      if (answers && takes) {
        rtl.set('s_axil_rready', 1);
        return value;
      }
    }
    throw new Error(`a read of ${offset} is not answered`);
  }

  /** The value of a register. */
  register(name: string): number {
    return this.read(registerOf(this.map, name).offset).data;
  }

  set(register: string, value: number): number {
    return this.write(registerOf(this.map, register).offset, value);
  }

  /** Stop taking input and wait until what is under way is done: windows can be written from then on. */
  halt(): void {
    this.set('CONTROL', 0);
    const halted = fieldMask(this.map, 'STATUS', 'halted');
    for (let n = 0; n < PATIENCE; n++) if (this.register('STATUS') & halted) return;
    throw new Error('the core does not halt');
  }

  /**
   * Reset the core and let it run, address and data at once: after this the core is in its first cycle after reset,
   * and the response is still to come.
   */
  start(): void {
    const { rtl, map } = this;
    rtl.set('s_axil_awvalid', 1);
    rtl.set('s_axil_awaddr', registerOf(map, 'CONTROL').offset);
    rtl.set('s_axil_wvalid', 1);
    rtl.set('s_axil_wstrb', 15);
    rtl.set('s_axil_wdata', fieldMask(map, 'CONTROL', 'run') + fieldMask(map, 'CONTROL', 'reset'));
    rtl.set('s_axil_bready', 1);
    // Taken, in effect, in reset.
    rtl.tick();
    rtl.set('s_axil_awvalid', 0);
    rtl.set('s_axil_wvalid', 0);
    rtl.tick(2);
  }
}

/**
 * Load the design's weights and start it, so that the next cycle is its first after reset; nothing to do where it
 * starts by itself.
 *
 * @throws {Error} where a window does not take what is written
 */
export function loadAndStart(rtl: Signals, design: Design, stallSeed?: number): void {
  if (design.weights !== 'ram') return;
  const master = new AxiLiteMaster(rtl, designMap(design), stallSeed);
  loadWeights(master, design);
  master.start();
}

/** Start a design again whose weights are loaded: a reset leaves them. */
export function startLoaded(rtl: Signals, design: Design): void {
  if (design.weights !== 'ram') return;
  const master = new AxiLiteMaster(rtl, designMap(design));
  master.halt();
  master.start();
}

/** @throws {Error} where a window does not take what is written */
export function loadWeights(master: AxiLiteMaster, design: Design): void {
  master.halt();
  for (const { offset, data } of imageWrites(loadImage(design))) {
    const response = master.write(offset, data);
    if (response !== OKAY) throw new Error(`load: the write to ${offset} is answered ${response}`);
  }
}
