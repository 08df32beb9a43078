import type { SeriesCase } from '../model/dataset.js';

/** The cases of one series file, before statistics and splits. */
export interface SeriesFile {
  readonly path: string;
  readonly channels: number;
  /** Names of the channels where the file gives them. */
  readonly channelNames?: readonly string[] | undefined;
  readonly classes: readonly string[];
  readonly cases: readonly SeriesCase[];
}

/** `path:line:column`, columns counted in cells or characters as the format says. */
export function at(path: string, line: number, column?: number): string {
  return column === undefined ? `${path}:${line}` : `${path}:${line}:${column}`;
}

/** A decimal number, or undefined for anything else: no blanks, no hexadecimal, no infinity. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) && Math.abs(value) < 3.4e38 ? value : undefined;
}

/** How files write a value that was not observed. */
export function isMissing(text: string): boolean {
  return /^(|\?|nan|na|null|none)$/i.test(text);
}

/** Longer values are cut in error messages. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
}
