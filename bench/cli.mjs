// The command line, for benchmarks: runs it with --json and gives what it prints.
import { spawn } from 'node:child_process';

export function halfgate(...args) {
  const line = ['bin/halfgate.mjs', ...args.map(String), '--json'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, line, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`halfgate ${args.join(' ')}: exit code ${code}`));
    });
  });
}
