/** The results of an experiment as one HTML page that needs nothing else. */
import { STYLE } from '../report/page-style.js';
import { escapeText } from '../report/svg.js';
import { plots } from './plot.js';
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

const OWN_STYLE = `
.checks { margin: 0; padding-left: 18px; }
svg { max-width: 720px; }
svg .base { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 3; }
svg .mean { fill: var(--ink); }
`;

const VERDICTS: Readonly<Record<CheckResult['status'], string>> = {
  passed: 'good',
  failed: 'bad',
  'not run': 'none',
};

function tableHtml({ header, rows }: Table): string {
  const cells = (name: string, texts: readonly string[]): string =>
    texts.map((text) => `<${name}>${escapeText(text)}</${name}>`).join('');
  const body = rows.map(
    ([first, ...rest]) => `<tr>${cells('th', [first])}${cells('td', rest)}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr>${cells('th', header)}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function card(title: string, text: string, body: string): string {
  const under = text === '' ? '' : `<p>${escapeText(text)}</p>`;
  return `<section class="card wide"><h2>${escapeText(title)}</h2>${under}${body}</section>`;
}

function checksCard({ checks }: Results): string[] {
  if (checks.length === 0) return [];
  const items = checks.map((check) => {
    const { claim, expression, status } = check;
    const detail = checkDetail(check);
    const verdict = `<b class="${VERDICTS[status]}">${status}</b>`;
    const by = escapeText(`${expression}${detail === '' ? '' : `: ${detail}`}`);
    return `<li>${verdict}: ${escapeText(claim)}<br><span class="by">${by}</span></li>`;
  });
  return [card('Checks', '', `<ul class="checks">${items.join('')}</ul>`)];
}

/** The same results give the same bytes. */
export function resultsPage(results: Results): string {
  const { title, data, paper, notes, made } = results;
  const rounds = roundTable(results);
  const about = [...paper.map(({ heading, source }) => `${heading}: ${source}.`), ...notes];
  const cards = [
    card('Results', `${metricText(results)}.`, tableHtml(runTable(results))),
    card('Plot', 'A dot per seed, a bar for the mean.', plots(results).join('')),
    ...(rounds === undefined ? [] : [card('Rounds', 'Means over the seeds.', tableHtml(rounds))]),
    ...checksCard(results),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${STYLE}${OWN_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(title)}</h1>
<p>${escapeText(`${sourceText(results)}. Data: ${data.name}, ${data.summary}.`)}</p>
<ul>${about.map((text) => `<li>${escapeText(text)}</li>`).join('')}</ul>
</header>
<div class="grid" style="grid-template-columns: minmax(0, 1fr)">
${cards.join('\n')}
</div>
<footer>${escapeText(madeText(results))}; regenerate: <code>${escapeText(made.command)}</code></footer>
</main>
</body>
</html>
`;
}
