/**
 * Sections of the page that show figures: what was compared, how fast it was, what differed.
 */
import {
  countText,
  durationText,
  excludedCount,
  intervalText,
  monitorWords,
  NO_FIGURE,
  numberText,
  passRateText,
  percentText,
  pointsIntervalText,
  pointsText,
  probabilityText,
} from '../plain-figures.ts';
import type { CheckCoverage, Report, ReportFlip } from '../report.ts';
import { EMPTY, markup, type Markup, type MarkupPart } from './markup.ts';
import { differencePicture, intervalsOf, latencyPicture, passRatePicture } from './pictures.ts';
import { answer, cell, figure, tableOf } from './tables.ts';

/** The difference of pass rates, and who passed what. */
export function differenceSection(report: Report): Markup {
  const rows = intervalsOf(report).map(({ name, interval }) => [cell(name), figure(pointsIntervalText(interval))]);
  if (rows.length === 0) return section('Pass rates', 'No case counted, so that there is nothing to compare.', EMPTY);
  const lead =
    'Candidate minus baseline, on the same cases. Intervals describe; the confidence sequence holds at every look and decides against the policy’s bar.';
  return section(
    'Difference of pass rates',
    lead,
    markup`<figure>${differencePicture(report)}<figcaption>A ring is the difference seen, ${pointsText(report.delta_pass_rate)}. The thick line is what decides. The axis is in points of a hundred.</figcaption></figure>
<h3>Pass rates</h3><figure>${passRatePicture(report)}<figcaption>Rings are pass rates, lines their 95 % intervals (Wilson). The axis does not start at 0.</figcaption></figure>
<h3>Figures</h3>${pairsTable(report)}${figuresTable(report, rows)}`,
  );
}

/** Times of both sides. */
export function latencySection(report: Report): Markup {
  const { timing } = report;
  const shown = latencyPicture(report);
  if (shown === EMPTY) return section('Times', 'No run succeeded, so that there are no times.', EMPTY);
  const rows = (['baseline', 'candidate'] as const).map((role) => [
    cell(role),
    ...(['p50_ms', 'p95_ms', 'p99_ms'] as const).map((name) => figure(durationText(timing[role][name]))),
  ]);
  return section(
    'Times',
    'Runs that succeeded, by how long they took, on one logarithmic axis.',
    markup`<figure>${shown}<figcaption>Height is the share of a side’s most frequent time.</figcaption></figure>
${tableOf({ caption: 'Times of one run.', columns: ['side', 'p50', 'p95', 'p99'].map((name, at) => (at === 0 ? cell(name) : figure(name))), rows })}`,
  );
}

/** Failures of the candidate alone that came again, each with the smallest case that shows it. */
export function regressionsSection({ regressions, unconfirmed }: Report): Markup {
  if (regressions.length === 0) return EMPTY;
  const rows = regressions.map(({ case_id, kind, broken, message, args, smallest }) => [
    cell(clippedName(case_id)),
    cell(markup`${kind} <strong>${clippedName(broken)}</strong>`),
    cell(message),
    answer(smallest ?? args),
  ]);
  const more = unconfirmed > 0 ? ` ${countText(unconfirmed)} more were not asked again.` : '';
  return section(
    'Confirmed regressions',
    `The candidate fails here whenever it is asked, and the baseline does not.${more}`,
    tableOf({
      caption: 'Confirmed regressions.',
      columns: ['case', 'what broke', 'what is wrong', 'smallest arguments'].map(cell),
      rows,
      isWide: true,
    }),
  );
}

/** Cases of which the two differ. */
export function flipsSection({ flips, flip_count }: Report): Markup {
  if (flips.length === 0) return section('Flips', 'Both sides passed and failed the same cases.', EMPTY);
  const cut =
    flip_count > flips.length
      ? ` Shown are ${flips.length} of ${countText(flip_count)}; all are in the file of cases.`
      : '';
  const rows = flips.map(flipRow);
  return section(
    'Flips',
    `Cases of which the two sides differ, those from pass to fail first.${cut}`,
    tableOf({
      caption: 'Flips.',
      columns: ['case', 'change', 'broken', 'arguments', 'baseline', 'candidate'].map(cell),
      rows,
      isWide: true,
    }),
  );
}

/** Properties and relations. */
export function checksSection({ relation_coverage }: Report): Markup {
  if (relation_coverage.length === 0) return EMPTY;
  const columns = [cell('check'), cell('kind'), ...['held', 'broken', 'skipped', 'unasked', 'p', 'q'].map(figure)];
  return section(
    'Checks',
    'Each property and relation over all cases that counted: baseline / candidate. q is p after allowing for how many checks there are; below 0.05, the two sides differ.',
    tableOf({ caption: 'Coverage of checks.', columns, rows: relation_coverage.map(checkRow), isWide: true }),
  );
}

/** What monitors saw. */
export function monitorsSection({ monitors }: Report): Markup {
  if (monitors.length === 0) return EMPTY;
  const rows = monitors.map((monitor) => {
    const { status, lines } = monitorWords(monitor);
    const said =
      lines.length === 0
        ? cell(MEANINGS[status] ?? 'nothing to report')
        : cell(lines.map((line) => markup`<div>${line}</div>`));
    return [cell(clippedName(monitor.id)), cell(statusTag(status)), said];
  });
  return section(
    'Monitors',
    'What was watched while both sides ran. Only alerts that block stop a candidate.',
    tableOf({ caption: 'Monitors.', columns: ['monitor', 'status', 'what it says'].map(cell), rows }),
  );
}

/** Metrics of the task. */
export function metricsSection({ metrics }: Report): Markup {
  if (metrics.length === 0) return EMPTY;
  const rows = metrics.map((metric) => [
    cell(
      markup`${clippedName(metric.name)} <small>(${metric.kind}, ${metric.higher_is_better ? 'more' : 'less'} is better)</small>`,
    ),
    figure(countText(metric.n)),
    ...[metric.baseline, metric.candidate, metric.delta].map((value) => figure(numberText(value))),
    figure(intervalText(metric.delta_ci)),
  ]);
  const columns = [cell('metric'), ...['cases', 'baseline', 'candidate', 'difference', 'interval'].map(figure)];
  return section(
    'Metrics',
    'Over cases where both sides have them, with bootstrap intervals of the difference.',
    tableOf({ caption: 'Metrics of the task.', columns, rows, isWide: true }),
  );
}

/** A section with its heading. */
export function section(title: string, lead: string, content: Markup): Markup {
  const id = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return markup`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><p class="lead">${lead}</p>
${content}</section>
`;
}

/** Names are foreign, too, and stand in narrow cells. */
export function clippedName(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}…` : name;
}

const NAME_MAX = 120;

const MEANINGS: Readonly<Record<string, string>> = {
  ok: 'nothing is worse than its bound',
  nodata: 'too little was seen to say anything',
};

const LOOKS: Readonly<Record<string, string>> = {
  ok: 'tag adopt',
  warn: 'tag inconclusive',
  alert: 'tag reject',
  failed: 'tag reject',
};

function statusTag(status: string): Markup {
  const look = Object.hasOwn(LOOKS, status) ? LOOKS[status] : 'tag';
  return markup`<span class="${look ?? 'tag'}">${clippedName(status)}</span>`;
}

function pairsTable({ pairs }: Report): Markup {
  const columns = [cell(''), figure('candidate passed'), figure('candidate failed')];
  const rows = [
    [cell('baseline passed'), figure(countText(pairs.both)), figure(countText(pairs.only_baseline))],
    [cell('baseline failed'), figure(countText(pairs.only_candidate)), figure(countText(pairs.neither))],
  ];
  return tableOf({ caption: 'Cases, by whom they passed.', columns: [{ part: 'side' }, ...columns.slice(1)], rows });
}

function figuresTable(report: Report, intervals: readonly (readonly ReturnType<typeof cell>[])[]): Markup {
  const { baseline, candidate, statistics, relative_risk, relative_risk_ci } = report;
  const excluded = Object.entries(report.pairs.excluded).map(
    ([why, count]) => `${clippedName(why)} ${countText(count)}`,
  );
  const rows: readonly (readonly [string, MarkupPart])[] = [
    ['pass rate of the baseline', passRateText(baseline)],
    ['pass rate of the candidate', passRateText(candidate)],
    ['ratio of pass rates', `${numberText(relative_risk)} (${intervalText(relative_risk_ci)})`],
    ['McNemar, mid-p', probabilityText(statistics.mcnemar_mid_p)],
    ['evidence, e-value', statistics.log_e === null ? NO_FIGURE : eValueText(statistics.log_e)],
    ['smallest difference that so many cases show', percentText(statistics.minimum_detectable_difference)],
    ['cases for a fixed design', statistics.recommended_n === null ? NO_FIGURE : countText(statistics.recommended_n)],
    ['cases that count for nobody', excludedCount(report) === 0 ? '0' : excluded.join(', ')],
  ];
  const shown = rows.map(([name, value]) => [cell(name), figure(value)]);
  return tableOf({
    caption: 'Figures of the comparison.',
    columns: [cell('figure'), figure('value')],
    rows: [...shown, ...intervals],
  });
}

/** e to the power of what is seen; beyond what reads well, as a power of ten. */
function eValueText(logE: number): string {
  return Math.abs(logE) < 16 ? numberText(Math.exp(logE)) : `10^${Math.round(logE / Math.LN10)}`;
}

function flipRow({ case_id, kind, broken, args, baseline, candidate }: ReportFlip): readonly ReturnType<typeof cell>[] {
  const change =
    kind === 'pass_to_fail'
      ? markup`<span class="tag reject">pass → fail</span>`
      : markup`<span class="tag adopt">fail → pass</span>`;
  const names = broken.map((name) => markup`<div>${clippedName(name)}</div>`);
  return [cell(clippedName(case_id)), cell(change), cell(names), answer(args), answer(baseline), answer(candidate)];
}

function checkRow(check: CheckCoverage): readonly ReturnType<typeof cell>[] {
  const both = (word: 'held' | 'violated' | 'skipped' | 'unasked'): ReturnType<typeof figure> =>
    figure(`${countText(check.baseline[word])} / ${countText(check.candidate[word])}`);
  const category = check.category === null || check.category === '' ? '' : `, ${clippedName(check.category)}`;
  const q =
    check.q !== null && check.q < 0.05
      ? markup`<strong>${probabilityText(check.q)}</strong>`
      : probabilityText(check.q);
  return [
    cell(clippedName(check.name)),
    cell(`${check.mode === 'soft' ? 'soft ' : ''}${check.kind}${category}`),
    both('held'),
    both('violated'),
    both('skipped'),
    both('unasked'),
    figure(probabilityText(check.p)),
    figure(q),
  ];
}
