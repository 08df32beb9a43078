/**
 * Where Yosys puts a memory: blocks, LUTs or logic. Follows the cost function of its memory_libmap
 * (0.55) for the two kinds our RTL has: `hg_rom`, one synchronous read port, and `hg_ram`, one write and
 * one synchronous read port.
 */
import type { MemoryPart } from './inventory.js';
import type { ParameterValues, Primitive } from './primitives.js';
import type { ProfileData } from './profile.js';

export interface MemoryShape {
  readonly kind: 'rom' | 'ram';
  readonly width: number;
  readonly depth: number;
}

export interface MemoryMapping {
  /** Block's name in the profile; `logic` where no block is used. */
  readonly block: string;
  readonly resource: 'bram' | 'lutRam' | 'logic';
  /** Blocks of that kind. */
  readonly blocks: number;
  /** Of the resource: blocks times the block's amount. */
  readonly amount: number;
  /** Blocks one above the other: what the read multiplexer chooses from. */
  readonly banks: number;
}

/** One read port of its own is one point of emulation, at two a point. */
const READ_PORT_COST = 2;
const MUX_COST = 0.5;

/** memory_libmap's choice; a tie stays with the block listed first, and with logic before any block. */
export function mapMemory(shape: MemoryShape, memories: ProfileData['memories']): MemoryMapping {
  const { kind, width, depth } = shape;
  const perBit = kind === 'rom' ? memories.logicCostPerRomBit : memories.logicCostPerRamBit;
  let best = Math.trunc(width * depth * perBit);
  let mapping: MemoryMapping = {
    block: 'logic',
    resource: 'logic',
    blocks: 0,
    amount: 0,
    banks: 1,
  };
  for (const block of memories.blocks) {
    if (kind === 'rom' ? !block.holdsRom : !block.holdsRam) continue;
    const found = cheapestAspect(shape, block);
    if (found.cost < best) {
      best = Math.trunc(found.cost);
      mapping = {
        block: block.name,
        resource: block.resource,
        blocks: found.blocks,
        amount: found.blocks * block.amount,
        banks: found.banks,
      };
    }
  }
  return mapping;
}

function cheapestAspect(
  { kind, width, depth }: MemoryShape,
  block: ProfileData['memories']['blocks'][number],
): { cost: number; blocks: number; banks: number } {
  let best: { cost: number; blocks: number; banks: number } | undefined;
  block.widths.forEach((unit, step) => {
    const banks = Math.ceil(depth / 2 ** (block.addressBits - step));
    const bytes = block.byteBits === 0 || block.byteBits > unit ? unit : block.byteBits;
    const padded = kind === 'rom' ? width : Math.ceil(width / bytes) * bytes;
    const blocks = Math.ceil((banks * padded) / unit);
    const demux = kind === 'ram' && banks > 1 ? banks : 0;
    const cost =
      (block.cost - block.widthCost) * blocks +
      Math.trunc((block.widthCost * banks * width) / unit) +
      MUX_COST * ((banks - 1) * width + demux) +
      READ_PORT_COST;
    if (best === undefined || cost < Math.trunc(best.cost)) best = { cost, blocks, banks };
  });
  return best!;
}

/** The primitive that stands for what is around a memory's blocks, or for a memory in logic. */
export function memoryPrimitive(
  part: MemoryPart,
  memories: ProfileData['memories'],
): { primitive: Primitive; parameters: ParameterValues; mapping: MemoryMapping } {
  const { role, type: kind, width, depth } = part;
  const mapping = mapMemory({ kind, width, depth }, memories);
  const inLogic: Primitive =
    kind === 'ram' ? 'ram-logic' : role === 'tanh' ? 'tanh-logic' : 'rom-logic';
  const primitive: Primitive =
    mapping.resource === 'bram'
      ? 'memory-glue'
      : mapping.resource === 'lutRam'
        ? 'ram-lut'
        : inLogic;
  return { primitive, parameters: { width, depth, banks: mapping.banks }, mapping };
}
