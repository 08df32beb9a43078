import { describe, expect, test } from 'vitest';
import { reportPage } from '../../src/report/page.js';
import { ticks } from '../../src/report/svg.js';
import { sampleReport } from './sample.js';

describe('report page', () => {
  const page = reportPage(sampleReport);

  test('needs nothing from elsewhere: no script, no request', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
  });

  test('has every plot, table and the provenance', () => {
    for (const title of [
      'Summary',
      'Training',
      'Accuracy and area',
      'Cycles',
      'Resources of the iCE40 UP5K',
      'Energy',
      'Verification',
      'Provenance',
    ]) {
      expect(page).toContain(`<h2>${title}</h2>`);
    }
    expect(page.match(/<svg/g)).toHaveLength(5);
  });

  test('every row of the summary says where its figures come from', () => {
    const summary = /<h2>Summary<\/h2>([\s\S]*?)<\/table>/.exec(page)![1];
    const rows = summary.match(/<tr><th>[A-Z]/g)!;
    expect(summary.match(/class="badge (exact|measured|estimated)"/g)).toHaveLength(rows.length);
    expect(summary).toContain('yosys (npm) 0.55');
    expect(summary).toContain('assumed within a factor of 2');
  });

  test('says where cycles and energy go, in trees that open', () => {
    expect(page).toContain('<h2>Where it goes: ');
    expect(page).toContain('<details open><summary><span class="amount-name">energy</span>');
    expect(page).toMatch(/gate &lt;f&gt;<\/span>.*?50\.0 %/);
  });

  test('names are escaped, numbers are numbers', () => {
    const evil = { ...sampleReport, title: '<b>&"' };
    expect(reportPage(evil)).toContain('<title>&lt;b&gt;&amp;&quot;</title>');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('a run with nothing but a model still has a page', () => {
    const { scheme, parameters, accuracy } = sampleReport.schemes[0];
    const bare = { ...sampleReport, schemes: [{ scheme, parameters, accuracy }], sources: {} };
    expect(reportPage(bare)).not.toMatch(/NaN|undefined|<svg/);
  });

  test('the same data gives the same bytes', () => {
    expect(reportPage(sampleReport)).toBe(page);
  });
});

test('ticks are round and cover the range', () => {
  expect(ticks(0, 9.7, 5)).toEqual([0, 2, 4, 6, 8]);
  expect(ticks(1.78, 1.9, 6)).toEqual([1.78, 1.8, 1.82, 1.84, 1.86, 1.88, 1.9]);
});
