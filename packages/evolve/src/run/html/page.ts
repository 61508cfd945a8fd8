/**
 * One HTML file that shows a run to people: it needs no script, no network and no other file, and whatever stands in a program stands in it
 * as text.
 */
import {
  CONTENT_SECURITY_POLICY,
  countText,
  durationText,
  markup,
  markupLines,
  numberText,
  percentText,
  REPORT_STYLE,
  type Markup,
} from '@bulkhead/guard';
import type { RunPromotion, RunReport, RunUsage, RunView } from '../run-report.ts';
import { archivePicture, fitnessPicture, treePicture } from './pictures.ts';

const EMPTY = markup``;
/** Steps of the best line that are shown, the last ones, and characters of each diff. */
const STEPS_MAX = 30;
const DIFF_MAX = 8_000;
const JSON_MAX = 20_000;
const REASONS_MAX = 5;

/**
 * The page.
 *
 * @returns HTML5, UTF-8, of bounded size.
 * @public
 */
export function renderRunHtml(report: RunReport): string {
  const { html } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.name}: evolution report</title>
<style>${{ kind: 'markup', html: REPORT_STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the report</a>
${headerOf(endedView(report))}
<main id="content">
${sectionsOf(report)}</main>
<footer><p>Report of shape ${report.schema_version}, made by Bulkhead evolve. This page loads nothing and runs nothing.</p></footer>
</body>
</html>
`;
  return html;
}

/**
 * What stands in the page of a run as it is now: header and sections, for a page that is there already.
 *
 * @returns HTML of bounded size.
 * @public
 */
export function renderRunView(view: RunView): string {
  return markup`${headerOf(view)}<main id="content">${sectionsOf(view.report)}</main>`.html;
}

/**
 * A run that has ended, as it is looked at.
 *
 * @public
 */
export function endedView(report: RunReport): RunView {
  return { phase: 'done', done: report.evaluations, of: report.evaluations, report };
}

type Shown = RunView['report'];

function sectionsOf(report: Shown): Markup {
  return markup`${fitnessSection(report)}${promotionSection(report)}${lineSection(report)}${treeSection(report)}${archiveSection(report)}${modelsSection(report)}${costSection(report)}${provenanceSection(report)}`;
}

function headerOf(view: RunView): Markup {
  const { report } = view;
  const { look, word, meaning } =
    view.phase === 'done' ? endWords(report) : { look: 'inconclusive', ...phaseWords(view) };
  return markup`<header>
<p class="kicker">Evolution report · seed ${String(report.seed)}</p>
<h1>${report.name}</h1>
<div class="verdict ${look}"><strong>${word}</strong><span>${meaning}</span></div>
${essentials(report)}
</header>`;
}

function phaseWords({ phase, done, of }: RunView): { readonly word: string; readonly meaning: string } {
  const much = `${countText(done)} of ${countText(of)}`;
  if (phase === 'search') return { word: 'Searching', meaning: `${much} evaluations at most.` };
  if (phase === 'control')
    return { word: 'Control', meaning: `The search has ended; ${much} children of the first program alone.` };
  return { word: 'Promotion', meaning: `Winners on cases that nobody saw: ${much} at most are compared.` };
}

function endWords({ is_better, promotion, promotion_enabled }: Shown) {
  if (!is_better)
    return { look: 'inconclusive', word: 'No better program', meaning: 'The first program is still the best.' };
  if (!promotion_enabled)
    return {
      look: 'inconclusive',
      word: 'Better, not promoted',
      meaning: 'No promotion was asked for: a better score may be luck.',
    };
  return promotion?.is_promoted === true
    ? {
        look: 'adopt',
        word: 'Promoted',
        meaning: 'The winner is better than the first program on cases that the search never saw.',
      }
    : {
        look: 'reject',
        word: 'Not promoted',
        meaning: 'What scored better in the search is not shown to be better on fresh cases.',
      };
}

function essentials({ best, start, control, evaluations, ended, lineage_hash, timing, objective }: Shown): Markup {
  const rows = [
    essential('Best', numberText(best.score), `evaluation ${countText(best.evaluation)}`),
    essential('First', numberText(start.score), objective),
    essential('Control', numberText(control?.best ?? null), control === null ? 'there was none' : 'best of as many'),
    essential('Evaluations', countText(evaluations), ended === null ? 'so far' : `ended: ${ended}`),
    essential('Took', durationText(timing.elapsed_ms), 'all of the run'),
    essential('Lineage', lineage_hash.slice(0, 8), 'the same for the same seed'),
  ];
  return markup`<dl class="essentials">${rows}</dl>`;
}

function essential(name: string, value: string, small: string): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}<small>${small}</small></dd></div>`;
}

function section(title: string, lead: string, content: Markup): Markup {
  return markup`<section><h2>${title}</h2><p class="lead">${lead}</p>${content}</section>\n`;
}

function figure(image: Markup, caption: string): Markup {
  return markup`<figure>${image}<figcaption>${caption}</figcaption></figure>`;
}

function fitnessSection(report: Shown): Markup {
  const lead = 'The best score after each evaluation, and each program that was evaluated as a point.';
  const beaten = report.control !== null && report.control.best >= report.best.score;
  const caption = beaten
    ? 'The control did as well: this task does not need a search.'
    : 'The control makes as many children of the first program alone, by whoever proposed and with the same seed.';
  return section('Fitness', lead, figure(fitnessPicture(report), caption));
}

function promotionSection({ promotion }: Shown): Markup {
  if (promotion === null) return EMPTY;
  const head = [
    'program',
    'verdict',
    'first passes',
    'winner passes',
    'better',
    'worse',
    'needs',
    'e-value',
    'promoted',
  ];
  const rows = promotion.tests.map((test) => row([test.id.slice(0, 12), ...promotionCells(test)]));
  const reasons = promotion.tests.flatMap(({ reasons: all }) => all).slice(0, REASONS_MAX);
  const lead =
    'Winners against the first program on fresh cases, best first. What is needed rises with each try, so that one of many is not taken by luck.';
  const content = markup`${table({ caption: 'Promotions', head, rows, look: 'scroll wide' })}<ul>${reasons.map((reason) => markup`<li>${reason}</li>`)}</ul>`;
  return section('Promotion', lead, content);
}

function promotionCells(test: RunPromotion): readonly string[] {
  const { verdict, first, winner, better, worse, level, log_e, is_promoted } = test;
  return [
    ...[verdict, percentText(first.pass_rate), percentText(winner.pass_rate), countText(better), countText(worse)],
    ...[numberText(1 / level), numberText(Math.exp(Math.min(700, log_e))), is_promoted ? 'yes' : 'no'],
  ];
}

function lineSection({ best_line }: Shown): Markup {
  const shown = best_line.slice(-STEPS_MAX).filter(({ diff }) => diff !== '');
  if (shown.length === 0) return EMPTY;
  const steps = shown.map(
    ({ evaluation, score, diff }) =>
      markup`<details><summary>Evaluation ${evaluation}, score ${numberText(score)}</summary><pre tabindex="0">${markupLines(diff, DIFF_MAX)}</pre></details>\n`,
  );
  const lead = `What was changed on the way from the first program to the best: ${countText(best_line.length - 1)} steps${best_line.length > STEPS_MAX ? `, the last ${STEPS_MAX} of them` : ''}.`;
  return section('Best line', lead, markup`${steps}`);
}

function treeSection(report: Shown): Markup {
  const lead =
    'Programs that the archive took, each below the one that it was made from. The line of the best is marked.';
  return section(
    'Lineage',
    lead,
    figure(treePicture(report), 'Evaluations from left to right, generations downwards.'),
  );
}

function archiveSection(report: Shown): Markup {
  const { cells, coverage, qd_score } = report.archive;
  const lead = `${countText(cells.length)} cells have a program${coverage === null ? '' : `, ${percentText(coverage)} of all`}; the sum of their scores is ${numberText(qd_score)}.`;
  return section(
    'Archive',
    lead,
    figure(archivePicture(report), 'Numbers of bins; the fuller the colour, the better the program of the cell.'),
  );
}

function modelsSection({ models }: Shown): Markup {
  if (models.length === 0) return EMPTY;
  const head = ['model', 'submitted', 'better', 'gain', 'tokens in', 'tokens out', 'US dollars'];
  const rows = models.map(({ name, submitted, improved, gain, usage }) =>
    row([name, countText(submitted), countText(improved), numberText(gain), ...usageCells(usage)]),
  );
  const lead = 'Who proposed. A gain is over the better of the parent and the first program.';
  return section('Models', lead, table({ caption: 'What models came to', head, rows, look: 'scroll' }));
}

function costSection({ usage, control, evaluations, estimate }: Shown): Markup {
  const head = ['what', 'evaluations', 'tokens in', 'tokens out', 'US dollars'];
  const rows = [
    row(['search', countText(evaluations), ...usageCells(usage)]),
    ...(control === null ? [] : [row(['control', countText(control.evaluations), ...usageCells(control.usage)])]),
  ];
  const worst = `At the worst it might have taken ${numberText(estimate.tokens)} tokens${estimate.usd === null ? '' : ` and ${numberText(estimate.usd)} US dollars`}.`;
  return section('Costs', worst, table({ caption: 'What proposals took', head, rows, look: 'scroll' }));
}

function usageCells({ input_tokens, output_tokens, cost_usd }: RunUsage): readonly string[] {
  return [countText(input_tokens), countText(output_tokens), numberText(cost_usd)];
}

function provenanceSection({ target, task, objective, proposer, selector, best, lineage_hash, config }: Shown): Markup {
  const facts = [
    ['target', `${target.file}, ${target.entry}`],
    ['task', task],
    ['objective', objective],
    ['proposer', proposer],
    ['selector', selector],
    ['winner', `${best.file}, SHA-256 ${best.source_sha256}`],
    ['lineage', lineage_hash],
  ] as const;
  const list = facts.map(([name, value]) => markup`<dt>${name}</dt><dd class="mono">${value}</dd>`);
  const json = markupLines(JSON.stringify(config, undefined, 2), JSON_MAX);
  const content = markup`<dl class="facts">${list}</dl><details><summary>Configuration</summary><pre tabindex="0">${json}</pre></details>`;
  return section('Provenance', 'What was run. The same seed comes to the same lineage.', content);
}

type Table = {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly Markup[];
  readonly look: string;
};

function table({ caption, head, rows, look }: Table): Markup {
  const cells = head.map((word, at) => markup`<th scope="col" class="${at === 0 ? '' : 'figure'}">${word}</th>`);
  return markup`<div class="${look}" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function row(cells: readonly string[]): Markup {
  const [name = '', ...figures] = cells;
  return markup`<tr><th scope="row">${name}</th>${figures.map((cell) => markup`<td class="figure">${cell}</td>`)}</tr>`;
}
