import { describe, expect, test } from 'vitest';
import { durationText, pace, progressLine, streamProgress } from '../../src/cli/progress.js';
import { siText, tableText } from '../../src/cli/table.js';

describe('progress', () => {
  test('says percent, what and time left', () => {
    expect(progressLine(0.421, 'train int8', 75)).toBe(' 42 %  train int8, 1:15 min left');
    expect(progressLine(1, 'done', NaN)).toBe('100 %  done');
    expect([durationText(59.4), durationText(3600), durationText(7380)]).toEqual([
      '59 s',
      '1:00 h',
      '2:03 h',
    ]);
  });

  test('a terminal has one updating line, other outputs a line every five seconds', () => {
    let time = 0;
    let text = '';
    const write = (part: string): void => void (text += part);
    const terminal = streamProgress({ isTTY: true, columns: 20, write }, () => time);
    terminal.update(0, 'a long line of progress', NaN);
    time += 200;
    terminal.update(0.5, 'b', NaN);
    terminal.note('hello');
    expect(text).toBe('\r\x1b[K  0 %  a long line \r\x1b[K 50 %  b\r\x1b[Khello\n');
    text = '';
    const plain = streamProgress({ write }, () => time);
    for (const fraction of [0, 0.1, 0.2]) {
      plain.update(fraction, 'c', NaN);
      time += 2600;
    }
    expect(text).toBe('  0 %  c\n 20 %  c\n');
  });

  test('time left follows the pace since the first call', () => {
    let time = 0;
    const left = pace(() => time);
    expect(left(0.5)).toBeNaN();
    time = 10_000;
    expect(left(0.75)).toBe(10);
  });
});

test('tables align the first column left and the others right', () => {
  expect(
    tableText(
      ['name', 'n'],
      [
        ['a', '10'],
        ['longer', '7'],
      ],
    ),
  ).toBe('name     n\n------  --\na       10\nlonger   7');
});

test('SI prefixes keep three digits', () => {
  expect([siText(5.204e-9, 'J'), siText(12345, 'Hz'), siText(0, 'W'), siText(NaN, 'W')]).toEqual([
    '5.2 nJ',
    '12.3 kHz',
    '0 W',
    '-',
  ]);
});
