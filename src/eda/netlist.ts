import { EdaError } from './errors.js';

/**
 * One bit of a connection: 0 or 1 for a constant, `UNDEFINED_BIT` for x or z, else the number of the
 * net that carries it (2 and up), as in the JSON that Yosys writes.
 */
export type Bit = number;
export const UNDEFINED_BIT: Bit = -1;
/** Least significant bit first. */
export type Bits = readonly Bit[];

export interface NetlistPort {
  readonly name: string;
  readonly direction: 'input' | 'output';
  readonly bits: Bits;
}

export interface Cell {
  readonly name: string;
  /** `$add`, `$dff`, ... */
  readonly type: string;
  /** Binary numerals, most significant digit first, digits 0, 1, x, z; or plain text. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly connections: Readonly<Record<string, Bits>>;
  /** Where in the Verilog it comes from: `pe.v:12.3-12.20`; empty when unknown. */
  readonly source: string;
}

export interface Netlist {
  readonly top: string;
  readonly ports: readonly NetlistPort[];
  readonly cells: readonly Cell[];
  /** Hierarchical name (`u_core.state_q`) -> bits, for names that people wrote. */
  readonly nets: ReadonlyMap<string, Bits>;
  /** Initial values of nets, from `initial` statements: net -> 0 or 1. */
  readonly initialBits: ReadonlyMap<Bit, 0 | 1>;
}

interface JsonModule {
  readonly ports: Record<string, { direction: string; bits: (number | string)[] }>;
  readonly cells: Record<
    string,
    {
      type: string;
      parameters: Record<string, string | number>;
      attributes: Record<string, string | number>;
      connections: Record<string, (number | string)[]>;
    }
  >;
  readonly netnames: Record<
    string,
    { hide_name: number; bits: (number | string)[]; attributes: Record<string, string | number> }
  >;
}

/**
 * Read the output of Yosys' `write_json` for one flat module.
 *
 * @throws EdaError when the module is missing or has an inout port.
 */
export function parseNetlist(json: string, top: string): Netlist {
  const modules = (JSON.parse(json) as { modules: Record<string, JsonModule> }).modules;
  const module = modules[top];
  if (module === undefined) throw parseError(`module '${top}' is not in the netlist`);
  const ports = Object.entries(module.ports).map(([name, port]): NetlistPort => {
    if (port.direction !== 'input' && port.direction !== 'output') {
      throw parseError(`port '${name}' is ${port.direction}; only input and output are supported`);
    }
    return { name, direction: port.direction, bits: port.bits.map(parseBit) };
  });
  const cells = Object.entries(module.cells).map(([name, cell]): Cell => ({
    name,
    type: cell.type,
    parameters: Object.fromEntries(
      Object.entries(cell.parameters).map(([key, value]) => [
        key,
        typeof value === 'number' ? value.toString(2) : value,
      ]),
    ),
    connections: Object.fromEntries(
      Object.entries(cell.connections).map(([port, bits]) => [port, bits.map(parseBit)]),
    ),
    source: String(cell.attributes['src'] ?? ''),
  }));
  const nets = new Map<string, Bits>();
  const initialBits = new Map<Bit, 0 | 1>();
  for (const [name, net] of Object.entries(module.netnames)) {
    const bits = net.bits.map(parseBit);
    if (net.hide_name === 0) nets.set(name, bits);
    const init = net.attributes['init'];
    if (init === undefined) continue;
    const digits = typeof init === 'number' ? init.toString(2).padStart(bits.length, '0') : init;
    bits.forEach((bit, index) => {
      const digit = digits[digits.length - 1 - index];
      if (bit >= 2 && (digit === '0' || digit === '1')) initialBits.set(bit, digit === '1' ? 1 : 0);
    });
  }
  return { top, ports, cells, nets, initialBits };
}

/** An integer parameter; x digits count as 0; 0 when it is absent. */
export function intParameter(cell: Cell, name: string): number {
  const digits = cell.parameters[name];
  return digits === undefined ? 0 : parseInt(digits.replace(/[^01]/g, '0'), 2);
}

/** Bit `index` of a parameter: 0, 1, or undefined for x, z and beyond its end. */
export function parameterBit(cell: Cell, name: string, index: number): 0 | 1 | undefined {
  const digits = cell.parameters[name];
  const digit = digits?.[digits.length - 1 - index];
  return digit === '1' ? 1 : digit === '0' ? 0 : undefined;
}

/** `$add 'u_pe.sum' (pe.v:12.3-12.20)`, for messages. */
export function describeCell(cell: Cell): string {
  return `${cell.type} '${cell.name}'${cell.source === '' ? '' : ` (${cell.source})`}`;
}

function parseBit(bit: number | string): Bit {
  if (typeof bit === 'number') return bit;
  return bit === '0' ? 0 : bit === '1' ? 1 : UNDEFINED_BIT;
}

function parseError(problem: string): EdaError {
  return new EdaError(problem, { tool: 'rtl-sim', stage: 'netlist' });
}
