/**
 * A report in some lines for a terminal. It has no colour in it and nothing that steers a terminal; whoever prints it may colour its
 * first line.
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
import type { Report } from './report.ts';
import { visibleLine } from './visible-text.ts';

const REASONS_MAX = 3;
const MONITORS_MAX = 3;
const FLIPS_MAX = 2;
const FAULTS_MAX = 2;
/** Characters of a line, about. */
const LINE_MAX = 300;
/** Characters of a fault: more than a report keeps of why cases could not be run, since a reason often stands at the end. */
const FAULT_MAX = 600;
/** Characters of the command that computes it again: paths, and nothing that could be left out. */
const COMMAND_MAX = 2_048;
/** Characters of arguments or an answer. */
const SHOWN_MAX = 90;

/**
 * The summary: the verdict first, then why, figures, what monitors say, and how to compute it again.
 *
 * @returns At most 19 lines with a line break at the end.
 * @public
 */
export function renderText(report: Report): string {
  const { word, sign } = verdictWords(report.decision.verdict);
  const told = [
    `${sign} ${word}: ${visibleLine(report.task, LINE_MAX)}`,
    ...report.decision.reasons.slice(0, REASONS_MAX).map((reason) => `  ${visibleLine(reason, LINE_MAX)}`),
    row('baseline', passRateText(report.baseline)),
    row('candidate', passRateText(report.candidate)),
    row('difference', `${pointsText(report.delta_pass_rate)} (${pointsIntervalText(report.delta_ci)})`),
    row('cases', casesText(report)),
    row('times', timesText(report)),
    ...failedRunLines(report),
    ...flipLines(report),
    ...faultLines(report),
    ...monitorLines(report),
    ...(report.replay.command === null ? [] : [row('replay', report.replay.command, COMMAND_MAX)]),
  ];
  return `${told.join('\n')}\n`;
}

function row(name: string, text: string, most: number = LINE_MAX): string {
  return `  ${name.padEnd(12)}${visibleLine(text, most)}`;
}

function casesText(report: Report): string {
  const { pairs, flip_count } = report;
  const excluded = excludedCount(report);
  const rest = excluded === 0 ? '' : `, ${countText(excluded)} count for nobody`;
  return `${countText(countedCases(report))}${earlyText(report)}, ${countText(flip_count)} flips, ${countText(pairs.only_baseline)} of them from pass to fail${rest}`;
}

/** Where it ended before its last case: after how many, and why. */
function earlyText({ sequential, adaptive }: Report): string {
  const looks = sequential ?? adaptive;
  if (looks === null || looks.stopped_for === null) return '';
  return ` (ended after ${countText(looks.cases_done)} of ${countText(looks.planned_cases)}: ${looks.stopped_for})`;
}

function timesText({ timing }: Report): string {
  const told = (['baseline', 'candidate'] as const).map((role) => `${role} ${durationText(timing[role].p95_ms)}`);
  return `p95 ${told.join(', ')}; ${durationText(timing.duration_ms)} in all`;
}

function flipLines({ flips }: Report): readonly string[] {
  return flips
    .filter(({ kind }) => kind === 'pass_to_fail')
    .slice(0, FLIPS_MAX)
    .map(({ case_id, broken, args, candidate }) =>
      row('broken', `${broken.join(', ')} on ${case_id}: ${shown(args)} gave ${shown(candidate)}`),
    );
}

function shown(text: string): string {
  return visibleLine(text, SHOWN_MAX);
}

/** Runs that failed on a side, by type: alike on both they are no flip, and would be seen nowhere. */
function failedRunLines({ baseline, candidate }: Report): readonly string[] {
  const told = [
    { role: 'baseline', counts: Object.entries(baseline.run_failures) },
    { role: 'candidate', counts: Object.entries(candidate.run_failures) },
  ]
    .filter(({ counts }) => counts.length > 0)
    .map(({ role, counts }) => `${role} ${counts.map(([type, count]) => `${countText(count)} ${type}`).join(', ')}`);
  return told.length === 0 ? [] : [row('failed runs', told.join('; '))];
}

function faultLines({ faults }: Report): readonly string[] {
  return faults.slice(0, FAULTS_MAX).map((fault) => row('fault', fault, wordEnd(fault, FAULT_MAX)));
}

/** Where the last word ends that fits: half a name or a path misleads. Of text without spaces it is all that fits. */
function wordEnd(text: string, most: number): number {
  if (text.length <= most) return most;
  const end = text.lastIndexOf(' ', most);
  return end > most / 2 ? end : most;
}

function monitorLines({ monitors }: Report): readonly string[] {
  return monitors
    .map((monitor) => ({ id: monitor.id, ...monitorWords(monitor) }))
    .filter(({ lines }) => lines.length > 0)
    .slice(0, MONITORS_MAX)
    .map(({ id, lines }) => row('monitor', `${id}: ${lines.join('; ')}`));
}
