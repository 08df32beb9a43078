/** The folder of a board: Verilog, constraints, build script, README, what to send and what comes back. */
import type { Design } from '../design/design.js';
import { defineFlags, hiddenCells } from '../eda/hidden-cells.js';
import { streamTexts } from '../emit/stream-texts.js';
import { render } from '../emit/render.js';
import { layerSizes } from '../emit/top-view.js';
import { packageVersion } from '../package-root.js';
import type { Board } from './board.js';
import type { BoardNetlist } from './emit-board.js';
import { exchangeText, type Exchange } from './exchange.js';
import { hexBytes, identityMessage, messageSizes } from './protocol.js';

/** Path inside the folder -> text. */
export type BoardFiles = Readonly<Record<string, string>>;

/** Name of the bitstream's file. */
function bitstreamFile({ family }: Board, top: string): string {
  return `${top}.${family.startsWith('ice40') ? 'bin' : 'bit'}`;
}

/** Commands of the build script, run in rtl/. */
function commands(netlist: BoardNetlist): string[] {
  const { board, top, files, sources, coreMhz, constraints, usesDsp } = netlist;
  const bitstream = `../${bitstreamFile(board, top)}`;
  const read = sources.join(' ');
  const place = `--${board.device} --package ${board.package} --json ../${top}.json`;
  if (board.family === 'ecp5') {
    return [
      `yosys -q -p 'read_verilog -defer ${read}; synth_ecp5${usesDsp ? '' : ' -nodsp'} -top ${top} -json ../${top}.json'`,
      `nextpnr-ecp5 ${place} --lpf ../${constraints.file} --freq ${coreMhz} --textcfg ../${top}.config`,
      `ecppack --compress ../${top}.config ${bitstream}`,
    ];
  }
  const family = board.family === 'ice40-up5k' ? 'u' : 'hx';
  const isUp5k = board.family === 'ice40-up5k' && usesDsp;
  const hidden = isUp5k ? hiddenCells(files) : undefined;
  const synth = `synth_ice40 -device ${family}${isUp5k ? ' -dsp' : ''} -top ${top}`;
  const script = hidden
    ? `${hidden.before.join('; ')}; read_verilog -defer ${defineFlags(hidden.defines)}${read}; ${synth}; ${hidden.after}; write_json ../${top}.json`
    : `read_verilog -defer ${read}; ${synth} -json ../${top}.json`;
  return [
    `yosys -q -p '${script}'`,
    `nextpnr-ice40 ${place} --pcf ../${constraints.file} --freq ${coreMhz} --asc ../${top}.asc`,
    `icepack ../${top}.asc ${bitstream}`,
  ];
}

function script(netlist: BoardNetlist): { file: string; text: string } {
  const { board, top, constraints } = netlist;
  const bitstream = bitstreamFile(board, top);
  if (board.family !== 'xc7') {
    const view = { commands: commands(netlist), bitstream };
    return { file: 'build.sh', text: render('board_build.sh.hbs', view) };
  }
  const view = {
    ...{ part: `${board.device}${board.package}`, module: top },
    ...{ constraints: constraints.file, bitstream },
  };
  return { file: 'build.tcl', text: render('board_vivado.tcl.hbs', view) };
}

function memoryNote({ family }: Board): string {
  if (family !== 'ice40-up5k') return 'Weights are part of the bitstream, in block RAM or LUTs.';
  return (
    "Weights are part of the bitstream, in block RAM or LUTs. The device's four SPRAM blocks take no part: their\n" +
    'contents cannot be part of a bitstream.'
  );
}

function ledNote({ leds }: Board): string {
  return [
    ...(leds.ready ? ['One LED is lit while there is room for a step.'] : []),
    ...(leds.error
      ? [
          'Another is lit after the host sent too early, or a byte that begins nothing; `52` puts it out.',
        ]
      : []),
  ].join(' ');
}

/**
 * Everything but the bitstream.
 * @param figures lines about size and clock for the README
 */
export function boardProject(
  design: Design,
  netlist: BoardNetlist,
  exchange: Exchange,
  figures: readonly string[],
): BoardFiles {
  const { board, top, designId, constraints, baud } = netlist;
  const { beatBytes, beats, resultBytes } = messageSizes(design);
  const build = script(netlist);
  const stepBytes = beatBytes * beats;
  const readme = render('board_README.md.hbs', {
    ...{ top: design.name, module: top, description: board.description, id: designId },
    version: packageVersion(),
    purpose:
      `A ${design.scheme.name} LSTM with ${layerSizes(design)} units and a head ` +
      (design.headOutput === 'value' ? 'of one value.' : `of ${design.classes} classes.`),
    figures,
    constraints: constraints.file,
    source: board.source,
    script: build.file,
    program: board.program.replace('{bitstream}', bitstreamFile(board, top)),
    memoryNote: memoryNote(board),
    baud: String(baud),
    ...{ stepBytes: String(stepBytes), beatBytes: String(beatBytes) },
    resultBytes: String(resultBytes),
    idBytes: hexBytes(identityMessage(designId).slice(1)),
    resync: String(stepBytes + 1),
    ledNote: ledNote(board),
    ...streamTexts(design),
  });
  const files: Record<string, string> = { 'README.md': readme };
  files['files.f'] = `${netlist.sources.map((file) => `rtl/${file}`).join('\n')}\n`;
  for (const [file, text] of Object.entries(netlist.files)) files[`rtl/${file}`] = text;
  files[constraints.file] = constraints.text;
  files[build.file] = build.text;
  files['exchange.txt'] = exchangeText(exchange);
  return files;
}
