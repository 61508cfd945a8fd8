/**
 * A report as a comment on a pull request: Markdown of bounded length in which no text of a candidate is anything but text.
 *
 * Foreign text stands in `<code>`, where forges look for no mentions and references, and each of its signs as an entity, which is never Markdown:
 * `@`, `#`, `[`, `<`, `:` and `.` of a link, a backtick and a pipe.
 */
import {
  countedCases,
  countText,
  durationText,
  excludedCount,
  monitorWords,
  passRateText,
  pointsIntervalText,
  pointsText,
  verdictWords,
} from './plain-figures.ts';
import type { Report, ReportFlip } from './report.ts';
import { visibleLine } from './visible-text.ts';

/** Characters of the comment; GitHub takes 65,536. */
export const MARKDOWN_CHARACTERS_MAX = 60_000;
/** Of the list of flips: the rest of the comment is below 34,000 even where each character becomes an entity of eight. */
const FLIPS_CHARACTERS_MAX = 25_000;
const REASONS_MAX = 5;
const MONITORS_MAX = 5;
/** Characters of a reason, of an answer and of a name, before signs become entities. */
const REASON_MAX = 240;
const ANSWER_MAX = 160;
const NAME_MAX = 80;

/**
 * The comment.
 *
 * @returns Markdown of GitHub's kind, at most 60,000 characters.
 * @public
 */
export function renderMarkdown(report: Report): string {
  const parts = [
    verdictPart(report),
    essentialsPart(report),
    monitorsPart(report),
    flipsPart(report),
    replayPart(report),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** A text of anybody as code: no sign of it is Markdown or HTML. */
export function safeCode(text: string, most: number): string {
  const line = visibleLine(text, most).replaceAll(/\s+/gu, ' ').trim();
  if (line === '') return '<code>&nbsp;</code>';
  return `<code>${line.replaceAll(/[^\p{L}\p{N} ]/gu, (sign) => `&#${sign.codePointAt(0) ?? 32};`)}</code>`;
}

function verdictPart({ task, decision }: Report): string {
  const { word, sign, meaning } = verdictWords(decision.verdict);
  const shown = decision.reasons.slice(0, REASONS_MAX).map((reason) => `- ${safeCode(reason, REASON_MAX)}`);
  const more = decision.reasons.length - shown.length;
  const rest = more > 0 ? [`- and ${countText(more)} more`] : [];
  return [`### ${sign} ${word}: ${safeCode(task, NAME_MAX)}`, '', meaning, '', ...shown, ...rest].join('\n');
}

function essentialsPart(report: Report): string {
  const { baseline, candidate, timing } = report;
  const rows = [
    ['pass rate', passRateText(baseline), passRateText(candidate)],
    [
      'passed',
      `${countText(baseline.passes)} of ${countText(baseline.total)}`,
      `${countText(candidate.passes)} of ${countText(candidate.total)}`,
    ],
    ['properties broken', countText(baseline.prop_violations), countText(candidate.prop_violations)],
    ['relations broken', countText(baseline.mr_violations), countText(candidate.mr_violations)],
    ['time, p50', durationText(timing.baseline.p50_ms), durationText(timing.candidate.p50_ms)],
    ['time, p95', durationText(timing.baseline.p95_ms), durationText(timing.candidate.p95_ms)],
  ];
  const table = [
    '| | baseline | candidate |',
    '| --- | --- | --- |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
  const excluded = excludedCount(report);
  const cases = `${countText(countedCases(report))} cases${excluded === 0 ? '' : `, ${countText(excluded)} more count for nobody`}`;
  const difference = `Difference of pass rates: **${pointsText(report.delta_pass_rate)}** (${pointsIntervalText(report.delta_ci)}), ${cases}.`;
  return [...table, '', difference].join('\n');
}

/** Only those that have something to say. */
function monitorsPart({ monitors }: Report): string {
  const speaking = monitors
    .map((monitor) => ({ id: monitor.id, ...monitorWords(monitor) }))
    .filter(({ lines }) => lines.length > 0);
  if (speaking.length === 0) return '';
  const shown = speaking
    .slice(0, MONITORS_MAX)
    .map(
      ({ id, status, lines }) =>
        `- ${safeCode(id, NAME_MAX)} ${safeCode(status, NAME_MAX)}: ${safeCode(lines.join('; '), REASON_MAX)}`,
    );
  const more = speaking.length - shown.length;
  return ['**Monitors**', '', ...shown, ...(more > 0 ? [`- and ${countText(more)} more`] : [])].join('\n');
}

function flipsPart({ flips, flip_count, pairs }: Report): string {
  if (flips.length === 0) return '';
  const rows = withinCharacters(flips.map(flipRow), FLIPS_CHARACTERS_MAX);
  const left = flip_count - rows.length;
  const summary = `${countText(flip_count)} flips, ${countText(pairs.only_baseline)} from pass to fail`;
  const head = [
    '<details>',
    `<summary>${summary}</summary>`,
    '',
    '| case | change | broken | arguments | candidate |',
    '| --- | --- | --- | --- | --- |',
  ];
  const rest = left > 0 ? ['', `${countText(left)} more are in the report.`] : [];
  return [...head, ...rows, ...rest, '', '</details>'].join('\n');
}

function flipRow({ case_id, kind, broken, args, candidate }: ReportFlip): string {
  const change = kind === 'pass_to_fail' ? 'pass → fail' : 'fail → pass';
  const cells = [
    safeCode(case_id, NAME_MAX),
    change,
    safeCode(broken.slice(0, REASONS_MAX).join(', '), NAME_MAX),
    safeCode(args, ANSWER_MAX),
    safeCode(candidate, ANSWER_MAX),
  ];
  return `| ${cells.join(' | ')} |`;
}

function withinCharacters(rows: readonly string[], most: number): readonly string[] {
  let length = 0;
  const end = rows.findIndex((row) => {
    length += row.length + 1;
    return length > most;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

function replayPart({ replay, seed, hashes }: Report): string {
  const command = replay.command === null ? '' : `Replay: ${safeCode(replay.command, REASON_MAX)}. `;
  const digests = `baseline ${safeCode(hashes.baseline.slice(0, 12), 12)}, candidate ${safeCode(hashes.candidate.slice(0, 12), 12)}`;
  return `<sub>${command}Seed ${seed}, ${digests}.</sub>`;
}
