#!/usr/bin/env node
// Runs dist/src/cli/main.js; in a clone that was not built yet, installs and builds first.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/src/cli/main.js', import.meta.url);
const bootstrap = new URL('../scripts/bootstrap.mjs', import.meta.url);

async function start() {
  if (!existsSync(fileURLToPath(main))) {
    if (!existsSync(fileURLToPath(bootstrap))) {
      throw new Error('dist/ is missing from the installed package; run: npm install halfgate');
    }
    await (await import(bootstrap.href)).bootstrap();
  }
  return (await import(main.href)).main(process.argv.slice(2));
}

try {
  process.exitCode = await start();
} catch (error) {
  process.stderr.write(`halfgate: ${error.message}\n`);
  process.exitCode = 1;
}
