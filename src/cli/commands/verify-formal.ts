/** `verify --formal`: proofs instead of simulation. */
import { counterexampleText } from '../../formal/counterexample.js';
import { proveDesign, type FormalReport, type UnitProof } from '../../formal/formal.js';
import type { WidthProof } from '../../formal/widths.js';
import type { Design } from '../../design/design.js';
import { describeCase, randomCases } from '../../verify/random.js';
import type { Scheme } from '../../quant/scheme.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { pace } from '../progress.js';
import { openRun } from '../run-choice.js';
import { withDesign } from '../stages/plan.js';
import { tableText } from '../table.js';
import { type DesignFlags, schemesOf, stageOptions } from './shared.js';

export interface FormalFlags extends DesignFlags {
  /** Seconds of one proof. */
  readonly limit: number;
}

interface NamedReport extends FormalReport {
  /** What the design is: a scheme of the run, or a random design. */
  readonly of: string;
}

const STATUS_TEXT = {
  proved: 'proved',
  failed: 'FAILED',
  unfinished: 'not proved in time',
} as const;

function methodText({ method, steps, cut }: UnitProof): string {
  if (method === 'enumeration') return 'every value read';
  const unrolled = method === 'combinational' ? '' : `, ${steps} cycles`;
  const how = method === 'unrolled' ? 'SAT from any state' : `SAT, ${method}`;
  return `${how}${unrolled}${cut.length > 0 ? `, ${cut.join(' and ')} cut out` : ''}`;
}

function unitsText(proofs: readonly UnitProof[]): string {
  const rows = proofs.map((proof) => [
    `${proof.unit}: ${proof.claim}`,
    STATUS_TEXT[proof.status],
    proof.seconds.toFixed(1),
    methodText(proof),
    proof.parameters,
  ]);
  return tableText(['unit: property', 'verdict', 'seconds', 'method', 'parameters'], rows);
}

function widthsText(widths: readonly WidthProof[]): string {
  const rows = widths.map(({ where, what, bound, bits, width, status }) => [
    `${where}: ${what}`,
    STATUS_TEXT[status],
    String(bound),
    String(bits),
    String(width),
    width > bits ? String(width - bits) : '',
  ]);
  const header = [
    'no sequence of any length overflows',
    'verdict',
    'bound',
    'bits',
    'has',
    'spare',
  ];
  return tableText(header, rows);
}

function failuresText({ of, units, widths }: NamedReport): string[] {
  const ofUnits = units
    .filter(({ status }) => status !== 'proved')
    .flatMap((proof) => {
      const { unit, parameters, claim, status, counterexample, reason } = proof;
      const shown = counterexample ? counterexampleText(counterexample) : [];
      return [
        `${of}: ${unit} ${parameters}: ${claim}: ${STATUS_TEXT[status]}${reason ? `: ${reason}` : ''}`,
        ...shown.map((line) => `    ${line}`),
      ];
    });
  const ofWidths = widths
    .filter(({ status }) => status !== 'proved')
    .map(
      ({ where, what, bound, bits, width, note }) =>
        `${of}: ${where}: ${what} reach ${bound}, which takes ${bits} bits; the design has ${width}` +
        (note === undefined ? '' : ` (${note})`),
    );
  return [...ofUnits, ...ofWidths];
}

function tell(context: Context, run: string | undefined, reports: readonly NamedReport[]): void {
  // Designs share units: those of all of them once.
  const units = [
    ...new Map(
      reports.flatMap((report) =>
        report.units.map(
          (proof) => [`${proof.unit} ${proof.claim} ${proof.parameters}`, proof] as const,
        ),
      ),
    ).values(),
  ];
  const parts = [unitsText(units)];
  for (const { of, widths } of reports) parts.push(`${of}\n${widthsText(widths)}`);
  const all = [...units, ...reports.flatMap(({ widths }) => widths)];
  const proved = all.filter(({ status }) => status === 'proved').length;
  const notCovered = [...new Set(reports.flatMap((report) => report.notCovered))].sort();
  parts.push(
    `${proved} of ${all.length} proved, ${reports[0]?.tool ?? ''}; left to cosimulation: ${notCovered.join(', ')}`,
  );
  context.result({ ...(run === undefined ? {} : { run }), designs: reports }, parts.join('\n\n'));
  if (reports.some(({ passed }) => !passed)) {
    throw new StageFailure(
      ['not everything is proved', ...reports.flatMap(failuresText)].join('\n  '),
    );
  }
}

/** Proves designs one after the other, and no unit twice. */
class Prover {
  readonly #done = new Map<string, UnitProof>();

  constructor(
    private readonly context: Context,
    private readonly limitSeconds: number,
  ) {}

  async prove(of: string, design: Design): Promise<NamedReport> {
    const { context, limitSeconds } = this;
    const left = pace();
    const report = await proveDesign(design, {
      ...{ limitSeconds, signal: context.signal, done: this.#done },
      onStart: (what, done, total) =>
        context.progress.update(done / total, `${of}: ${what}`, left(done / total)),
    });
    return { of, ...report };
  }
}

export async function proveRun(flags: FormalFlags, context: Context): Promise<void> {
  const run = openRun(flags.run);
  const prover = new Prover(context, flags.limit);
  const reports: NamedReport[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const prove = (design: Design): Promise<NamedReport> => prover.prove(scheme, design);
    reports.push(await withDesign(run, scheme, stageOptions(flags), prove));
  }
  tell(context, run.path, reports);
}

export async function proveRandom(
  { limit }: FormalFlags,
  count: number,
  seed: number,
  scheme: string | Scheme | undefined,
  context: Context,
): Promise<void> {
  const prover = new Prover(context, limit);
  const reports: NamedReport[] = [];
  for (const drawn of randomCases(seed, count, scheme, context.signal)) {
    reports.push(await prover.prove(describeCase(drawn), drawn.design));
  }
  tell(context, undefined, reports);
}
