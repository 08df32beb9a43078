// Put the tables that commands wrote into README.md: npm run readme
// A table goes between <!-- table:NAME ... --> and <!-- /table:NAME -->.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

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

if (existsSync('runs/demo/summary.md'))
  copyFileSync('runs/demo/summary.md', 'docs/results/demo.md');

let readme = readFileSync('README.md', 'utf8');
for (const name of ['demo', 'warpeace', 'training-summary']) {
  const file = `docs/results/${name}.md`;
  if (!existsSync(file)) {
    console.log(`${file} is not there: its table stays as it is`);
    continue;
  }
  const place = new RegExp(`(<!-- table:${name}[^>]*-->\n)[^]*?(<!-- /table:${name} -->)`);
  readme = readme.replace(place, (_, before, after) => `${before}\n${tableOf(file)}\n\n${after}`);
}
writeFileSync('README.md', readme);
