/** Colours by the reader's setting, light or dark. */
export const COLORS = `
:root {
  --page: #f6f7f9; --card: #ffffff; --ink: #1a2029; --soft: #5b6675; --rule: #e3e7ec; --capacity: #edf0f4;
  --series-0: #7a8594; --series-1: #2f6fde; --series-2: #e0662b; --series-3: #1d9a6c; --series-4: #9153c9;
  --part-0: #2f6fde; --part-1: #e9a23b; --part-2: #c9517a; --part-3: #1d9a6c; --part-4: #9153c9;
  --part-5: #4fb3c8; --part-6: #8d99a8; --part-7: #b98b5e;
  --good: #14804f; --bad: #c02b2b;
  --measured: #14804f; --estimated: #a45a00; --exact: #2a5fc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa6b5; --rule: #2c3440; --capacity: #262e39;
    --series-0: #98a4b3; --series-1: #6ba1ff; --series-2: #ff9461; --series-3: #4cc596; --series-4: #bf8bef;
    --part-0: #5c92f0; --part-1: #d79a3c; --part-2: #d26a8f; --part-3: #3bb285; --part-4: #a97bdc;
    --part-5: #5bbdd1; --part-6: #8d99a8; --part-7: #b98b5e;
    --good: #4cc596; --bad: #ff7d7d;
    --measured: #4cc596; --estimated: #f0b35c; --exact: #8ab4ff;
  }
}
`;

/** The page's style sheet. */
export const STYLE = `${COLORS}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 36px 20px 48px; }
header { margin: 0 4px 24px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 4px; }
header p { margin: 0; color: var(--soft); }
header ul { margin: 6px 0 0; padding-left: 18px; color: var(--soft); font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 20px 22px; }
.card > p { margin: 0 0 14px; color: var(--soft); font-size: 13.5px; }
.card > p.key { margin: 16px 0 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 18px; margin: 18px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; font-weight: 400; }
tbody tr:last-child th, tbody tr:last-child td { border-bottom: 0; }
thead th { color: var(--soft); font-size: 13px; font-weight: 600; }
th:first-child { text-align: left; padding-left: 0; }
tbody th small { color: var(--soft); font-size: 12.5px; margin-left: 4px; }
thead i { display: inline-block; width: 9px; height: 9px; border-radius: 3px; margin-right: 7px; }
td.source, th.source { text-align: left; padding-left: 26px; padding-right: 0; }
td.source { font-size: 13px; white-space: normal; min-width: 300px; }
td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts th { color: var(--soft); padding-right: 24px; vertical-align: top; }
.facts { font-size: 13.5px; }
.none { color: var(--soft); }
.by { color: var(--soft); }
.badge { font-size: 11.5px; font-weight: 600; padding: 1px 8px; border-radius: 9px; border: 1px solid currentColor; }
.badge.measured { color: var(--measured); } .badge.estimated { color: var(--estimated); } .badge.exact { color: var(--exact); }
.good { color: var(--good); } .bad { color: var(--bad); }
svg { display: block; width: 100%; height: auto; font-family: inherit; }
svg text { fill: var(--ink); font-size: 12px; }
svg .tick { fill: var(--soft); font-size: 11.5px; }
svg .axis-name { fill: var(--soft); font-size: 12px; }
svg .bar-name { font-size: 13px; font-weight: 600; }
svg .on-bar { fill: #ffffff; font-size: 11.5px; font-weight: 600; }
svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg .reference { stroke-dasharray: 6 4; }
svg .mark { stroke: var(--card); stroke-width: 1.2; }
svg .capacity { fill: var(--capacity); }
.tree { font-size: 13px; font-variant-numeric: tabular-nums; margin-top: 10px; }
.tree summary, .tree .leaf { display: flex; gap: 12px; padding: 3px 0; border-bottom: 1px solid var(--rule); }
.tree summary { cursor: pointer; list-style: none; } .tree summary::-webkit-details-marker { display: none; }
.tree summary .amount-name::before { content: "+ "; color: var(--soft); } .tree details[open] > summary .amount-name::before { content: "\u2212 "; }
.tree .leaf .amount-name { padding-left: 12px; } .tree .branch { padding-left: 16px; }
.amount-name { flex: 1; } .amount { color: var(--soft); min-width: 76px; text-align: right; } .amount.share { min-width: 60px; }
footer { color: var(--soft); font-size: 12.5px; margin: 18px 4px 0; }
@media print { body { background: #fff; } .card { break-inside: avoid; } }
`;
