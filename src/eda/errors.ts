/** Lines of a tool's log kept with an error. */
const LOG_TAIL_LINES = 20;

export interface EdaErrorDetails {
  /** What failed: `yosys`, `nextpnr-ice40`, `verilator`, `iverilog`, or `rtl-sim` for our simulator. */
  readonly tool: string;
  /** Which step of it: `load`, `elaborate`, `compile`, `place and route`, `run`... */
  readonly stage: string;
  /** Whole log of the tool, or as much as there is; only its last lines are kept. */
  readonly log?: string;
  readonly cause?: unknown;
}

/** A tool, or our compilation of what a tool gave us, failed. The message ends with the log's tail. */
export class EdaError extends Error {
  readonly tool: string;
  readonly stage: string;
  /** The last lines the tool printed; empty when it printed nothing. */
  readonly logTail: readonly string[];

  constructor(problem: string, details: EdaErrorDetails) {
    const tail = lastLines(details.log ?? '', LOG_TAIL_LINES);
    const heading = `${details.tool}, ${details.stage}: ${problem}`;
    super(
      tail.length > 0 ? `${heading}\n${tail.map((line) => `  | ${line}`).join('\n')}` : heading,
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.name = 'EdaError';
    this.tool = details.tool;
    this.stage = details.stage;
    this.logTail = tail;
  }
}

/** The last `count` lines that are not blank. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count);
}
