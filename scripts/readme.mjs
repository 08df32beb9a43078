// Put the tables that commands wrote into README.md and the pages of docs/: npm run readme
// A table goes between <!-- table:NAME ... --> and <!-- /table:NAME -->.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The Markdown table of a page, its list of notes, and the lines that say what made it. */
function tableOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const starting = (prefix) => lines.filter((line) => line.startsWith(prefix));
  const notes = starting('- ');
  return [
    ...starting('|'),
    '',
    ...notes,
    ...(notes.length > 0 ? [''] : []),
    ...starting('halfgate '),
  ].join('\n');
}

const EXPERIMENTS = 'docs/results/experiments';

/** A line for each comparison that `halfgate experiment --out docs/results/experiments` wrote: its checks. */
function experimentTable() {
  if (!existsSync(EXPERIMENTS)) return undefined;
  const rows = readdirSync(EXPERIMENTS)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => {
      const text = readFileSync(`${EXPERIMENTS}/${name}`, 'utf8');
      const [, title] = /^# (.*)$/m.exec(text);
      const count = (status) => text.split(`\n- **${status}**`).length - 1;
      const [passed, failed, missing] = ['passed', 'failed', 'not run'].map(count);
      const [, seeds] = /; seeds? ([\d, ]+);/.exec(text);
      const [, date, size] = /; (\d{4}-\d\d-\d\d); size (\w+)/.exec(text);
      const cells = [
        `[${name.replace('.md', '')}](${EXPERIMENTS}/${name})`,
        title,
        size,
        seeds,
        `${passed} of ${passed + failed}${missing > 0 ? `, ${missing} not run` : ''}`,
        date,
      ];
      return `| ${cells.join(' | ')} |`;
    });
  if (rows.length === 0) return undefined;
  const header =
    '| experiment | | size | seeds | checks passed | date |\n|---|---|---|---|---|---|';
  return `${header}\n${rows.join('\n')}`;
}

if (existsSync('runs/demo/summary.md'))
  copyFileSync('runs/demo/summary.md', 'docs/results/demo.md');

/** Tables of docs/results/ by the page that shows them. */
const TABLES = {
  'README.md': ['demo', 'warpeace', 'training-summary', 'sparse'],
  'docs/verify.md': ['mutation'],
};

function put(text, name, table) {
  const place = new RegExp(`(<!-- table:${name}[^>]*-->\n)[^]*?(<!-- /table:${name} -->)`);
  return text.replace(place, (_, before, after) => `${before}\n${table}\n\n${after}`);
}

for (const [page, names] of Object.entries(TABLES)) {
  let text = readFileSync(page, 'utf8');
  for (const name of names) {
    const file = `docs/results/${name}.md`;
    if (existsSync(file)) text = put(text, name, tableOf(file));
    else console.log(`${file} is not there: its table stays as it is`);
  }
  const experiments = experimentTable();
  if (experiments !== undefined) text = put(text, 'experiments', experiments);
  writeFileSync(page, text);
}
