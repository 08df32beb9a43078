import { readFileSync } from 'node:fs';

/** The folder that holds package.json, rtl-templates/ and hw-profiles/, from src/ or from dist/src/. */
export function packageRoot(): URL {
  for (const up of ['../', '../../']) {
    const root = new URL(up, import.meta.url);
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
      if ((manifest as { name?: unknown }).name === 'halfgate') return root;
    } catch {
      // Not here: look one folder higher.
    }
  }
  throw new Error(
    'halfgate: package.json was not found above this file; the installation is damaged',
  );
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
