/**
 * One HTML file that shows a report to people: it needs no script, no network and no other file, and whatever a candidate wrote stands in
 * it as text.
 */
import {
  countedCases,
  countText,
  durationText,
  excludedCount,
  NO_FIGURE,
  percentText,
  pointsIntervalText,
  pointsText,
  verdictWords,
} from '../plain-figures.ts';
import type { Report, RoleTotals } from '../report.ts';
import { EMPTY, markup, markupLines, type Markup } from './markup.ts';
import {
  checksSection,
  clippedName,
  differenceSection,
  flipsSection,
  latencySection,
  metricsSection,
  monitorsSection,
  regressionsSection,
  section,
} from './sections.ts';
import { REPORT_STYLE } from './style.ts';

/**
 * Nothing may be loaded and nothing may run, should a text ever find a way out of its place.
 *
 * @internal
 */
export const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
/** Characters of a block of JSON; lines of reasons and notes. */
const JSON_MAX = 20_000;
const LINES_MAX = 20;

/**
 * The page.
 *
 * @returns HTML5, UTF-8, of bounded size: texts are cut at 2,000 characters, tables at 500 rows.
 * @public
 */
export function renderHtml(report: Report): string {
  const { word } = verdictWords(report.decision.verdict);
  const { html } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${word}: ${clippedName(report.task)} – guard report</title>
<style>${{ kind: 'markup', html: REPORT_STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the report</a>
${headerOf(report)}
<main id="content">
${whySection(report)}${regressionsSection(report)}${differenceSection(report)}${latencySection(report)}${flipsSection(report)}${checksSection(report)}${monitorsSection(report)}${metricsSection(report)}${notesSection(report)}${replaySection(report)}${provenanceSection(report)}</main>
<footer><p>Run ${clippedName(report.job_metadata.run_id)}. Report of shape ${report.schema_version}, made by Bulkhead guard. This page loads nothing and runs nothing.</p></footer>
</body>
</html>
`;
  return html;
}

function headerOf(report: Report): Markup {
  const { verdict, reason } = report.decision;
  const { word, sign, meaning } = verdictWords(verdict);
  return markup`<header>
<p class="kicker">Guard report · ${clippedName(report.timing.started_at)}</p>
<h1>${clippedName(report.task)}</h1>
<div class="verdict ${verdict}"><strong><span aria-hidden="true">${sign}</span> ${word}</strong><span>${meaning} ${sentence(reason)}</span></div>
${essentials(report)}
</header>`;
}

function essentials(report: Report): Markup {
  const excluded = excludedCount(report);
  const rows = [
    essential('Baseline', percentText(report.baseline.pass_rate), roleWords(report.baseline)),
    essential('Candidate', percentText(report.candidate.pass_rate), roleWords(report.candidate)),
    essential('Difference', pointsText(report.delta_pass_rate), pointsIntervalText(report.delta_ci)),
    essential('Flips', countText(report.flip_count), `${countText(report.pairs.only_baseline)} from pass to fail`),
    essential('Cases', countText(countedCases(report)), `${countText(excluded)} count for nobody`),
    essential('Took', durationText(report.timing.duration_ms), `seed ${report.seed}`),
  ];
  return markup`<dl class="essentials">${rows}</dl>`;
}

function essential(name: string, value: string, small: string): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
}

/** Never a rate alone: what it is worth stands with it. */
function roleWords({ pass_interval, failure_bound }: RoleTotals): string {
  if (failure_bound !== null) return `failures below ${percentText(failure_bound)}`;
  return pass_interval === null
    ? 'no case counted'
    : `${percentText(pass_interval[0])} to ${percentText(pass_interval[1])}`;
}

function whySection({ decision }: Report): Markup {
  const shown = decision.reasons.slice(0, LINES_MAX).map((reason) => markup`<li>${sentence(reason)}</li>`);
  const { policy, alpha_spent, looks } = decision.provenance;
  const more =
    decision.reasons.length > LINES_MAX
      ? ` ${decision.reasons.length - LINES_MAX} further reasons are in the report.`
      : '';
  const needed =
    decision.cases_needed === null
      ? ''
      : ` About ${countText(decision.cases_needed)} more cases would settle it at the rates seen.`;
  const lead = `By policy ${clippedName(policy)}, with an error of ${percentText(alpha_spent)} over ${looks === 1 ? 'one look' : `all ${countText(looks)} looks`}.${needed}${more}`;
  return section('Why', lead, markup`<ol class="reasons">${shown}</ol>`);
}

function notesSection(report: Report): Markup {
  const flaky = report.flaky.map(
    ({ case_id, roles }) => `${clippedName(case_id)} answered otherwise when asked again: ${roles.join(', ')}`,
  );
  const faults = report.faults.map((fault) => `No fault of an implementation: ${fault}`);
  const notes = [...faults, ...flaky];
  if (notes.length === 0) return EMPTY;
  const shown = notes.slice(0, LINES_MAX).map((note) => markup`<li>${note}</li>`);
  const more = notes.length > LINES_MAX ? ` The first ${LINES_MAX} of ${notes.length}.` : '';
  return section('Notes', `What is held against nobody, and should be seen.${more}`, markup`<ul>${shown}</ul>`);
}

function replaySection({ replay, seed }: Report): Markup {
  const facts = [
    ['file of cases', replay.cases_file ?? NO_FIGURE],
    ['its SHA-256', replay.cases_sha256 ?? NO_FIGURE],
    ['seed', String(seed)],
  ] as const;
  const command = replay.command === null ? EMPTY : markup`<pre tabindex="0">${replay.command}</pre>`;
  const lead = 'The decision is computed again from the report, and from the file of cases where it is there.';
  return section('How to replay', lead, markup`${command}${factsOf(facts)}`);
}

function provenanceSection(report: Report): Markup {
  const { config, hashes } = report;
  const facts = [
    ['baseline', hashes.baseline],
    ['candidate', hashes.candidate],
    ['task', report.spec_fingerprint],
    ['executors', `${clippedName(config.executor.baseline)} and ${clippedName(config.executor.candidate)}`],
    ['function', clippedName(config.func)],
    ['limits', `${config.timeout_s} s, ${config.mem_mb} MiB`],
    [
      'mode',
      `${config.mode}, ${config.repeats === 1 ? 'one run' : `${config.repeats} runs`} of a case, ${config.mode === 'fixed' ? 'every case' : 'until it was decided'}`,
    ],
    ['cases', clippedName(config.cases)],
    ['run', clippedName(report.job_metadata.run_id)],
  ] as const;
  const blocks = [
    ['Policy', report.policy],
    ['Environment', report.environment],
    ['Provenance', report.provenance],
    ['Configuration', config],
    ['Models', report.llm_metrics],
    ['Trust', report.trust_scores],
    ['Adaptive', report.adaptive],
    ['Looks', report.sequential],
    ['Job', report.job_metadata],
    ['Monitors in full', report.monitors],
  ] as const;
  const details = blocks
    .filter(([, value]) => value !== null)
    .map(([name, value]) => markup`<details><summary>${name}</summary>${jsonBlock(value)}</details>\n`);
  return section(
    'Provenance',
    'What was compared, and where. Hashes are SHA-256.',
    markup`${factsOf(facts)}${details}`,
  );
}

function factsOf(facts: readonly (readonly [name: string, value: string])[]): Markup {
  return markup`<dl class="facts">${facts.map(([name, value]) => markup`<dt>${name}</dt><dd class="mono">${value}</dd>`)}</dl>`;
}

function jsonBlock(value: unknown): Markup {
  return markup`<pre tabindex="0">${markupLines(JSON.stringify(value, undefined, 2), JSON_MAX)}</pre>`;
}

/** With a capital and a full stop. */
function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) || first === '' ? first : `${first}.`;
}
