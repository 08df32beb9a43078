/** Parsers for option values: each refuses with the option's name, what was given and what is allowed. */
import { UserError } from '../errors.js';

function refuse(name: string, given: string, allowed: string): never {
  throw new UserError({ where: name, given: JSON.stringify(given), allowed });
}

export function integer(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text.trim()) && value >= min && value <= max) return value;
    return refuse(name, text, `must be an integer in ${min}..${max}`);
  };
}

export function number(name: string, above: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > above && value <= max) return value;
    return refuse(name, text, `must be a number above ${above} and at most ${max}`);
  };
}

export function choice<T extends string>(name: string, values: readonly T[]): (text: string) => T {
  return (text) =>
    values.find((value) => value === text) ??
    refuse(name, text, `must be one of ${values.join(', ')}`);
}

/** `80/10/10` -> [0.8, 0.1, 0.1]; whether it adds up is for the loader to say. */
export function split(name: string): (text: string) => [number, number, number] {
  return (text) => {
    const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part) / 100));
    if (parts.length === 3 && parts.every(Number.isFinite))
      return parts as [number, number, number];
    return refuse(name, text, 'must be three percentages such as 80/10/10');
  };
}

/** `a,b` -> [one('a'), one('b')] */
export function list<T>(one: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((part) => one(part.trim()));
}
