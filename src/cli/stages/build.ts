import type { Board } from '../../board/board.js';
import { buildBoard, type BoardBuild } from '../../board/build.js';
import { emitBoard, type BoardNetlist, type BoardOptions } from '../../board/emit-board.js';
import { goldenExchange } from '../../board/exchange.js';
import { boardProject } from '../../board/project.js';
import { simulateBoard } from '../../board/simulate.js';
import type { Design } from '../../design/design.js';
import { recodeAll, withoutDsp } from '../../design/multipliers.js';
import { UserError } from '../../errors.js';
import { writeFolderAtomic } from '../../store/atomic.js';
import type { RunFolder } from '../../store/run-folder.js';
import { datasetInput } from '../../verify/dataset-input.js';
import { testVectors } from '../../verify/golden-run.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { reopenDataset } from './data.js';
import { type DesignOptions, withDesign } from './plan.js';
import { fitError } from './synth.js';

/** A file that every board folder has: a folder with it may be replaced. */
const MARKER = 'files.f';

export interface BuildStageOptions extends DesignOptions, BoardOptions {
  readonly board: Board;
  readonly out?: string | undefined;
  /** Steps of test data that the simulated host sends. */
  readonly steps: number;
  readonly seed: number;
  readonly tool: 'npm' | 'native';
  /** Products in DSP blocks, as the design and the device have them; without, all in LUTs. */
  readonly usesDsp: boolean;
}

export interface Built extends Omit<BoardBuild, 'bitstream'> {
  readonly folder: string;
  readonly board: string;
  readonly top: string;
  readonly designId: string;
  readonly coreMhz: number;
  readonly baud: number;
  /** Path of it; null where there is none. */
  readonly bitstream: string | null;
  /** Of the simulation of the board's top. */
  readonly simulated: { readonly steps: number; readonly results: number; readonly cycles: number };
}

/** What else to do about a design that is too large. */
function larger({ family }: Board): string {
  const spram = 'weights are in BRAM, for SPRAM cannot be part of a bitstream';
  return family === 'ice40-up5k' ? `a larger board; ${spram}` : 'a larger board';
}

/** @throws {UserError} where the placed design is slower than its clock */
function checkTiming(
  { board, coreMhz }: BoardNetlist,
  { fmaxMhz }: BoardBuild,
  rows: number,
): void {
  if (fmaxMhz === undefined || fmaxMhz >= coreMhz) return;
  throw new UserError({
    where: board.name,
    given: `the design reaches ${fmaxMhz.toFixed(2)} MHz`,
    allowed: `it misses its clock of ${coreMhz} MHz`,
    hint: `use --clock ${Math.floor(fmaxMhz)} or less, fewer --rows than ${rows}, or another --seed`,
  });
}

/** Lines about size and clock. */
export function buildFigures({
  resources,
  fmaxMhz,
  tools,
  coreMhz,
}: Pick<Built, 'resources' | 'fmaxMhz' | 'tools' | 'coreMhz'>): string[] {
  const { luts, ffs, brams, dsps, lutRam } = resources;
  const memory = lutRam > 0 ? `, ${lutRam} LUTs as memory` : '';
  const reached = fmaxMhz === undefined ? 'not placed' : `reaches ${fmaxMhz.toFixed(1)} MHz`;
  return [
    `${luts} LUT, ${ffs} FF, ${brams} BRAM, ${dsps} DSP${memory} (measured, ${tools[0]})`,
    `clock ${coreMhz} MHz; ${reached}${fmaxMhz === undefined ? '' : ` (measured, ${tools[tools.length - 1]})`}`,
  ];
}

async function simulateTop(
  design: Design,
  netlist: BoardNetlist,
  exchange: ReturnType<typeof goldenExchange>,
  { signal }: Context,
): Promise<Built['simulated']> {
  const { problems, steps, results, cycles } = await simulateBoard(netlist, exchange, signal);
  if (problems.length > 0) {
    throw new StageFailure(
      `${design.name} on ${netlist.board.name}: the simulated board differs from the model: ${problems.join('; ')}`,
    );
  }
  return { steps, results, cycles };
}

/** Simulate, synthesize, place and route; the folder is written when all of it went well. */
export function buildStage(
  run: RunFolder,
  scheme: string,
  { board, steps, seed, tool, usesDsp, out, ...options }: BuildStageOptions,
  context: Context,
): Promise<Built> {
  return withDesign(run, scheme, options, async (planned) => {
    const isBare = board.family === 'ice40-hx8k';
    const design = !usesDsp ? recodeAll(planned) : isBare ? withoutDsp(planned) : planned;
    const netlist = emitBoard(design, board, { ...options, usesDsp });
    const say = (done: number, note: string): void =>
      context.progress.update(done, `build ${scheme}: ${note}`, NaN);
    say(0.01, "simulating the board's top");
    const batches = datasetInput(design, reopenDataset(run).dataset, steps);
    const exchange = goldenExchange(design, testVectors(design, batches));
    const simulated = await simulateTop(design, netlist, exchange, context);
    const build = await buildBoard(netlist, {
      ...{ tool, seed, signal: context.signal, onProgress: say },
    }).catch((error: unknown) => {
      throw fitError(error, board.name, design, larger(board)) ?? error;
    });
    checkTiming(netlist, build, design.rows);
    const { bitstream, ...figures } = build;
    const { top, designId, coreMhz, baud } = netlist;
    const folder = out ?? run.file(scheme, `board/${board.name}`);
    const built: Built = {
      ...{ folder, board: board.name, top, designId, coreMhz, baud, simulated },
      ...figures,
      bitstream: bitstream === undefined ? null : `${folder}/${bitstream.file}`,
    };
    const files: Record<string, string | Uint8Array> = {
      ...boardProject(design, netlist, exchange, buildFigures(built)),
    };
    if (bitstream !== undefined) files[bitstream.file] = bitstream.data;
    writeFolderAtomic(folder, files, MARKER);
    return built;
  });
}
