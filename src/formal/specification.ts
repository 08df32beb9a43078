/** The specifications of units: rtl-specs/*.v, each a module that holds its unit and says what it must do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../package-root.js';

const FOLDER = path.join(fileURLToPath(packageRoot()), 'rtl-specs');

/** A module's parameters as Yosys writes them: bits, the highest first, or the text of a string. */
export type Parameters = Readonly<Record<string, string>>;

/** The text of a file of rtl-specs/. */
export function specSource(file: string): string {
  return readFileSync(path.join(FOLDER, file), 'utf8');
}

/** Names of the parameters that a specification takes of its unit. */
export function specParameters(text: string): string[] {
  const names = text.matchAll(/\bparameter\s+(?:signed\s+)?(?:\[[^;]*?\]\s*)?(\w+)\s*=/g);
  return [...names].map(([, name]) => name);
}

/** Names that a specification declares signed, for what is shown of a counterexample. */
export function signedNames(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, list] of text.matchAll(/\bsigned\s+(?:\[[^\]]*\]\s*)?([\w, ]+)/g)) {
    for (const name of list.split(',')) names.add(name.trim());
  }
  for (const [, name] of text.matchAll(/\binteger\s+(\w+)/g)) names.add(name);
  return names;
}

const isBits = (value: string): boolean => /^[01]+$/.test(value);

/** A parameter as a number: plain ones are 32 bits, signed. */
export function parameterNumber(value: string): number {
  return Number(
    value.length === 32 ? BigInt.asIntN(32, BigInt(`0b${value}`)) : BigInt(`0b${value}`),
  );
}

/** A parameter as Verilog. */
export function parameterLiteral(value: string): string {
  if (!isBits(value)) return `"${value.trimEnd()}"`;
  return `${value.length}'${value.length === 32 ? 's' : ''}b${value}`;
}

/** A parameter for people. */
export function parameterText(value: string): string {
  if (!isBits(value)) return `"${value.trimEnd()}"`;
  return value.length === 32
    ? String(parameterNumber(value))
    : `${value.length}'h${BigInt(`0b${value}`).toString(16)}`;
}
