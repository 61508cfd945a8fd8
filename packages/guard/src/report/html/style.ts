/**
 * How the page looks: one column, quiet colours that hold a contrast of at least 4.5 for text, by day, by night and on paper. Pictures are
 * drawn in per cent of the width, so that their words keep their size on a phone.
 */

/**
 * The style sheet; it has no text of a report in it.
 *
 * @internal
 */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfaf7; --surface: #ffffff; --ink: #1b2126; --muted: #56606a; --rule: #e3e0d9; --grid: #ecebe6;
  --baseline: #7a8591; --candidate: #0f6e84; --bar: #a4440f;
  --adopt: #17643a; --adopt-soft: #e4f2e9; --reject: #9c2b21; --reject-soft: #fbe8e5; --open: #6b4e00; --open-soft: #f9efd2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #13171a; --surface: #191e22; --ink: #e4e8eb; --muted: #a3aeb8; --rule: #2c3338; --grid: #252b30;
    --baseline: #94a2b0; --candidate: #56bfd5; --bar: #f0a06b;
    --adopt: #8fd6aa; --adopt-soft: #16301f; --reject: #f3a79c; --reject-soft: #3a1b17; --open: #e8c76a; --open-soft: #33290e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main, footer { max-width: 1040px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
main { padding-bottom: 24px; }
footer { padding-top: 20px; padding-bottom: 40px; color: var(--muted); font-size: 14px; border-top: 1px solid var(--rule); }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 4px 0 0; font-weight: 650; }
h2 { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; margin: 0 0 4px; font-weight: 650; }
h3 { font-size: 15px; margin: 20px 0 6px; font-weight: 600; }
p { margin: 0 0 12px; max-width: 72ch; }
a { color: var(--candidate); }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
pre { margin: 0; padding: 14px 16px; background: var(--surface); border: 1px solid var(--rule); border-radius: 8px; overflow-x: auto; white-space: pre-wrap; }
.kicker { color: var(--muted); font-size: 14px; margin: 0; }
.lead { color: var(--muted); }
.verdict { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: baseline; margin: 22px 0 0; padding: 16px 20px; border-radius: 12px; border: 1px solid transparent; }
.verdict strong { font-size: 22px; letter-spacing: -0.01em; white-space: nowrap; }
.verdict span { flex: 1 1 260px; }
.adopt { color: var(--adopt); background: var(--adopt-soft); }
.reject { color: var(--reject); background: var(--reject-soft); }
.inconclusive { color: var(--open); background: var(--open-soft); }
.verdict.adopt, .verdict.reject, .verdict.inconclusive { border-color: currentColor; }
.essentials { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1px; margin: 20px 0 0; padding: 0; background: var(--rule); border: 1px solid var(--rule); border-radius: 12px; overflow: hidden; }
.essentials div { background: var(--surface); padding: 14px 16px; }
.essentials dt { color: var(--muted); font-size: 13px; }
.essentials dd { margin: 2px 0 0; font-size: 21px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.essentials small { display: block; font-size: 13px; line-height: 1.4; font-weight: 400; letter-spacing: 0; color: var(--muted); }
section { padding: 34px 0 0; }
section > .lead { margin-bottom: 14px; }
ol.reasons { margin: 8px 0 0; padding-left: 22px; }
ol.reasons li { margin: 0 0 6px; }
figure { margin: 12px 0 0; padding: 16px 18px 12px; background: var(--surface); border: 1px solid var(--rule); border-radius: 12px; }
figcaption { color: var(--muted); font-size: 14px; margin-top: 8px; }
svg { display: block; width: 100%; overflow: visible; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-variant-numeric: tabular-nums; }
svg text { fill: var(--ink); paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
svg .quiet { fill: var(--muted); font-size: 12px; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .zero { stroke: var(--muted); stroke-width: 1; }
svg .bar { stroke: var(--bar); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg .bar-word { fill: var(--bar); font-size: 12px; }
svg .describe { stroke: var(--baseline); stroke-width: 3; stroke-linecap: round; }
svg .decide { stroke: var(--candidate); stroke-width: 6; stroke-linecap: round; }
svg .point { fill: var(--surface); stroke-width: 2; }
svg .baseline-fill { fill: var(--baseline); } svg .candidate-fill { fill: var(--candidate); }
svg .baseline-line { stroke: var(--baseline); } svg .candidate-line { stroke: var(--candidate); }
svg .mark { stroke: var(--ink); stroke-width: 1; opacity: 0.75; }
.scroll { overflow-x: auto; margin: 12px 0 0; background: var(--surface); border: 1px solid var(--rule); border-radius: 12px; }
.scroll:focus-visible { outline: 2px solid var(--candidate); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
.wide table { min-width: 720px; }
caption { text-align: left; padding: 12px 16px 8px; color: var(--muted); }
th, td { text-align: left; vertical-align: top; padding: 8px 16px; border-top: 1px solid var(--rule); }
thead th { color: var(--muted); font-weight: 500; font-size: 13px; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 6em; } tbody th:nth-last-child(2) { min-width: 9.5em; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
td.answer { max-width: 300px; min-width: 130px; }
.tag { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 13px; font-weight: 600; white-space: nowrap; background: var(--grid); color: var(--ink); }
.tag.adopt { background: var(--adopt-soft); color: var(--adopt); } .tag.reject { background: var(--reject-soft); color: var(--reject); } .tag.inconclusive { background: var(--open-soft); color: var(--open); }
details { margin: 12px 0 0; } summary { cursor: pointer; font-weight: 600; } details > pre, details > .scroll { margin-top: 10px; }
dl.facts { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 4px 20px; margin: 12px 0 0; font-size: 14px; }
dl.facts dt { color: var(--muted); } dl.facts dd { margin: 0; }
.skip { position: absolute; left: -9999px; } .skip:focus { position: static; }
@media (max-width: 560px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 24px; }
  h1 { font-size: 25px; }
  figure { padding: 12px 12px 10px; }
  table { font-size: 13px; } th, td { padding: 8px 6px; } caption { padding: 12px 6px 8px; } thead th.figure { white-space: normal; } tbody th { min-width: 6.6em; } td.figure:last-child:nth-child(2) { white-space: normal; } thead th { white-space: normal; }
  svg .minor { display: none; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: 8px; }
}
@media print {
  :root { --page: #ffffff; --surface: #ffffff; }
  body { font-size: 11pt; } header { padding-top: 0; } section { padding-top: 20px; }
  figure, tr, .verdict, .essentials { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; } .wide table { min-width: 0; } .skip { display: none; }
}
`;
