/**
 * Which part of a design each cell of a synthesized, flattened netlist belongs to. Registers, memories,
 * multipliers and carries still bear their module's source file or instance path; a LUT, which bears
 * nothing, belongs where its output goes.
 */
import type { Primitive } from './primitives.js';
import type { MemorySpec } from '../design/design.js';
import { countResources, type Family, type Resources } from '../eda/synth.js';

/** Parts as a netlist tells them apart. */
export type Bucket = Exclude<Primitive, MemoryLogic> | `memory:${MemorySpec['role']}` | 'unknown';
type MemoryLogic = 'rom-logic' | 'tanh-logic' | 'ram-logic' | 'ram-lut' | 'memory-glue';

interface Cell {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly port_directions: Readonly<Record<string, string>>;
  readonly connections: Readonly<Record<string, readonly (number | string)[]>>;
}

interface Module {
  readonly attributes: Readonly<Record<string, string>>;
  readonly cells: Readonly<Record<string, Cell>>;
  readonly netnames: Readonly<Record<string, { readonly bits: readonly (number | string)[] }>>;
}

const FILES: readonly (readonly [RegExp, Bucket])[] = [
  [/_sequencer\.v/, 'sequencer'],
  [/hg_drain(_planes)?\.v/, 'drain'],
  [/hg_stream_in\.v/, 'input-stream'],
  [/hg_sequence_in\.v/, 'sequence-input'],
  [/hg_stream_out\.v/, 'output-stream'],
  [/hg_(source|sequence|feature)_\w+\.v/, 'token-source'],
  [/hg_pack\.v/, 'pack'],
  [/hg_weight_bank\.v/, 'weight-bank'],
  [/hg_weight_bank_stream\.v/, 'line-select'],
  [/hg_weight_stream\.v/, 'weight-stream'],
  [/hg_trits\.v/, 'trit-decoder'],
  [/hg_(pe_recoded|multiply_add|digit_product)\.v/, 'pe-recoded'],
  [/hg_pe_\w+\.v/, 'pe-ternary'],
  [/hg_combine\.v/, 'combine-add'],
  [/hg_threshold\.v/, 'threshold'],
  [/hg_requantize\.v/, 'requantizer'],
  [/hg_tanh_\w+\.v/, 'tanh-lookup'],
  [/hg_argmax\.v/, 'argmax'],
  [/hg_value\.v/, 'value-register'],
  [/hg_cell_\w+\.v|hg_shift_multiplier\.v/, 'cell-level'],
  [/hg_lane\.v/, 'lane-level'],
  [/_column\.v/, 'drain-mux'],
];

/** Innermost instance first: the first pattern found in a path is the part. */
const PATHS: readonly (readonly [RegExp, Bucket])[] = [
  // Read registers of memories, by the nets they drive.
  [/^row_(word|0)$/, 'memory:rows'],
  [/^factor(_0)?$/, 'memory:factors'],
  [/^weight_\d+$/, 'memory:weights'],
  [/^(x|table)_\d+$/, 'memory:embedding'],
  [/^u_source_\d+\.start$/, 'memory:tokens'],
  [/u_cell\b.*u_tanh\.entry$/, 'memory:squash'],
  [/u_tanh\.entry$/, 'memory:tanh'],
  [/u_column_\d+\.h_data$/, 'memory:hidden'],
  [/u_combine\b.*\.partial$/, 'memory:partial'],
  [/u_cell\.c_read$/, 'memory:cell'],
  [/u_cell\b.*u_table\b/, 'memory:squash'],
  [/u_table\b/, 'memory:tanh'],
  [/u_embedding\b/, 'memory:embedding'],
  [/u_source_\d+\.u_tokens\b/, 'memory:tokens'],
  [/u_source_\d+\.u_x\b/, 'memory:input'],
  [/u_weights_\d+\.u_rom\b/, 'memory:weights'],
  [/\bu_rows\b/, 'memory:rows'],
  [/\bu_factors\b/, 'memory:factors'],
  [/\bu_partial\b/, 'memory:partial'],
  [/\bu_h\b/, 'memory:hidden'],
  [/u_cell\.u_c\b/, 'memory:cell'],
  [/u_tanh\b/, 'tanh-lookup'],
  [/g_recoded\.u_pe\b/, 'pe-recoded'],
  [/u_pe\b/, 'pe-ternary'],
  [/u_pack\b/, 'pack'],
  [/u_combine\b/, 'combine-add'],
  [/u_threshold\b/, 'threshold'],
  [/u_requantize\b/, 'requantizer'],
  [/u_argmax\b/, 'argmax'],
  [/u_value\b/, 'value-register'],
  [/u_cell\b/, 'cell-level'],
  [/u_lane\b/, 'lane-level'],
  [/u_column_\d+\b/, 'drain-mux'],
  [/u_source_\d+\b/, 'token-source'],
  [/u_weights_\d+\b/, 'weight-bank'],
  [/u_sequencer\b/, 'sequencer'],
  [/u_drain\b/, 'drain'],
  [/u_stream_in\b/, 'input-stream'],
  [/u_stream_out\b/, 'output-stream'],
];

/** What a design calls the parts of which each has one of several kinds. */
export interface PartNames {
  readonly pe: Primitive;
  readonly combine: Primitive | undefined;
  readonly sequencer: 'sequencer' | 'sequence-sequencer' | 'sparse-sequencer';
  /** What takes the input stream. */
  readonly stream: 'input-stream' | 'sequence-input';
  readonly drain: 'drain' | 'drain-planes';
  readonly cell: 'cell-level' | 'cell-int16';
  readonly lane: 'lane-level' | 'lane-int16';
  readonly source: 'token-source' | 'feature-source' | 'dense-source' | 'sequence-source';
  /** Role of the memory that x comes from. */
  readonly input: 'embedding' | 'table' | 'input';
}

const LOGIC = /^(SB_LUT4|LUT[1-6]|INV|MUXF[78]|PFUMX|L6MUX21|\$lut)$/;
const MEMORY = /RAM|^DP16KD$|^PDPW16KD$|DPR16X4/;

export type PartCounts = Readonly<Partial<Record<Bucket, Resources>>>;

/** Resources of every part; they add up to those of the whole netlist. */
export function attributeCells(
  netlistJson: string,
  top: string,
  family: Family,
  names: PartNames,
): PartCounts {
  const { modules } = JSON.parse(netlistJson) as { modules: Record<string, Module> };
  const module = modules[top];
  const cells = Object.entries(module.cells).filter(([, cell]) => cell.type !== '$scopeinfo');
  const netPaths = readablePaths(module);
  const sinks = new Map<number | string, string[]>();
  const drivers = new Map<number | string, string>();
  for (const [name, cell] of cells) {
    for (const [port, bits] of Object.entries(cell.connections)) {
      const isInput = cell.port_directions[port] === 'input';
      for (const bit of bits) {
        if (typeof bit !== 'number') continue;
        if (!isInput) drivers.set(bit, name);
        if (!isInput) continue;
        const list = sinks.get(bit);
        if (list) list.push(name);
        else sinks.set(bit, [name]);
      }
    }
  }
  const renamed: Readonly<Partial<Record<Bucket, Bucket>>> = {
    'pe-ternary': names.pe as Bucket,
    'combine-add': (names.combine ?? 'combine-add') as Bucket,
    sequencer: names.sequencer,
    'input-stream': names.stream,
    drain: names.drain,
    'cell-level': names.cell,
    'lane-level': names.lane,
    'token-source': names.source,
    'memory:embedding': `memory:${names.input}`,
    'memory:input': `memory:${names.input}`,
  };
  const rename = (bucket: Bucket): Bucket => renamed[bucket] ?? bucket;
  const outputs = (cell: Cell): (number | string)[] =>
    Object.entries(cell.connections)
      .filter(([port]) => cell.port_directions[port] === 'output')
      .flatMap(([, bits]) => bits);
  const buckets = new Map<string, Bucket>();

  const anchor = (name: string, cell: Cell): Bucket => {
    const source = cell.attributes['src'] ?? '';
    const isStore = MEMORY.test(cell.type);
    if (!isStore) {
      for (const [file, bucket] of FILES) if (file.test(source)) return bucket;
    }
    if (!isStore && source.includes(`${top}.v`)) {
      const drives = (net: RegExp): boolean =>
        outputs(cell).some((bit) => netPaths.get(bit)?.some((path) => net.test(path)));
      if (drives(/^weight_addr_q$/)) return 'weight-bank';
      return drives(/^(flush_q|row_addr_q\b.*)$/) ? 'drain' : 'column-delay';
    }
    const paths = [
      name.replaceAll('\\', ''),
      ...outputs(cell).flatMap((bit) => netPaths.get(bit) ?? []),
    ];
    for (const [pattern, bucket] of PATHS) {
      if (paths.some((path) => pattern.test(path))) return bucket;
    }
    return 'unknown';
  };

  /** The memory from whose blocks, directly or through such a cell, this cell chooses. */
  const selects = new Map<string, Bucket | undefined>();
  const bankSelect = (name: string, cell: Cell): Bucket | undefined => {
    if (selects.has(name)) return selects.get(name);
    selects.set(name, undefined);
    const from = new Map<Bucket, Set<string>>();
    let selectors = 0;
    for (const [port, bits] of Object.entries(cell.connections)) {
      if (cell.port_directions[port] !== 'input') continue;
      for (const bit of bits) {
        const driver = drivers.get(bit);
        if (driver === undefined) continue;
        const source = module.cells[driver];
        const isLogic = LOGIC.test(source.type);
        const bucket = MEMORY.test(source.type)
          ? bucketOf(driver)
          : isLogic
            ? bankSelect(driver, source)
            : undefined;
        if (bucket === undefined) {
          // Arithmetic on two words of a memory is no choice between its blocks.
          if (isLogic) return undefined;
          const selector = bucketOf(driver);
          if (selector !== 'weight-bank' && !selector.startsWith('memory:')) return undefined;
          selectors++;
          continue;
        }
        const set = from.get(bucket) ?? new Set();
        from.set(bucket, set.add(driver));
      }
    }
    if (selectors === 0) return undefined;
    for (const [bucket, blocks] of from) {
      if (blocks.size >= 2) {
        selects.set(name, bucket);
        return bucket;
      }
    }
    return undefined;
  };

  const visiting = new Set<string>();
  const bucketOf = (name: string): Bucket => {
    const known = buckets.get(name);
    if (known !== undefined) return known;
    const cell = module.cells[name];
    if (!LOGIC.test(cell.type)) {
      const bucket = rename(anchor(name, cell));
      buckets.set(name, bucket);
      return bucket;
    }
    const bank = bankSelect(name, cell);
    if (bank !== undefined) {
      buckets.set(name, bank);
      return bank;
    }
    if (visiting.has(name)) return 'unknown';
    visiting.add(name);
    const votes = new Map<Bucket, number>();
    for (const bit of outputs(cell)) {
      for (const sink of sinks.get(bit) ?? []) {
        const found = bucketOf(sink);
        // What feeds the address of the input memory is the input's own logic.
        const isAddress = found === `memory:${names.input}`;
        const bucket = isAddress && MEMORY.test(module.cells[sink].type) ? names.source : found;
        if (bucket !== 'unknown') votes.set(bucket, (votes.get(bucket) ?? 0) + 1);
      }
    }
    visiting.delete(name);
    let best: Bucket = 'unknown';
    let most = 0;
    for (const [bucket, count] of [...votes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (count > most) [best, most] = [bucket, count];
    }
    if (best === 'unknown') best = rename(anchor(name, cell));
    buckets.set(name, best);
    return best;
  };

  const types = new Map<Bucket, Record<string, number>>();
  for (const [name, cell] of cells) {
    const bucket = bucketOf(name);
    const counts = types.get(bucket) ?? {};
    counts[cell.type] = (counts[cell.type] ?? 0) + 1;
    types.set(bucket, counts);
  }
  return Object.fromEntries(
    [...types]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([bucket, counts]) => [bucket, countResources(counts, family)]),
  );
}

/**
 * Logic cells of an iCE40 after packing, by the rules of nextpnr: a flip-flop joins the LUT that alone
 * feeds it, a carry joins the LUT that adds the same two bits; whatever is left takes a cell of its own.
 */
export function packedLogicCells(netlistJson: string, top: string): number {
  const { modules } = JSON.parse(netlistJson) as { modules: Record<string, Module> };
  const cells = Object.values(modules[top].cells);
  const users = new Map<number | string, number>();
  const lutOutputs = new Set<number | string>();
  const lutInputs = new Set<string>();
  for (const cell of cells) {
    for (const [port, bits] of Object.entries(cell.connections)) {
      if (cell.port_directions[port] !== 'input') continue;
      for (const bit of bits) users.set(bit, (users.get(bit) ?? 0) + 1);
    }
    if (cell.type === 'SB_LUT4') {
      lutOutputs.add(cell.connections['O'][0]);
      lutInputs.add(`${cell.connections['I1'][0]} ${cell.connections['I2'][0]}`);
    }
  }
  let count = 0;
  for (const { type, connections } of cells) {
    if (type === 'SB_LUT4') count++;
    else if (type.startsWith('SB_DFF')) {
      const data = connections['D'][0];
      if (!lutOutputs.has(data) || users.get(data) !== 1) count++;
    } else if (type === 'SB_CARRY') {
      if (!lutInputs.has(`${connections['I0'][0]} ${connections['I1'][0]}`)) count++;
    }
  }
  return count;
}

/** Instance paths by which a net is known, without the names that Yosys made up. */
function readablePaths(module: Module): Map<number | string, string[]> {
  const paths = new Map<number | string, string[]>();
  for (const [name, { bits }] of Object.entries(module.netnames)) {
    if (name.startsWith('$') || /_(SB_|LUT|TRELLIS|CCU2C|PFUMX|L6MUX|DP16|MULT18)/.test(name))
      continue;
    for (const bit of bits) {
      const list = paths.get(bit);
      if (list) list.push(name);
      else paths.set(bit, [name]);
    }
  }
  return paths;
}
