/** The page of the comparison: tables from the measurements, and what has to be said beside them. */

const mhz = (value) => value.toFixed(1);

/** Time of a step at the clock that was reached. */
const microseconds = ({ cyclesPerStep, area }) =>
  area.fmaxMhz === undefined ? undefined : cyclesPerStep / area.fmaxMhz;

/** Simulated hardware against the integers of the model that generated it; theirs also netlist against VHDL. */
function agreement({ different, values, cycleMismatches, netlistDifferent }) {
  const equal = (count, of) => (count === 0 ? `all ${of} equal` : `${count} of ${of} differ`);
  const rest =
    cycleMismatches === undefined
      ? `netlist ${netlistDifferent === 0 ? 'as VHDL' : `differs from VHDL in ${netlistDifferent}`}`
      : `cycles ${cycleMismatches === 0 ? 'equal' : `differ in ${cycleMismatches}`}`;
  return `${equal(different, values)}, ${rest}`;
}

function row(entry) {
  const { who, scheme, rows, cyclesPerStep, area, xc7 } = entry;
  const time = microseconds(entry);
  const [low, high] = area.fmaxRange ?? [];
  const cells = [
    scheme === undefined ? `elasticai.creator ${who}` : `**halfgate** ${scheme}, ${rows} rows`,
    Number.isInteger(cyclesPerStep) ? cyclesPerStep : cyclesPerStep.toFixed(1),
    ...[area.luts, area.ffs, area.brams, area.dsps],
    area.fmaxMhz === undefined
      ? 'does not fit'
      : `${mhz(area.fmaxMhz)} (${mhz(low)}..${mhz(high)})`,
    time === undefined ? '-' : time.toFixed(1),
    time === undefined ? '-' : ((area.luts * time) / 1000).toFixed(1),
    `${xc7.luts + xc7.lutRam} / ${xc7.ffs} / ${xc7.brams} / ${xc7.dsps}`,
    agreement(entry),
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEADER = [
  'design',
  'cycles/step',
  'LUT',
  'FF',
  'BRAM',
  'DSP',
  'Fmax MHz',
  'us/step',
  'LUT x ms/step',
  'xc7 LUT / FF / BRAM / DSP',
  'values against own model',
];

const METRICS = [
  ['cycles/step', ({ cyclesPerStep }) => cyclesPerStep],
  ['LUT', ({ area }) => area.luts],
  ['FF', ({ area }) => area.ffs],
  ['BRAM', ({ area }) => area.brams],
  ['DSP', ({ area }) => area.dsps],
  ['us/step', (entry) => microseconds(entry) ?? Infinity],
  ['xc7 LUT', ({ xc7 }) => xc7.luts + xc7.lutRam],
  ['xc7 FF', ({ xc7 }) => xc7.ffs],
  ['xc7 BRAM', ({ xc7 }) => xc7.brams],
  ['xc7 DSP', ({ xc7 }) => xc7.dsps],
];

/** Where theirs needs less, beside each of ours. */
function theirsBetter([theirs, ...ours]) {
  return ours
    .map((entry) => {
      const less = METRICS.filter(([, of]) => of(theirs) < of(entry)).map(([name]) => name);
      return `${less.length === 0 ? 'nothing' : less.join(', ')} beside ${entry.scheme} with ${entry.rows} rows`;
    })
    .join('; ');
}

function table({ kind, hidden, inputs, family, rows }) {
  const [theirs] = rows;
  const overflow = theirs.area.tooMuch;
  const note = overflow === undefined ? '' : `\nTheirs does not fit the ${family}: ${overflow}.\n`;
  return `## ${kind === 'fixed' ? 'Fixed point' : 'Integers'}: ${hidden} units, ${inputs} input${inputs === 1 ? '' : 's'}, ${family}

| ${HEADER.join(' | ')} |
|${'---|'.repeat(HEADER.length)}
${rows.map(row).join('\n')}

Theirs needs less of: ${theirsBetter(rows)}.
${note}`;
}

function other(theirCase) {
  const {
    kind,
    hidden,
    inputs,
    pipeline,
    unroll,
    cyclesPerStep,
    different,
    values,
    refused,
    stopped,
  } = theirCase;
  const how =
    kind === 'integer' ? (pipeline ? `pipeline, unroll ${unroll}` : 'plain') : 'fixed point';
  const said = refused ?? stopped;
  const cells = [
    ...[kind, how, hidden, inputs],
    Number.isFinite(cyclesPerStep) ? cyclesPerStep : '-',
    Number.isFinite(cyclesPerStep) ? `${different} of ${values}` : 'not simulated',
    said === undefined ? '-' : `\`${said.trim()}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Tools of the measurements, from the first that is there. */
function tools(tables) {
  const [first] = tables.flatMap(({ rows }) => rows.filter(({ area }) => area.pnr !== undefined));
  return first === undefined ? '' : `${first.area.yosys}; ${first.area.pnr}`;
}

/** @returns {string} docs/results/elastic-ai.md */
export function page({ tables, others, versions, seed }) {
  return `# Beside elasticai.creator

[elasticai.creator](https://github.com/es-ude/elastic-ai.creator) (University of Duisburg-Essen, MIT) generates VHDL of
quantized LSTMs for small FPGAs. Its designs and ours of the same size, 8 bits, through the same synthesis and the same
place and route. Its VHDL is made by its own package, simulated by GHDL, and turned into Verilog by GHDL. How to run it:
[bench/peers/elastic-ai](../../bench/peers/elastic-ai/README.md).

Of ours, each table has the smallest arrays as fast as theirs in cycles (within 2 %), and the largest ternary array that
our estimate puts within their LUTs.

${tables.map(table).join('\n')}
- cycles/step: theirs simulated by GHDL; ours by the simulator, which the RTL equals
- LUT, FF, BRAM, DSP: of the iCE40 named; Fmax: median (lowest..highest) of placer seeds 1, 2, 3; us/step at the median
- xc7: synthesis alone (\`synth_xilinx\`), LUTs used as memory among the LUTs; no open place and route, so no clock
- values against own model: simulated hardware against the integers of the model that generated it. Theirs: h of every step
  (fixed point), h after the last of 4 and of 8 steps (integers), in the VHDL, and whether the converted netlist gives the
  same. Ours: every h and result, and the cycle of every result, in the RTL
- measured: ${tools(tables)}

## Other designs of theirs

Tried with untrained weights of seed ${seed}, integer ranges observed on random data; other weights may do better. "Differ": values of h that their simulated hardware and their Python model do not
agree about; "refused": why GHDL could not convert the design.

| design | form | hidden | inputs | cycles/step | differ | refused, or stopped in simulation |
|---|---|---|---|---|---|---|
${others.map(other).join('\n')}

- Their example (\`nn/fixed_point/lstm/example.py\`) stops: \`FirmwareENv5.__init__() missing 3 required positional
  arguments: 'x_num_values', 'y_num_values', and 'id'\`. The network without the firmware is generated.
- The fixed-point \`lstm_network\` takes \`input_size\` for the number of time steps, and its cell reads a single x: with one
  input it is a network of one step. The table's cycles are those of its cell, run step after step as the network would.
- Where units and units + inputs need different address widths (32 units, one input), the network does not elaborate.
- The cycles of designs whose values differ are still those of their state machines; nothing else about them is claimed.

## What differs, and what is fair

- **Theirs does less.** Activations are hard sigmoid and hard tanh, the state is 8 bits; ours has tables for tanh (and, in
  int8, sigmoid), a 16-bit cell state, saturation everywhere. The integer design of theirs ends with h of the last step; ours
  also has the linear output, as does their fixed-point network.
- **Theirs takes x by address** from a memory outside (integers), ours from a stream with back-pressure.
- **Exactness.** The integer pipeline template of theirs agrees with its model bit for bit at the sizes of the tables. Their
  fixed-point hardware does not. Their testbenches assert no value: they print.
- **GHDL stands between.** It drops their \`rom_style\` attributes, so Yosys may use block RAM where they ask for LUTs. What
  GHDL 2.0 cannot convert, or converts wrongly, is replaced by its meaning
  ([for-ghdl.mjs](../../bench/peers/elastic-ai/for-ghdl.mjs), [from-ghdl.mjs](../../bench/peers/elastic-ai/from-ghdl.mjs));
  Verilator then runs the netlists (of the fixed-point network, the cell), and the last column says whether they give the
  values of the VHDL. They aim at Vivado; what it makes of their VHDL was not measured.
- **Half cycles.** Their fixed-point cell reads its memories at the falling edge; its Fmax counts that.
- **No energy.** Ours is estimated from counted actions; theirs has no such count, and our profiles price no LUT without
  one. LUT x time is the proxy that needs no assumption, and it is no energy. Their published figures are on hardware and
  with other tools.
- Weights are random on both sides, so accuracy is not compared.

halfgate ${versions.halfgate}, elasticai.creator ${versions.creator} (torch ${versions.torch}), GHDL ${versions.ghdl}, Verilator ${versions.verilator}, seed ${seed}, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; regenerate: node bench/peers/elastic-ai/run.mjs
`;
}
