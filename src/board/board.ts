/** Boards: one JSON each, in hw-profiles/boards or the user's own, checked before anything is made of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { complaintText, fileError, UserError, type Complaint } from '../errors.js';
import { packageRoot } from '../package-root.js';

/** Version of the format of board descriptions. */
export const BOARD_VERSION = 1;

/** Clock generators that a top can instantiate, by family. */
const PLLS = {
  'ice40-up5k': ['SB_PLL40_PAD', 'SB_PLL40_CORE'],
  'ice40-hx8k': ['SB_PLL40_PAD', 'SB_PLL40_CORE'],
  ecp5: ['EHXPLLL'],
  xc7: ['PLLE2_BASE'],
} as const;

/** nextpnr's names of the devices of a family; AMD's parts have any. */
const DEVICES: Readonly<Record<keyof typeof PLLS, readonly string[] | undefined>> = {
  'ice40-up5k': ['up5k'],
  'ice40-hx8k': ['hx8k'],
  ecp5: [
    '12k',
    '25k',
    '45k',
    '85k',
    'um-25k',
    'um-45k',
    'um-85k',
    'um5g-25k',
    'um5g-45k',
    'um5g-85k',
  ],
  xc7: undefined,
};

const PIN = 'must be a pin of the package, such as "35" or "E3"';
const pinName = z.string(PIN).regex(/^[A-Za-z0-9]+$/, PIN);
const pull = z.enum(['up', 'down']).nullable();
const active = z.enum(['low', 'high']);
const input = { pin: pinName, pull };
const megahertz = z
  .number('must be a number of MHz')
  .min(1, 'must be 1 MHz or more')
  .max(500, 'must be 500 MHz or less');

const boardSchema = z.strictObject({
  version: z.literal(BOARD_VERSION),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -'),
  description: z.string().trim().min(1),
  family: z.enum(['ice40-up5k', 'ice40-hx8k', 'ecp5', 'xc7']),
  /** nextpnr's name of it: "up5k", "85k"; of an AMD part what comes before the package: "xc7a35ti". */
  device: z.string().regex(/^[a-z0-9-]+$/, 'must be a device name such as "up5k"'),
  package: z.string().regex(/^[A-Za-z0-9-]+$/, 'must be a package name such as "sg48"'),
  /** Of all pins; null for iCE40, whose pins have the voltage of their bank. */
  ioStandard: z
    .string()
    .regex(/^[A-Z0-9_]+$/, 'must be an I/O standard such as "LVCMOS33"')
    .nullable(),
  clock: z.strictObject({
    ...input,
    /** Of the oscillator. */
    mhz: megahertz,
    /** What the design is clocked with where nothing else is asked for. */
    coreMhz: megahertz,
    /** What makes one of the other; null: they are the same. */
    pll: z.enum(['SB_PLL40_PAD', 'SB_PLL40_CORE', 'EHXPLLL', 'PLLE2_BASE']).nullable(),
  }),
  uart: z.strictObject({
    baud: z.int().min(300).max(12_000_000),
    /** The FPGA receives. */
    rx: z.strictObject(input),
    /** The FPGA transmits. */
    tx: z.strictObject({ pin: pinName }),
  }),
  /** A button. */
  reset: z.strictObject({ ...input, active }).nullable(),
  leds: z.strictObject({
    /** Lit while the design has room for a step. */
    ready: z.strictObject({ pin: pinName, active }).nullable(),
    /** Lit after the host broke the protocol. */
    error: z.strictObject({ pin: pinName, active }).nullable(),
  }),
  /** Pins that must have a level for the board to work. */
  hold: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'must be lower-case letters, digits and _'),
      pin: pinName,
      level: z.union([z.literal(0), z.literal(1)], 'must be 0 or 1'),
      why: z.string().trim().min(1),
    }),
  ),
  /** Command that loads {bitstream}, for the README. */
  program: z.string().includes('{bitstream}', 'must contain {bitstream}'),
  /** Where pins and device are from. */
  source: z.string().trim().min(8, 'must name where pins and device are from'),
});

export type Board = Readonly<z.infer<typeof boardSchema>>;
export type BoardFamily = Board['family'];

/** A board description that cannot be used: every problem, each with its place in the file. */
export class BoardError extends Error {
  constructor(readonly problems: readonly Complaint[]) {
    super(
      `${problems.length} problem${problems.length === 1 ? '' : 's'}\n` +
        problems.map((problem) => `  ${complaintText(problem)}`).join('\n'),
    );
    this.name = 'BoardError';
  }
}

/** A pin of the board as the top module has it. */
export interface BoardPin {
  readonly port: string;
  readonly direction: 'input' | 'output';
  readonly pin: string;
  readonly pull: 'up' | 'down' | null;
  /** Where in the description it stands. */
  readonly at: string;
}

/** Every pin that the top module uses, in the order of its ports. */
export function boardPins({ clock, uart, reset, leds, hold }: Board): BoardPin[] {
  const pins: BoardPin[] = [
    { port: 'clk_i', direction: 'input', pin: clock.pin, pull: clock.pull, at: 'clock.pin' },
  ];
  const add = (
    port: string,
    at: string,
    from: { pin: string; pull?: 'up' | 'down' | null } | null,
  ): void => {
    if (from === null) return;
    const direction = port.endsWith('_i') ? 'input' : 'output';
    pins.push({ port, direction, pin: from.pin, pull: from.pull ?? null, at });
  };
  add('reset_button_i', 'reset.pin', reset);
  add('uart_rx_i', 'uart.rx.pin', uart.rx);
  add('uart_tx_o', 'uart.tx.pin', uart.tx);
  add('led_ready_o', 'leds.ready.pin', leds.ready);
  add('led_error_o', 'leds.error.pin', leds.error);
  hold.forEach((held, n) => add(`${held.name}_o`, `hold.${n}.pin`, held));
  return pins;
}

/** What the schema cannot say. */
function furtherProblems(board: Board, file: string): Complaint[] {
  const problems: Complaint[] = [];
  const add = (at: string, given: string, allowed: string): void =>
    void problems.push({ where: `${file}: ${at}`, given, allowed });
  const { family, device, clock, ioStandard } = board;
  const devices = DEVICES[family];
  if (devices !== undefined && !devices.includes(device)) {
    add('device', JSON.stringify(device), `for ${family} must be one of ${devices.join(', ')}`);
  }
  const plls: readonly string[] = PLLS[family];
  if (clock.pll !== null && !plls.includes(clock.pll)) {
    add(
      'clock.pll',
      JSON.stringify(clock.pll),
      `for ${family} must be null or ${plls.join(' or ')}`,
    );
  }
  if (clock.pll === null && clock.coreMhz !== clock.mhz) {
    add(
      'clock.coreMhz',
      String(clock.coreMhz),
      `must be ${clock.mhz}, as clock.mhz, where clock.pll is null`,
    );
  }
  const isIce40 = family.startsWith('ice40');
  if (isIce40 !== (ioStandard === null)) {
    add(
      'ioStandard',
      JSON.stringify(ioStandard),
      isIce40 ? `must be null for ${family}` : 'must be a name such as "LVCMOS33"',
    );
  }
  const seen = new Map<string, string>();
  const ports = new Map<string, string>();
  for (const { port, pin, pull: pulled, at } of boardPins(board)) {
    const before = seen.get(pin);
    if (before !== undefined) add(at, JSON.stringify(pin), `is the pin of ${before} already`);
    else seen.set(pin, at);
    const taken = ports.get(port);
    if (taken !== undefined) add(at, port, `is the port of ${taken} already`);
    else ports.set(port, at);
    if (isIce40 && pulled === 'down')
      add(at.replace(/pin$/, 'pull'), '"down"', `${family} has pull-ups alone`);
  }
  return problems;
}

function place(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'top level' : path.map(String).join('.');
}

function lookup(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    json,
  );
}

/** Check a board's data. @throws {BoardError} with every problem */
export function checkBoard(json: unknown, file: string): Board {
  const parsed = boardSchema.safeParse(json);
  if (parsed.success) {
    const problems = furtherProblems(parsed.data, file);
    if (problems.length > 0) throw new BoardError(problems);
    return parsed.data;
  }
  throw new BoardError(
    parsed.error.issues.map((issue) => {
      const where = `${file}: ${place(issue.path)}`;
      if (issue.code === 'unrecognized_keys') {
        const keys = issue.keys.map((key) => JSON.stringify(key)).join(', ');
        return { where, given: `unknown key ${keys}` };
      }
      const found = lookup(json, issue.path);
      const given = found === undefined ? 'missing' : JSON.stringify(found).slice(0, 80);
      return { where, given, allowed: issue.message };
    }),
  );
}

const FOLDER = fileURLToPath(new URL('hw-profiles/boards/', packageRoot()));

/** Boards that come with halfgate. */
export function boardNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/**
 * A board by name, or by the path of a .json.
 * @throws {UserError} for a name that is none, or a file that cannot be read
 * @throws {BoardError} for a description that is wrong
 */
export function loadBoard(nameOrPath: string): Board {
  const isPath = nameOrPath.endsWith('.json');
  if (!isPath && !boardNames().includes(nameOrPath)) {
    throw new UserError({
      where: '--board',
      given: JSON.stringify(nameOrPath),
      allowed: `must be one of ${boardNames().join(', ')}, or the path of a .json`,
      hint: 'docs/boards.md says what such a file holds',
    });
  }
  const file = isPath ? nameOrPath : `hw-profiles/boards/${nameOrPath}.json`;
  let text: string;
  try {
    text = readFileSync(isPath ? nameOrPath : `${FOLDER}${nameOrPath}.json`, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const given = error instanceof Error ? error.message : String(error);
    throw new BoardError([{ where: file, given, allowed: 'must be JSON' }]);
  }
  return checkBoard(json, file);
}
