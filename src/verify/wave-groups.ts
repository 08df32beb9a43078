/** Signals of a design as a viewer shows them: groups along the way of the data, and GTKWave's file of them. */
import type { SimulatorSignal } from '../eda/rtl-sim.js';

/** Group -> what belongs to it; the first that matches has a signal. Others are in the dump alone. */
const GROUPS: readonly (readonly [string, RegExp])[] = [
  [
    'stream in',
    /^(u_input_place\.\w+|s_axis_\w+|u_stream_in\.\w+|load(_\w+)?|x_(full|last|release|buffer)|rst_i)$/,
  ],
  [
    'stream out',
    /^(m_axis_\w+|u_(stream_out|results)\.\w+|result_(taken|last|write)|result|(head|lstm)_done|class_\d+)$/,
  ],
  [
    'schedule',
    /^(u_sequencer\.\w+|(issue|tile|group|operand)_\w+|token|weight_load\w*|flush\w*|weight_addr\w*)$/,
  ],
  [
    'array',
    /^(acts|psums|u_row_\d+\.act_o|u_array\..*)$|^u_column_\d+\.(issue_\w+|act_q|acts|clears|clear_q|valid_q|g_row\[\d+\]\.u_pe\.(acc_o|act_i|weight_i|clear_i))$/,
  ],
  [
    'drain',
    /^(u_(drain|tags)\.\w+|sums?(_\w+)?|g_sums\[\d+\]\.u_sums\.\w+|drain_\w+|row_addr|row_\w+|u_column_\d+\.(drain_\w+|picked|acc_q|sum\w*|u_combine\.\w+))$/,
  ],
  [
    'lane',
    /^(h_write\w*|u_lane\..*|u_hidden_place\.\w+)$|^u_column_\d+\.(h_write\w*|class_o|u_lane\..*)$/,
  ],
];

/** In the order in which a viewer shows them. */
export const WAVE_GROUPS = [
  'stream in',
  'schedule',
  'array',
  'drain',
  'lane',
  'stream out',
] as const;
export type WaveGroup = (typeof WAVE_GROUPS)[number];

/** `a.b2` before `a.b10`. */
function inOrder(a: SimulatorSignal, b: SimulatorSignal): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

export function groupSignals(
  signals: readonly SimulatorSignal[],
): Readonly<Record<WaveGroup, readonly SimulatorSignal[]>> {
  const groups = Object.fromEntries(WAVE_GROUPS.map((name) => [name, []])) as unknown as Record<
    WaveGroup,
    SimulatorSignal[]
  >;
  for (const signal of [...signals].sort(inOrder)) {
    const found = GROUPS.find(([, pattern]) => pattern.test(signal.name));
    if (found !== undefined) groups[found[0] as WaveGroup].push(signal);
  }
  return groups;
}

/** GTKWave's flags of a line: of a bit, of a number in hexadecimal, of where groups begin and end. */
const FLAGS = { bit: '@28', word: '@22', begin: '@800200', end: '@1000200' };

/**
 * A save file of GTKWave (Surfer opens it as well): the signals of each group.
 * @param dump file name of the waves, beside it
 * @param scope of the design in them: `top`, or `tb_top.dut`
 */
export function gtkwSave(dump: string, scope: string, signals: readonly SimulatorSignal[]): string {
  const groups = groupSignals(signals);
  const lines = [`[dumpfile] "${dump}"`, '[timestart] 0', `[treeopen] ${scope}.`];
  lines.push(FLAGS.bit, `${scope}.clk_i`);
  for (const group of WAVE_GROUPS) {
    lines.push(FLAGS.begin, `-${group}`);
    for (const { name, width } of groups[group]) {
      const range = width > 1 ? `[${width - 1}:0]` : '';
      lines.push(width > 1 ? FLAGS.word : FLAGS.bit, `${scope}.${name}${range}`);
    }
    lines.push(FLAGS.end, `-${group}`);
  }
  return `${lines.join('\n')}\n`;
}
