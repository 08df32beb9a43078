import type { Circuit, Memory, Word } from './circuit.js';
import { buildCircuit, isConstantBit, slotBytes } from './circuit.js';
import type { SourceFiles } from './files.js';
import { compileCircuit } from './netlist-to-wasm.js';
import type { Bits, Netlist } from './netlist.js';
import { parameterBit, parseNetlist } from './netlist.js';
import { scheduleCircuit } from './schedule.js';
import { sliceBits } from './slices.js';
import { entryBytes } from './value-code.js';
import { readVerilogCommands, runYosysScript } from './yosys.js';

export type { SourceFiles } from './files.js';

export interface CompileOptions {
  /** Input port that clocks everything, rising edge; default `clk_i`. */
  readonly clock?: string;
  /** Parameters of the top module. */
  readonly parameters?: Readonly<Record<string, number | bigint>>;
  /** Text macros, as `-DNAME=VALUE`. */
  readonly defines?: Readonly<Record<string, string>>;
  /** Hierarchical names of nets to keep for `get` even when nothing depends on them. */
  readonly probes?: readonly string[];
  /**
   * Fill initial values that the source leaves undefined, of registers and memories, from this seed
   * instead of with 0: what depends on a missing reset then shows.
   */
  readonly randomizeState?: number;
}

export interface SimulatorPort {
  readonly name: string;
  readonly direction: 'input' | 'output';
  readonly width: number;
}

/** A net by its hierarchical name, such as `u_core.state_q`. */
export interface SimulatorSignal {
  readonly name: string;
  readonly width: number;
}

export interface SimulatorStatistics {
  /** Combinational cells evaluated per clock cycle. */
  readonly cells: number;
  readonly registers: number;
  readonly memories: number;
  readonly stateBytes: number;
  readonly wasmBytes: number;
}

/**
 * Two-state simulation of one clock domain: x and z count as 0, and so do initial values that the
 * source leaves undefined (but see `randomizeState`). Reads outside of a memory give 0.
 */
export interface RtlSimulator {
  readonly ports: readonly SimulatorPort[];
  readonly statistics: SimulatorStatistics;
  /** Every net that `get` reads, by name; without those removed as unused, memories and the clock's own. */
  signals(): SimulatorSignal[];
  /**
   * Drive an input port, two's complement: -2^(width-1) to 2^width - 1. Outputs follow at the next
   * `get`, `eval` or `tick`.
   *
   * @throws RangeError for another value, or when the port is not an input or is the clock.
   */
  set(port: string, value: bigint | number): void;
  /**
   * Unsigned value of a port, or of an internal net by hierarchical name (`u_core.state_q`), after
   * all logic has settled.
   *
   * @throws RangeError for an unknown name, or a net removed as unused (see `probes`).
   */
  get(signal: string): bigint;
  /** As `get`, for at most 32 bits, and faster. */
  getNumber(signal: string): number;
  /** Settle combinational logic after `set`. `get` and `tick` do so by themselves. */
  eval(): void;
  /** Make `n` (default 1) rising edges of the clock with inputs held, then settle. */
  tick(n?: number): void;
  /** One entry of a memory by hierarchical name (`u_core.mem`) and address, unsigned. */
  readMemory(memory: string, address: number): bigint;
  /** Change one entry of a memory, as through a back door: no clock passes. */
  writeMemory(memory: string, address: number, value: bigint | number): void;
  /** Back to the initial state, as after power-up; all inputs 0. */
  restart(): void;
}

/**
 * Compile a Verilog project to a simulator, with what npm installs and no compiler.
 *
 * Yosys elaborates it to a flat netlist of word-level cells (`proc; flatten; memory_collect`, no
 * technology mapping), which becomes one WebAssembly module. Not supported, each with an error that
 * names the place: a second clock, falling edges, latches, inout ports, arithmetic of more than 64
 * bits (wider moves, logic, shifts and compares are fine), combinational loops.
 *
 * @param files Verilog and what it reads by $readmemh, $readmemb or `include, by file name.
 * @throws EdaError when Yosys refuses the source or the netlist cannot be simulated.
 */
export async function compileRtl(
  files: SourceFiles,
  top: string,
  options: CompileOptions = {},
): Promise<RtlSimulator> {
  return compileNetlist(await elaborateRtl(files, top, options), options);
}

/** Compile a flat word-level netlist, as `compileRtl` does after Yosys. */
export async function compileNetlist(
  netlist: Netlist,
  options: Pick<CompileOptions, 'clock' | 'randomizeState'> = {},
): Promise<RtlSimulator> {
  const circuit = buildCircuit(netlist, options.clock ?? 'clk_i');
  scheduleCircuit(circuit);
  const { wasm, stateBytes } = compileCircuit(circuit);
  const exports = await instantiate<CircuitExports>(wasm);
  const statistics: SimulatorStatistics = {
    cells: circuit.comb.length,
    registers: circuit.registers.length,
    memories: circuit.memories.length,
    stateBytes,
    wasmBytes: wasm.length,
  };
  return new WasmSimulator(circuit, exports, statistics, options.randomizeState);
}

/** The flat word-level netlist of a project, of which `compileNetlist` makes a simulator. */
export async function elaborateRtl(
  files: SourceFiles,
  top: string,
  options: CompileOptions = {},
): Promise<Netlist> {
  const parameters = Object.entries(options.parameters ?? {})
    .map(([name, value]) => ` -chparam ${name} ${value}`)
    .join('');
  // In Yosys' patterns brackets have a meaning of their own; ? stands for any character.
  const probes = (options.probes ?? [])
    .map((name) => `setattr -set keep 1 w:${name.replace(/[[\]*]/g, '?')}; `)
    .join('');
  const script =
    `${readVerilogCommands(files, options.defines)}; ` +
    `hierarchy -check -top ${top}${parameters}; proc; flatten -noscopeinfo; ${probes}` +
    'opt_expr -keepdc; opt_merge; opt_clean; memory_collect; opt_clean; ' +
    `rename -top ${top}; write_json netlist.json`;
  const run = await runYosysScript(script, files, 'elaborate');
  const json = run.files['netlist.json'];
  return parseNetlist(typeof json === 'string' ? json : decode(json as Uint8Array), top);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The little of the WebAssembly API used here; the project's types include neither DOM nor it. */
interface WebAssemblyApi {
  instantiate(module: Uint8Array): Promise<{ instance: { exports: unknown } }>;
}

async function instantiate<Exports>(module: Uint8Array): Promise<Exports> {
  const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  return (await api.instantiate(module)).instance.exports as Exports;
}

interface CircuitExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  tick(n: number): void;
  settleState(): void;
  settleInputs(): void;
}

/** How to read one signal. */
interface Reader {
  readonly width: number;
  readonly dependsOnInput: boolean;
  read(): bigint;
  readNumber(): number;
}

class WasmSimulator implements RtlSimulator {
  readonly ports: readonly SimulatorPort[];
  readonly statistics: SimulatorStatistics;
  readonly #circuit: Circuit;
  readonly #exports: CircuitExports;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #initial: Uint8Array;
  readonly #inputs: Map<string, Word>;
  readonly #outputs: Set<string>;
  readonly #memories: Map<string, Memory>;
  readonly #readers = new Map<string, Reader>();
  /** False when words that follow input ports are out of date. */
  #isSettled = false;

  constructor(
    circuit: Circuit,
    exports: CircuitExports,
    statistics: SimulatorStatistics,
    seed: number | undefined,
  ) {
    const { ports } = circuit.netlist;
    this.ports = ports.map(({ name, direction, bits }) => ({
      name,
      direction,
      width: bits.length,
    }));
    this.statistics = statistics;
    this.#circuit = circuit;
    this.#exports = exports;
    this.#view = new DataView(exports.memory.buffer);
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#inputs = new Map(
      circuit.inputs
        .filter(({ bits }) => bits[0] !== circuit.clock)
        .map((word) => [word.name, word]),
    );
    this.#outputs = new Set(ports.map(({ name }) => name));
    this.#memories = new Map(circuit.memories.map((memory) => [memory.name, memory]));
    this.#initial = initialState(circuit, statistics.stateBytes, seed);
    this.restart();
  }

  signals(): SimulatorSignal[] {
    const { netlist, places, clock } = this.#circuit;
    return [...netlist.nets]
      .filter(([, bits]) =>
        bits.every((bit) => isConstantBit(bit) || (bit !== clock && places.has(bit))),
      )
      .map(([name, bits]) => ({ name, width: bits.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  restart(): void {
    this.#bytes.set(this.#initial);
    this.#exports.settleState();
    this.#isSettled = false;
  }

  set(port: string, value: bigint | number): void {
    const word = this.#inputs.get(port);
    if (word === undefined) throw this.#notAnInput(port);
    const { width, address } = word;
    this.#isSettled = false;
    if (width <= 32 && typeof value === 'number') {
      if (!Number.isInteger(value) || value >= 2 ** width || value < -(2 ** (width - 1))) {
        throw outOfRange(port, value, width);
      }
      this.#view.setUint32(address, width === 32 ? value : value & (2 ** width - 1), true);
      return;
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw outOfRange(port, value, width);
    }
    const wide = BigInt(value);
    const size = BigInt(width);
    if (wide >= 1n << size || wide < -(1n << (size - 1n))) throw outOfRange(port, value, width);
    this.#write(address, slotBytes(width), BigInt.asUintN(width, wide));
  }

  get(signal: string): bigint {
    const reader = this.#reader(signal);
    if (!this.#isSettled && reader.dependsOnInput) this.eval();
    return reader.read();
  }

  getNumber(signal: string): number {
    const reader = this.#reader(signal);
    if (!this.#isSettled && reader.dependsOnInput) this.eval();
    return reader.readNumber();
  }

  eval(): void {
    if (this.#isSettled) return;
    this.#exports.settleInputs();
    this.#isSettled = true;
  }

  tick(n = 1): void {
    if (!Number.isInteger(n) || n < 0 || n > 0x7fffffff) {
      throw new RangeError(`tick(${n}): give a whole number of edges`);
    }
    if (n === 0) return;
    this.eval();
    this.#exports.tick(n);
    this.#isSettled = false;
  }

  readMemory(name: string, address: number): bigint {
    const { memory, base } = this.#entry(name, address);
    return this.#read(base, entryBytes(memory.width));
  }

  writeMemory(name: string, address: number, value: bigint | number): void {
    const { memory, base } = this.#entry(name, address);
    this.#write(base, entryBytes(memory.width), BigInt.asUintN(memory.width, BigInt(value)));
    this.#exports.settleState();
    this.#isSettled = false;
  }

  #entry(name: string, address: number): { memory: Memory; base: number } {
    const memory = this.#memories.get(name);
    if (memory === undefined) {
      throw new RangeError(
        `no memory '${name}'; there are: ${[...this.#memories.keys()].join(', ')}`,
      );
    }
    const index = address - memory.offset;
    if (!Number.isInteger(index) || index < 0 || index >= memory.size) {
      const last = memory.offset + memory.size - 1;
      throw new RangeError(`address ${address} of '${name}' is not in ${memory.offset}..${last}`);
    }
    return { memory, base: memory.address + index * entryBytes(memory.width) };
  }

  #reader(signal: string): Reader {
    let reader = this.#readers.get(signal);
    if (reader === undefined) {
      const port = this.#circuit.netlist.ports.find(({ name }) => name === signal);
      const bits = port?.bits ?? this.#circuit.netlist.nets.get(signal);
      if (bits === undefined) {
        throw new RangeError(
          `no signal '${signal}': it does not exist, or nothing depends on it and it was removed; ` +
            "name it in 'probes' to keep it",
        );
      }
      reader = this.#makeReader(signal, bits, port !== undefined);
      this.#readers.set(signal, reader);
    }
    return reader;
  }

  #makeReader(signal: string, bits: Bits, isPort: boolean): Reader {
    const { places, clock } = this.#circuit;
    if (!isPort && bits.some((bit) => !isConstantBit(bit) && !places.has(bit))) {
      throw new RangeError(
        `signal '${signal}' has no driver; if nothing depends on it, name it in 'probes' to keep it`,
      );
    }
    const slices = sliceBits(bits, places);
    const dependsOnInput = bits.some(
      (bit) => bit !== clock && places.get(bit)?.word.dependsOnInput,
    );
    const width = bits.length;
    const read = (): bigint => {
      let value = 0n;
      for (const slice of slices) {
        const position = BigInt(slice.position);
        if (slice.kind === 'constant') value |= slice.value << position;
        else {
          const word = this.#read(slice.word.address, slotBytes(slice.word.width));
          const part = BigInt.asUintN(slice.width, word >> BigInt(slice.offset));
          const isFilled = slice.extendedWidth > slice.width;
          const filled = isFilled
            ? BigInt.asUintN(slice.extendedWidth, BigInt.asIntN(slice.width, part))
            : part;
          value |= filled << position;
        }
      }
      return value;
    };
    let readNumber = (): number => Number(read());
    const only = slices.length === 1 ? slices[0] : undefined;
    if (width > 32) {
      readNumber = () => {
        throw new RangeError(`'${signal}' has ${width} bits; getNumber reads at most 32, use get`);
      };
    } else if (
      only?.kind === 'word' &&
      only.extendedWidth === only.width &&
      (only.offset % 32) + only.width <= 32
    ) {
      const address = only.word.address + 4 * Math.floor(only.offset / 32);
      const shift = only.offset % 32;
      const mask = 2 ** only.width - 1;
      readNumber = () => ((this.#view.getUint32(address, true) >>> shift) & mask) >>> 0;
    }
    return { width, dependsOnInput, read, readNumber };
  }

  #read(address: number, bytes: number): bigint {
    if (bytes === 1) return BigInt(this.#view.getUint8(address));
    if (bytes === 2) return BigInt(this.#view.getUint16(address, true));
    if (bytes === 4) return BigInt(this.#view.getUint32(address, true));
    let value = 0n;
    for (let byte = bytes - 8; byte >= 0; byte -= 8) {
      value = (value << 64n) | this.#view.getBigUint64(address + byte, true);
    }
    return value;
  }

  #write(address: number, bytes: number, value: bigint): void {
    writeLittleEndian(this.#bytes, address, bytes, value);
  }

  #notAnInput(port: string): RangeError {
    const inputs = [...this.#inputs.keys()].join(', ');
    const why = this.#circuit.netlist.ports.some(
      ({ name, bits }) => name === port && bits[0] === this.#circuit.clock,
    )
      ? 'is the clock, which tick drives'
      : this.#outputs.has(port)
        ? 'is an output'
        : 'does not exist';
    return new RangeError(`port '${port}' ${why}; inputs are: ${inputs}`);
  }
}

function outOfRange(port: string, value: bigint | number, width: number): RangeError {
  return new RangeError(`${value} does not fit port '${port}' of ${width} bits`);
}

function writeLittleEndian(bytes: Uint8Array, address: number, count: number, value: bigint): void {
  let rest = value;
  for (let byte = 0; byte < count; byte++) {
    bytes[address + byte] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** State at power-up: `initial` blocks, $readmemh, and 0 or seeded random bits where undefined. */
function initialState(circuit: Circuit, stateBytes: number, seed: number | undefined): Uint8Array {
  const state = new Uint8Array(stateBytes);
  const undefinedBit = seed === undefined ? () => 0 : randomBits(seed);
  for (const { word } of circuit.registers) {
    word.bits.forEach((bit, index) => {
      const value = circuit.netlist.initialBits.get(bit) ?? undefinedBit();
      if (value === 1) setBit(state, word.address, index);
    });
  }
  for (const { source, width, size, address } of circuit.memories) {
    const bytes = entryBytes(width);
    for (let entry = 0; entry < size; entry++) {
      for (let index = 0; index < width; index++) {
        const bit = parameterBit(source, 'INIT', entry * width + index) ?? undefinedBit();
        if (bit === 1) setBit(state, address + entry * bytes, index);
      }
    }
  }
  return state;
}

function setBit(state: Uint8Array, address: number, index: number): void {
  state[address + (index >> 3)] |= 1 << (index & 7);
}

/** A stream of bits from a seed: xorshift32 (Marsaglia 2003), top bit of each step. */
function randomBits(seed: number): () => number {
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 31;
  };
}
