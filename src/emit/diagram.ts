/** Block diagram of a design as SVG, for the README: what there is, how large, and which way data go. */
import { tableOf, type Design, type MemorySpec } from '../design/design.js';
import { array, arrow, box, boxHeight, drawing, type Box } from './drawing.js';
import { streamShapes } from './stream-texts.js';
import { sourceModule } from './emit.js';

const GAP = 44;
const MARGIN = 16;
const TOP = 40;

function memoryBox(spec: MemorySpec, title: string, [x, y, w]: readonly number[]): Box {
  const { copies, depth, width, kind } = spec;
  const count = copies > 1 ? `${copies} x ` : '';
  const lines = [`${count}${depth} x ${width} bit ${kind.toUpperCase()}`];
  return { x, y, w, h: boxHeight(lines), title, lines, kind: 'memory' };
}

const MEMORY_TITLES: Readonly<Record<MemorySpec['role'], string>> = {
  weights: 'weight banks',
  rows: 'row parameters',
  factors: 'factors',
  partial: 'sums of x',
  tanh: 'table of tanh',
  squash: 'table of tanh(c)',
  embedding: 'embedding',
  table: 'table of W_x x',
  tokens: 'tokens',
  input: 'x',
  hidden: 'h',
  cell: 'c',
  results: 'results',
};

/** Of sums at the foot of a column. */
const SUM_TITLES: Readonly<Record<string, string>> = {
  tile_sums: 'sums of tiles',
  block_sums: 'sums of blocks',
};

/** Memories one below the other, as many as the design has of these roles. */
function stack(
  { memories }: Design,
  roles: readonly MemorySpec['role'][],
  [x, top, w]: readonly number[],
): Box[] {
  const boxes: Box[] = [];
  let y = top;
  for (const role of roles) {
    for (const spec of memories.filter((one) => one.role === role)) {
      const made = memoryBox(spec, SUM_TITLES[spec.name] ?? MEMORY_TITLES[role], [x, y, w]);
      boxes.push(made);
      y += made.h;
    }
  }
  return boxes;
}

function laneLines({ scheme, columns, stationary }: Design): string[] {
  const gates = { int16: 'tables', level3: '0, 1/2 or 1', binary: '0 or 1' }[scheme.gates];
  return [
    `gates i, f, o: ${gates}`,
    `g: ${scheme.candidate === 'ternary' ? '-1, 0 or +1' : 'table'}`,
    `c: ${scheme.cell.bits} bit, ${scheme.cell.fraction} of fraction`,
    `h: ${scheme.activations}`,
    ...(columns > 1 && !stationary ? [`${columns} of them`] : []),
  ];
}

function sequencerLines(design: Design): string[] {
  const { jobs, sequence, dataflow } = design;
  const folds = jobs.reduce((sum, job) => sum + job.folds, 0);
  if (design.stationary) {
    const { sequences, tileCycles } = design.stationary;
    return [
      `${jobs.length} jobs, ${folds} blocks per step`,
      `tiles of ${tileCycles} cycles for ${sequences} sequence(s)`,
    ];
  }
  return [
    `${jobs.length} jobs, ${folds} folds ${sequence ? 'for each step of a sequence' : 'per step'}`,
    ...(sequence ? [`sequences of at most ${sequence.maxSteps} steps`] : []),
    ...(dataflow === 'sparse' ? ['zeros are left out'] : []),
  ];
}

function combinerLines({ combiner, sumBits }: Design): string[] {
  if (combiner === undefined) return [];
  const { factors, factorBits, passes } = combiner;
  return [
    ...(factors === 'one'
      ? []
      : [`${factors === 'power' ? 'shifts' : 'factors'}, ${factorBits} bit`]),
    ...(passes === 2 ? ['x, then h'] : []),
    `sums of ${sumBits} bit`,
  ];
}

/** The diagram; the same design gives the same bytes. */
export function diagram(design: Design): string {
  const { rows, columns, accBits, combiner, name, stationary } = design;
  const { kind, pack, activationBits, weightBits } = design.array;
  const shapes = streamShapes(design);
  const logic = (x: number, y: number, w: number, title: string, lines: string[]): Box => ({
    ...{ x, y, w, h: boxHeight(lines), title, lines, kind: 'logic' },
  });
  const port = (x: number, y: number, w: number, title: string, lines: string[]): Box => ({
    ...logic(x, y, w, title, lines),
    kind: 'port',
  });

  // Upper row: streams, x, and h on its way back.
  const input = port(MARGIN, TOP, 170, 's_axis', [`${shapes.inputBits} bit`, ...shapes.inputLines]);
  const sourceX = input.x + input.w + GAP;
  const copies = stationary ? rows : columns;
  const source = logic(sourceX, TOP, 180, sourceModule(design), [
    ...(copies > 1 ? [`${copies} of them`] : []),
  ]);
  const sources = stack(
    design,
    ['embedding', 'table', 'tokens', 'input'],
    [sourceX, TOP + source.h, 180],
  );
  const below = (boxes: readonly Box[]): number => Math.max(...boxes.map(({ y, h }) => y + h));
  const middle = below([input, source, ...sources]) + GAP + 8;

  // Middle row: the array, and what its sums go through.
  const arrayWidth = 230;
  const grid = array(sourceX, middle, arrayWidth, 190, {
    rows,
    columns,
    title: `array ${rows} x ${columns}`,
    lines: [
      `${kind}, ${weightBits} bit x ${activationBits} bit${pack > 1 ? `, ${pack} at a time` : ''}`,
      `accumulators of ${accBits} bit`,
    ],
  });
  const banks = stack(design, ['weights'], [MARGIN, middle + 60, 170])[0];
  let x = grid.box.x + arrayWidth + GAP;
  const place = (w: number, title: string, lines: string[]): Box => {
    const made = logic(x, middle + 60, w, title, lines);
    x += w + GAP;
    return made;
  };
  // Behind the array: the drain, and what may follow; of tiles that add up, their sums, then the drain.
  const drain = stationary
    ? place(130, 'sums', ['of tiles, then blocks', `${columns} of them`])
    : place(110, 'drain', ['1 row a cycle']);
  const combine = stationary
    ? place(110, 'drain', ['1 sum a cycle'])
    : combiner && place(130, 'combiner', combinerLines(design));
  const lane = place(180, columns > 1 && !stationary ? 'lanes' : 'lane', laneLines(design));
  const head = place(150, 'head', [
    design.headOutput === 'value' ? 'value, Q6.9' : `argmax of ${design.classes}`,
    design.headWhen === 'every-step' ? 'every step' : 'last step',
  ]);
  const [hidden] = stack(design, ['hidden'], [lane.x, TOP, 180]);
  const output = port(head.x, TOP, 150, 'm_axis', [
    `${shapes.outputBits} bit`,
    ...shapes.outputLines,
  ]);

  // Lower row: memories below what reads them; the sequencer below what it drives.
  const low = Math.max(below([grid.box, lane, drain, head, ...(combine ? [combine] : [])])) + GAP;
  const sequencer = logic(
    MARGIN,
    low,
    grid.box.x + arrayWidth - MARGIN,
    'sequencer',
    sequencerLines(design),
  );
  const laneMemories = stack(design, ['cell', 'rows', 'tanh', 'squash'], [lane.x, low, 180]);
  const [summing, draining] = stationary && combine ? [drain, combine] : [combine, drain];
  const sumMemories = summing ? stack(design, ['factors', 'partial'], [summing.x, low, 130]) : [];

  const results = stack(design, ['results'], [head.x, low, 150]);

  const boxes = [
    input,
    source,
    ...sources,
    banks,
    drain,
    ...(combine ? [combine] : []),
    lane,
    head,
    hidden,
    output,
    sequencer,
    ...laneMemories,
    ...sumMemories,
    ...results,
  ];
  const centre = ({ x: left, w }: Box): number => left + w / 2;
  const level = ({ y, h }: Box): number => y + h / 2;
  const right = ({ x: left, w }: Box): number => left + w;
  const bottom = ({ y, h }: Box): number => y + h;
  const across = (from: Box, to: Box): string =>
    arrow([right(from), level(from)], [to.x, level(from)]);
  const hInto = right(grid.box) - 30;
  const lastSource = sources[sources.length - 1] ?? source;
  // Sums of x by token are no operands: they are added behind the array.
  const adder = combine ?? drain;
  const tabled = arrow(
    [right(lastSource), level(lastSource)],
    [centre(adder), level(lastSource)],
    [centre(adder), adder.y],
  );
  const arrows = [
    arrow([right(input), TOP + 20], [source.x, TOP + 20]),
    tableOf(design)
      ? tabled
      : arrow([centre(source), bottom(lastSource)], [centre(source), grid.box.y]),
    across(banks, grid.box),
    arrow([right(grid.box), level(drain)], [drain.x, level(drain)]),
    ...(combine ? [arrow([right(drain), level(drain)], [combine.x, level(drain)])] : []),
    arrow([right(combine ?? drain), level(drain)], [lane.x, level(drain)]),
    arrow([right(lane), level(head)], [head.x, level(head)]),
    arrow([centre(head), head.y], [centre(output), bottom(output)]),
    arrow([centre(lane), lane.y], [centre(hidden), bottom(hidden)]),
    arrow([hidden.x, level(hidden)], [hInto, level(hidden)], [hInto, grid.box.y]),
    arrow([centre(banks), sequencer.y], [centre(banks), bottom(banks)]),
    arrow([centre(grid.box), sequencer.y], [centre(grid.box), bottom(grid.box)]),
    arrow(
      [right(sequencer), level(sequencer)],
      [centre(draining), level(sequencer)],
      [centre(draining), bottom(draining)],
    ),
    ...(laneMemories.length > 0 ? [arrow([centre(lane), low], [centre(lane), bottom(lane)])] : []),
    ...results.map((spec) => arrow([centre(head), spec.y], [centre(head), bottom(head)])),
    ...(summing && sumMemories.length > 0
      ? [arrow([centre(summing), low], [centre(summing), bottom(summing)])]
      : []),
  ];
  return drawing(
    right(head) + MARGIN,
    below([sequencer, ...laneMemories, ...sumMemories, ...results]) + MARGIN,
    `Block diagram of ${name}`,
    [...arrows, grid.text, ...boxes.map(box)],
  );
}
