/** ReportData -> one HTML page that needs nothing else: no request, no script. */
import { gantt } from './gantt.js';
import { capacityBars, curvePlot, type ScatterPoint, scatterPlot, stackedBars } from './plots.js';
import type { Amount, ReportData, SchemeReport, Source } from './report-data.js';
import { escapeText, grouped } from './svg.js';
import { STYLE } from './page-style.js';

/** Colour of a scheme, the same in every plot. */
function colorOf(data: ReportData, scheme: SchemeReport): number {
  return data.schemes.indexOf(scheme);
}

function badge(source: Source): string {
  const detail =
    source.kind === 'golden' ? 'golden integer model (float: real arithmetic)' : source.by;
  const error =
    source.kind === 'estimated' && source.error !== undefined ? `, ${source.error}` : '';
  const word = source.kind === 'golden' ? 'exact' : source.kind;
  return `<span class="badge ${word}">${word}</span> <span class="by">${escapeText(detail + error)}</span>`;
}

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly (string | undefined)[];
  readonly source: Source;
}

/** Energy of one step in pJ, all parts. */
function energyOf(scheme: SchemeReport): number | undefined {
  return scheme.estimated?.energyPj?.reduce((sum, { value }) => sum + value, 0);
}

function decimals(value: number | undefined, digits: number): string | undefined {
  return value === undefined ? undefined : value.toFixed(digits);
}

function whole(value: number | undefined): string | undefined {
  return value === undefined ? undefined : grouped(value);
}

function tableRows(data: ReportData): Row[] {
  const { schemes, measure, sources } = data;
  const each = (value: (scheme: SchemeReport) => string | undefined): (string | undefined)[] =>
    schemes.map(value);
  const simulator: Source = { kind: 'exact', by: 'simulator, equal to the Verilog' };
  const counted: Source = { kind: 'exact', by: 'counted' };
  const rows: Row[] = [
    {
      name: measure.name,
      unit: `${measure.unit}, test data`,
      values: each((s) => decimals(s.accuracy, measure.digits)),
      source: { kind: 'golden' },
    },
    { name: 'Parameters', unit: '', values: each((s) => whole(s.parameters)), source: counted },
    {
      name: 'Weights',
      unit: 'bytes in hardware',
      values: each((s) => whole(s.weightBytes)),
      source: counted,
    },
    { name: 'Array', unit: 'rows x columns', values: each((s) => s.array), source: counted },
    {
      name: 'Cycles per step',
      unit: 'steady state',
      values: each((s) => decimals(s.cyclesPerStep, 1)),
      source: simulator,
    },
    {
      name: 'Utilization',
      unit: 'of the array',
      values: each((s) =>
        s.utilization === undefined ? undefined : `${(100 * s.utilization).toFixed(1)} %`,
      ),
      source: simulator,
    },
  ];
  const { synthesis, placement, energy, estimate } = sources;
  if (synthesis !== undefined) {
    rows.push(
      {
        name: 'LUT',
        unit: '4-input',
        values: each((s) => whole(s.measured?.luts)),
        source: synthesis,
      },
      { name: 'FF', unit: '', values: each((s) => whole(s.measured?.ffs)), source: synthesis },
      {
        name: 'BRAM',
        unit: 'blocks',
        values: each((s) => whole(s.measured?.brams)),
        source: synthesis,
      },
      {
        name: 'DSP',
        unit: 'blocks',
        values: each((s) => whole(s.measured?.dsps)),
        source: synthesis,
      },
      {
        name: 'LUT without DSP blocks',
        unit: 'multipliers in logic',
        values: each((s) => whole(s.measured?.lutsWithoutDsp)),
        source: synthesis,
      },
    );
  }
  if (estimate !== undefined) {
    const luts = each((s) => whole(s.estimated?.luts));
    rows.push({ name: 'LUT', unit: 'by the cost model', values: luts, source: estimate });
  }
  if (placement !== undefined) {
    rows.push(
      {
        name: 'Fmax',
        unit: 'MHz',
        values: each((s) => decimals(s.measured?.fmaxMhz, 1)),
        source: placement,
      },
      {
        name: 'Steps per second',
        unit: 'at Fmax, all columns',
        values: each((s) => whole(s.stepsPerSecond)),
        source: placement,
      },
    );
  }
  if (energy !== undefined) {
    rows.push({
      name: 'Energy per step',
      unit: 'nJ',
      values: each((s) => {
        const value = energyOf(s);
        return value === undefined ? undefined : (value / 1000).toPrecision(3);
      }),
      source: energy,
    });
  }
  return rows.filter(({ values }) => values.some((value) => value !== undefined));
}

function table(data: ReportData): string {
  const head = data.schemes
    .map(
      (scheme) =>
        `<th><i style="background:var(--series-${colorOf(data, scheme)})"></i>${escapeText(scheme.scheme)}</th>`,
    )
    .join('');
  const body = tableRows(data)
    .map(({ name, unit, values, source }) => {
      const cells = values
        .map(
          (value) =>
            `<td>${value === undefined ? '<span class="none">&ndash;</span>' : escapeText(value)}</td>`,
        )
        .join('');
      return `<tr><th>${escapeText(name)} <small>${escapeText(unit)}</small></th>${cells}<td class="source">${badge(source)}</td></tr>`;
    })
    .join('\n');
  return `<div class="scroll"><table><thead><tr><th></th>${head}<th class="source">Where it comes from</th></tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function card(title: string, text: string, body: string): string {
  return `<section class="card"><h2>${escapeText(title)}</h2><p>${text}</p>${body}</section>`;
}

function trainingCard(data: ReportData): string[] {
  const trained = data.schemes.filter(({ training }) => training !== undefined);
  if (trained.length === 0) return [];
  const curves = trained.map((scheme) => ({
    name: scheme.scheme,
    color: colorOf(data, scheme),
    points: scheme.training!.curve,
    marks: scheme.training!.validations,
  }));
  const text = `Running training loss; dots are validations. Quantized schemes train through their own integers.`;
  return [
    card(
      'Training',
      text,
      curvePlot('Training loss over steps', 'optimizer step', data.measure.lossUnit, curves),
    ),
  ];
}

function cyclesCard(data: ReportData): string[] {
  const simulated = data.schemes.filter(({ cycles }) => cycles !== undefined);
  if (simulated.length === 0) return [];
  const parts = simulated[0].cycles!.map(({ name }) => name);
  const bars = simulated.map(({ scheme, cycles, utilization = 0, cyclesPerStep = 0 }) => ({
    name: scheme,
    note: `${cyclesPerStep.toFixed(1)} cycles per step, array ${(100 * utilization).toFixed(1)} % busy`,
    parts: cycles!.map(({ value }) => value),
  }));
  const text =
    'What the array does in each cycle; the simulator\u2019s count equals the Verilog\u2019s.';
  return [
    card(
      'Cycles',
      text,
      stackedBars('Cycle breakdown', 'cycles of the simulated run', parts, bars),
    ),
  ];
}

function timelineCard(data: ReportData): string[] {
  return data.schemes.flatMap(({ scheme, timeline }) =>
    timeline === undefined
      ? []
      : [
          card(
            `One step: ${scheme}`,
            `${grouped(timeline.cycles)} cycles in the steady state, cycle by cycle as the simulator has them.`,
            gantt(timeline),
          ).replace('class="card"', 'class="card wide"'),
        ],
  );
}

function resourceCard(data: ReportData): string[] {
  const measured = data.schemes.filter(
    (scheme) => scheme.measured !== undefined && scheme.measured.resources.length > 0,
  );
  const { placement } = data.sources;
  if (measured.length === 0 || placement === undefined) return [];
  const used = ({ measured: found }: SchemeReport, name: string): number =>
    found?.resources.find((resource) => resource.name === name)?.used ?? 0;
  const groups = measured[0]
    .measured!.resources.filter(({ name }) => measured.some((scheme) => used(scheme, name) > 0))
    .map(({ name, available }) => ({
      name,
      available,
      bars: measured.map((scheme) => ({
        name: scheme.scheme,
        color: colorOf(data, scheme),
        used: used(scheme, name),
      })),
    }));
  const series = measured.map((scheme) => ({ name: scheme.scheme, color: colorOf(data, scheme) }));
  const title = `Resources of the ${data.device ?? 'device'}`;
  return [
    card(
      title,
      `The whole design, placed and routed. ${badge(placement)}`,
      capacityBars(title, groups, series),
    ),
  ];
}

function energyCard(data: ReportData): string[] {
  const known = data.schemes.filter(({ estimated }) => estimated?.energyPj !== undefined);
  const { energy } = data.sources;
  if (known.length === 0 || energy === undefined) return [];
  const parts = known[0].estimated!.energyPj!.map(({ name }) => name);
  const bars = known.map((scheme) => ({
    name: scheme.scheme,
    note: `${(energyOf(scheme)! / 1000).toPrecision(3)} nJ per step`,
    parts: scheme.estimated!.energyPj!.map(({ value }) => value / 1000),
  }));
  return [
    card(
      'Energy',
      `Counted actions times energy per action. ${badge(energy)}`,
      stackedBars('Energy per step', 'nJ per step', parts, bars),
    ),
  ];
}

/** A tree that opens where one wants to know more; needs no script. */
function amountTree(root: Amount, show: (amount: number) => string): string {
  const row = ({ name, amount }: Amount): string =>
    `<span class="amount-name">${escapeText(name)}</span><span class="amount">${show(amount)}</span>` +
    `<span class="amount share">${((100 * amount) / root.amount).toFixed(1)} %</span>`;
  const node = (item: Amount, isOpen: boolean): string =>
    item.children.length === 0
      ? `<div class="leaf">${row(item)}</div>`
      : `<details${isOpen ? ' open' : ''}><summary>${row(item)}</summary><div class="branch">` +
        `${item.children.map((child) => node(child, false)).join('')}</div></details>`;
  return `<div class="tree">${node(root, true)}</div>`;
}

function attributionCard(data: ReportData): string[] {
  const { energy } = data.sources;
  if (energy === undefined) return [];
  return data.schemes.flatMap(({ scheme, estimated }) => {
    const attribution = estimated?.attribution;
    if (attribution === undefined) return [];
    const nanojoules = (pj: number): string => `${(pj / 1000).toPrecision(3)} nJ`;
    return [
      card(
        `Where it goes: ${scheme}`,
        `By layer and gate; every entry is the sum of what it is made of. Energy of a step: ${badge(energy)}`,
        amountTree(attribution.energyPj, nanojoules) + amountTree(attribution.cycles, grouped),
      ),
    ];
  });
}

function scatterCard(data: ReportData): string[] {
  const { name, unit, digits, isLowerBetter } = data.measure;
  const points = data.schemes.flatMap((scheme): ScatterPoint[] => {
    // Without DSP blocks: what sits in one is no smaller for it.
    const { measured, estimated } = scheme;
    const luts = measured?.lutsWithoutDsp ?? measured?.luts ?? estimated?.luts;
    if (luts === undefined) return [];
    const isEstimate = scheme.measured === undefined;
    return [
      {
        name: scheme.scheme,
        color: colorOf(data, scheme),
        x: luts,
        y: scheme.accuracy,
        isEstimate,
      },
    ];
  });
  if (points.length === 0) return [];
  const better = `Better is ${isLowerBetter ? 'down' : 'up'} and to the left.`;
  const outline = points.some(({ isEstimate }) => isEstimate)
    ? ' Outlined points are estimated.'
    : '';
  return [
    card(
      'Accuracy and area',
      `${better}${outline}`,
      scatterPlot(
        'Accuracy over LUTs',
        'LUT, multipliers in logic',
        `${name} (${unit})`,
        points,
        digits,
      ),
    ),
  ];
}

function verificationCard(data: ReportData): string[] {
  const verified = data.schemes.filter(({ verification }) => verification !== undefined);
  const { verification: source } = data.sources;
  if (verified.length === 0 || source === undefined) return [];
  const rows = verified.map(({ scheme, verification: v }) => {
    const isGood = v!.bitMismatches + v!.cycleMismatches === 0;
    const mark = isGood ? '<b class="good">equal</b>' : '<b class="bad">differs</b>';
    const cells = [
      v!.hiddenChecked + v!.resultsChecked,
      v!.bitMismatches,
      v!.cycles,
      v!.cycleMismatches,
    ].map((value) => `<td>${grouped(value)}</td>`);
    return `<tr><th>${escapeText(scheme)}</th><td>${mark}</td>${cells.join('')}</tr>`;
  });
  const head = ['', 'Verilog', 'values', 'wrong', 'cycles', 'wrong']
    .map((name) => `<th>${name}</th>`)
    .join('');
  const body = `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const text = `The emitted Verilog itself, on test data: every hidden value and every result against the golden integer model, every result\u2019s cycle against the simulator. ${badge(source)}`;
  return [card('Verification', text, body)];
}

function provenanceCard(data: ReportData): string {
  const rows = data.provenance
    .map(
      ([name, value]) =>
        `<tr><th>${escapeText(name)}</th><td class="text">${escapeText(value)}</td></tr>`,
    )
    .join('');
  return `<section class="card wide"><h2>Provenance</h2><div class="scroll"><table class="facts"><tbody>${rows}</tbody></table></div></section>`;
}

/** The same data gives the same bytes. */
export function reportPage(data: ReportData): string {
  const { title, dataset, generator } = data;
  const notes = dataset.notes.map((note) => `<li>${escapeText(note)}</li>`).join('');
  const cards = [
    trainingCard,
    scatterCard,
    cyclesCard,
    resourceCard,
    energyCard,
    attributionCard,
    verificationCard,
  ].flatMap((make) => make(data));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(title)}</h1>
<p>${escapeText(dataset.name)}: ${escapeText(dataset.summary)}</p>
${notes === '' ? '' : `<ul>${notes}</ul>`}
</header>
<section class="card wide"><h2>Summary</h2>
${table(data)}
<p class="key"><span class="badge measured">measured</span> by a tool, with its version. <span class="badge estimated">estimated</span> by a model, with its error. <span class="badge exact">exact</span> by construction: the golden model and the simulator compute what the hardware does.</p>
</section>
<div class="grid">
${cards.join('\n')}
</div>
${timelineCard(data).join('\n')}
${provenanceCard(data)}
<footer>${escapeText(generator)}</footer>
</main>
</body>
</html>
`;
}
