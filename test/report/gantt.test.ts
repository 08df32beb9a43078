import { describe, expect, test } from 'vitest';
import { gantt, ganttFile, type GanttData } from '../../src/report/gantt.js';
import { COLORS } from '../../src/report/page-style.js';

const DATA: GanttData = {
  title: 'One step',
  from: 100,
  cycles: 1000,
  kinds: ['work', 'stall', 'never'],
  tracks: [
    {
      name: 'array <0>',
      bars: [
        { start: 50, cycles: 100, kind: 0 },
        { start: 150, cycles: 10, kind: 1 },
        { start: 160, cycles: 2000, kind: 0 },
        { start: 5000, cycles: 10, kind: 0 },
      ],
    },
  ],
};

describe('the timeline as a picture', () => {
  test('has a bar for each span that is shown, cut where the step begins and ends', () => {
    const bars = [...gantt(DATA).matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    // Two of the legend, three of the track.
    expect(bars).toHaveLength(5);
    const right = Math.max(...bars.map(([, x, width]) => Number(x) + Number(width)));
    expect(right).toBeLessThanOrEqual(1080 - 16);
    const widths = bars.slice(2).map(([, , width]) => Number(width));
    expect(widths[2] / widths[0]).toBeCloseTo(940 / 50, 0);
  });

  test('names what it shows, and nothing else', () => {
    const text = gantt(DATA);
    expect(text).toContain('array &lt;0&gt;');
    expect(text).toContain('>stall<');
    expect(text).not.toContain('never');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('draws what touches and is alike as one where it is too thin to see', () => {
    const bars = Array.from({ length: 5000 }, (_, n) => ({ start: 2 * n, cycles: 1, kind: 0 }));
    const thin = { ...DATA, from: 0, cycles: 10_000, tracks: [{ name: 'a', bars }] };
    expect(gantt(thin).match(/<rect/g)!.length).toBeLessThan(10);
  });

  test('is a file of its own, light and dark', () => {
    const file = ganttFile(DATA, COLORS);
    expect(file).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox/);
    expect(file).toContain('prefers-color-scheme: dark');
    expect(ganttFile(DATA, COLORS)).toBe(file);
  });
});
