/**
 * Cells that a leaf instantiates by name, under another name while Yosys maps multiplications: `synth_ice40 -dsp` takes an
 * SB_MAC16 that it finds for one of its own and sets it to 16 x 16 bits (YosysHQ/yosys, issue 2922).
 */

/** The macro by which leaves know the cell, where there is one; without it they describe what it does. */
const MACRO = 'HG_SB_MAC16';
const CELL = 'SB_MAC16';
const HIDDEN = 'HG_MAC16';

export interface HiddenCells {
  /** Commands before the sources are read. */
  readonly before: readonly string[];
  /** With which they are read. */
  readonly defines: Readonly<Record<string, string>>;
  /** After synthesis, before the netlist is written. */
  readonly after: string;
}

/** Macros as options of Yosys' `read_verilog`, each with a space behind it. */
export function defineFlags(defines: Readonly<Record<string, string>>): string {
  return Object.entries(defines)
    .map(([name, value]) => `-D${name}=${value} `)
    .join('');
}

/** What a Yosys script for a UP5K with DSP blocks needs; undefined where no source has such a cell. */
export function hiddenCells(files: Readonly<Record<string, string>>): HiddenCells | undefined {
  if (!Object.values(files).some((text) => text.includes(`\`ifdef ${MACRO}`))) return undefined;
  return {
    before: ['read_verilog -D ICE40_U -lib +/ice40/cells_sim.v', `copy ${CELL} ${HIDDEN}`],
    defines: { [MACRO]: HIDDEN },
    after: `chtype -set ${CELL} t:${HIDDEN}`,
  };
}
