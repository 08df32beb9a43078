/**
 * Where Yosys puts a memory: blocks, LUTs or logic. Follows the cost function of its memory_libmap
 * (0.55) for the two kinds our RTL has: `hg_rom`, one synchronous read port, and `hg_ram`, one write and
 * one synchronous read port.
 */
import type { MemorySpec } from '../design/design.js';
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
  let cost = Infinity;
  let blocks = 0;
  let banks = 0;
  for (let step = 0; step < block.widths.length; step++) {
    const unit = block.widths[step];
    const deep = Math.ceil(depth / (1 << (block.addressBits - step)));
    const bytes = block.byteBits === 0 || block.byteBits > unit ? unit : block.byteBits;
    const padded = kind === 'rom' ? width : Math.ceil(width / bytes) * bytes;
    const count = Math.ceil((deep * padded) / unit);
    const demux = kind === 'ram' && deep > 1 ? deep : 0;
    const found =
      (block.cost - block.widthCost) * count +
      Math.trunc((block.widthCost * deep * width) / unit) +
      MUX_COST * ((deep - 1) * width + demux) +
      READ_PORT_COST;
    if (found < Math.trunc(cost)) {
      cost = found;
      blocks = count;
      banks = deep;
    }
  }
  return { cost, blocks, banks };
}

/** The primitive that stands for what is around a memory's blocks, or for a memory in logic. */
export function memoryPrimitive(
  part: MemoryPart,
  memories: ProfileData['memories'],
): { primitive: Primitive; parameters: ParameterValues; mapping: MemoryMapping } {
  const { role, type: kind, width, depth } = part;
  const mapping = mapMemory({ kind, width, depth }, memories);
  const primitive = memoryLogic({ role, kind }, mapping);
  return { primitive, parameters: { width, depth, banks: mapping.banks }, mapping };
}

/** The primitive that stands for the logic of a memory that was mapped so. */
export function memoryLogic(
  { role, kind }: Pick<MemorySpec, 'role' | 'kind'>,
  { resource }: MemoryMapping,
): Primitive {
  if (resource === 'bram') return 'memory-glue';
  if (resource === 'lutRam') return 'ram-lut';
  return kind === 'ram' ? 'ram-logic' : role === 'tanh' ? 'tanh-logic' : 'rom-logic';
}
