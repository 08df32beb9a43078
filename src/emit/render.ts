/** Handlebars, compiled so that a missing name is an error and Verilog's `<=` stays what it is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import Handlebars from 'handlebars';
import { packageRoot } from '../package-root.js';

export const TEMPLATE_DIRECTORY = path.join(fileURLToPath(packageRoot()), 'rtl-templates');

/** The text of a file of rtl-templates/. */
export function templateSource(file: string): string {
  return readFileSync(path.join(TEMPLATE_DIRECTORY, file), 'utf8');
}

/** Fill rtl-templates/`file` with a view-model in which every field is present. */
export function render(file: string, view: object): string {
  const template = Handlebars.compile(templateSource(file), {
    strict: true,
    noEscape: true,
    knownHelpersOnly: true,
  });
  return template(view);
}
