/** The results of an experiment for docs/: tables, checks, and the command that makes them again. */
import type { CheckResult, Results } from './results.js';
import {
  checkDetail,
  madeText,
  metricText,
  roundTable,
  runTable,
  sourceText,
  type Table,
} from './table.js';

function tableLines({ header, rows }: Table): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
  return [line(header), `| --- |${' ---: |'.repeat(header.length - 1)}`, ...rows.map(line)];
}

function checkLine(check: CheckResult): string {
  const detail = checkDetail(check);
  return `- **${check.status}**: ${check.claim}: \`${check.expression}\`${detail === '' ? '' : `, that is ${detail}`}`;
}

/** `plot`: the name of the SVG beside it. The same results give the same bytes. */
export function resultsMarkdown(results: Results, plot: string): string {
  const { title, data, paper, checks, notes, made } = results;
  const rounds = roundTable(results);
  const lines = [
    `# ${title}`,
    '',
    `${sourceText(results)}. Data: ${data.name}, ${data.summary}. Figures: ${metricText(results)}; of the golden`,
    'integer model where the scheme is quantized.',
    '',
    ...tableLines(runTable(results)),
    '',
    ...(rounds === undefined ? [] : [...tableLines(rounds), '']),
    `![${title}](${plot})`,
    '',
    ...(checks.length === 0 ? [] : [...checks.map(checkLine), '']),
    ...paper.map(({ heading, source }) => `Column "${heading}": ${source}.`),
    ...notes,
    ...(paper.length + notes.length === 0 ? [] : ['']),
    `${madeText(results)}; regenerate: \`${made.command}\``,
  ];
  return `${lines.join('\n')}\n`;
}
