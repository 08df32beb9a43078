// Put the tables that commands wrote into README.md: npm run readme
// A table goes between <!-- table:NAME ... --> and <!-- /table:NAME -->.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The Markdown table of a page, with the line that says what made it. */
function tableOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, n) => n > first && !line.startsWith('|'));
  const made = lines.filter((line) => line.startsWith('halfgate '));
  return [...lines.slice(first, end), '', ...made].join('\n');
}

let readme = readFileSync('README.md', 'utf8');
for (const [name, file] of Object.entries({
  demo: 'docs/results/demo.md',
  warpeace: 'docs/results/warpeace.md',
})) {
  if (!existsSync(file)) {
    console.log(`${file} is not there: its table stays as it is`);
    continue;
  }
  const place = new RegExp(`(<!-- table:${name}[^>]*-->\n)[^]*?(<!-- /table:${name} -->)`);
  readme = readme.replace(place, (_, before, after) => `${before}\n${tableOf(file)}\n\n${after}`);
}
writeFileSync('README.md', readme);
