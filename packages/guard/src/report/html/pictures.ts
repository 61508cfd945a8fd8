/**
 * Pictures of a report as inline SVG. Each has a title and a description, and the figures that it shows stand in words on the page as
 * well. Places are in per cent of the width and heights in pixels, so that words keep their size.
 */
import type { Interval } from '../../statistics/interval.ts';
import { barOf, durationText, percentText, pointsIntervalText, pointsText } from '../plain-figures.ts';
import type { Report, TimingTotals } from '../report.ts';
import { linearAxis, logAxis, type Axis } from './axis.ts';
import { AXIS, gridOf, picture, vertical } from './frame.ts';
import { EMPTY, markup, type Markup } from './markup.ts';

const ROW = 46;
const ROLES = ['baseline', 'candidate'] as const;

/** All intervals of the difference of pass rates, against the policy's bar; nothing where no case counted. */
export function differencePicture(report: Report): Markup {
  const rows = intervalsOf(report);
  if (rows.length === 0) return EMPTY;
  const bar = barOf(report);
  const axis = linearAxis([...rows.flatMap(({ interval }) => interval), 0, ...(bar === undefined ? [] : [bar])]);
  const bottom = 22 + rows.length * ROW;
  const frame = { height: bottom + AXIS, title: 'Intervals of the difference of pass rates', text: wordsOf(rows, bar) };
  return picture(frame, [
    gridOf(axis, [18, bottom], { word: (tick) => String(Number((tick * 100).toFixed(3))).replace('-', '−') }),
    vertical(axis.place(0), [18, bottom], 'zero'),
    ...(bar === undefined ? [] : barMarks(axis.place(bar), bar, bottom)),
    ...rows.map((row, index) => intervalRow(axis, row, { y: 22 + index * ROW, difference: report.delta_pass_rate })),
  ]);
}

/** Pass rates of both sides with their intervals; nothing where no case counted. */
export function passRatePicture(report: Report): Markup {
  const ends = ROLES.flatMap((role) => report[role].pass_interval ?? []);
  if (ends.length === 0) return EMPTY;
  const axis = linearAxis([...ends, 1]);
  const bottom = ROLES.length * ROW;
  const texts = ROLES.map((role) => `${role} ${percentText(report[role].pass_rate)}`);
  const frame = { height: bottom + AXIS, title: 'Pass rates with 95 % intervals', text: texts.join(', ') };
  return picture(frame, [
    gridOf(axis, [4, bottom], { word: (tick) => `${Number((tick * 100).toFixed(3))} %` }),
    ...ROLES.map((role, index) => rateRow(axis, report, { role, y: index * ROW })),
  ]);
}

/** How often which time was seen, of both sides on one logarithmic axis; nothing where no run succeeded. */
export function latencyPicture({ timing }: Report): Markup {
  const bounds = timing.baseline.histogram.bounds_ms.filter((bound) => bound > 0 && Number.isFinite(bound));
  if (bounds.length < 2) return EMPTY;
  const axis = logAxis(bounds);
  const texts = ROLES.map((role) => `${role}: ${quantileWords(timing[role])}`);
  const frame = { height: 2 * PANEL + AXIS, title: 'Times of runs, logarithmic axis', text: texts.join('. ') };
  return picture(frame, [
    gridOf(axis, [22, 2 * PANEL], { word: durationText, isLog: true }),
    ...ROLES.map((role, index) => histogram(axis, timing[role], { role, top: index * PANEL })),
  ]);
}

function quantileWords({ p50_ms, p95_ms, p99_ms }: TimingTotals): string {
  return `p50 ${durationText(p50_ms)}, p95 ${durationText(p95_ms)}, p99 ${durationText(p99_ms)}`;
}

type Row = { readonly name: string; readonly interval: Interval; readonly decides: boolean };
type Role = (typeof ROLES)[number];

/** Pixels of one side's histogram, and of the words at its top. */
const PANEL = 128;
const PANEL_WORDS = 50;

/** The intervals that there are, the one that decides last. */
export function intervalsOf({ delta_ci, statistics }: Report): readonly Row[] {
  const rows = [
    { name: 'Tango, 95 %', interval: delta_ci, decides: false },
    { name: 'Newcombe, 95 %', interval: statistics.newcombe_paired, decides: false },
    { name: 'Bonett–Price, 95 %', interval: statistics.bonett_price, decides: false },
    { name: 'By clusters, 95 %', interval: statistics.clusters?.interval ?? null, decides: false },
    { name: 'Confidence sequence', interval: statistics.confidence_sequence, decides: true },
  ];
  return rows.flatMap(({ interval, ...row }) => (interval === null ? [] : [{ ...row, interval }]));
}

function wordsOf(rows: readonly Row[], bar: number | undefined): string {
  const texts = rows.map(({ name, interval }) => `${name}: ${pointsIntervalText(interval)}`);
  return [...texts, ...(bar === undefined ? [] : [`The policy’s bar is ${pointsText(bar)}`])].join('. ');
}

/** The word stands on the side where there is room. */
function barMarks(x: number, bar: number, bottom: number): readonly Markup[] {
  const word = `bar ${pointsText(bar)}`;
  const anchor = x > 50 ? 'end' : 'start';
  return [
    vertical(x, [16, bottom], 'bar'),
    markup`<text class="bar-word" x="${x}%" y="11" text-anchor="${anchor}">${word}</text>`,
  ];
}

function intervalRow(
  axis: Axis,
  { name, interval, decides }: Row,
  { y, difference }: { readonly y: number; readonly difference: number | null },
): Markup {
  const [from, to] = interval.map((end) => axis.place(end));
  const line = markup`<line class="${decides ? 'decide' : 'describe'}" x1="${from ?? 0}%" x2="${to ?? 0}%" y1="${y + 31}" y2="${y + 31}"/>`;
  const look = decides ? 'candidate-line' : 'baseline-line';
  const point = difference === null ? EMPTY : pointAt(axis.place(difference), y + 31, look);
  return markup`<text x="0" y="${y + 16}">${name}</text><text class="quiet" x="100%" y="${y + 16}" text-anchor="end">${pointsIntervalText(interval)}</text>${line}${point}`;
}

function pointAt(x: number, y: number, look: string): Markup {
  return markup`<circle class="point ${look}" cx="${x}%" cy="${y}" r="4.5"/>`;
}

function rateRow(axis: Axis, report: Report, { role, y }: { readonly role: Role; readonly y: number }): Markup {
  const { pass_rate, pass_interval, passes, total } = report[role];
  if (pass_rate === null || pass_interval === null) return EMPTY;
  const [from, to] = pass_interval.map((end) => axis.place(end));
  const name = role === 'baseline' ? 'Baseline' : 'Candidate';
  const figures = `${percentText(pass_rate)}, ${passes} of ${total}`;
  return markup`<text x="0" y="${y + 16}">${name}</text><text class="quiet" x="100%" y="${y + 16}" text-anchor="end">${figures}</text><line class="${role}-line" stroke-width="4" stroke-linecap="round" x1="${from ?? 0}%" x2="${to ?? 0}%" y1="${y + 31}" y2="${y + 31}"/>${pointAt(axis.place(pass_rate), y + 31, `${role}-line`)}`;
}

function histogram(
  axis: Axis,
  totals: TimingTotals,
  { role, top }: { readonly role: Role; readonly top: number },
): Markup {
  const { bounds_ms, counts } = totals.histogram;
  const most = counts.reduce((one, other) => Math.max(one, other), 1);
  const floor = top + PANEL - 6;
  const columns = counts.flatMap((seen, index) => {
    const [from, to] = [bounds_ms[index], bounds_ms[index + 1]];
    if (seen === 0 || from === undefined || to === undefined) return [];
    const height = Math.max(1.5, (seen / most) * (PANEL - PANEL_WORDS - 6));
    const x = axis.place(from);
    const width = Math.max(0.2, axis.place(to) - x - 0.15);
    return [
      markup`<rect class="${role}-fill" x="${x}%" y="${(floor - height).toFixed(1)}" width="${width.toFixed(3)}%" height="${height.toFixed(1)}"/>`,
    ];
  });
  const name = role === 'baseline' ? 'Baseline' : 'Candidate';
  const line = markup`<line class="zero" x1="0" x2="100%" y1="${floor}" y2="${floor}"/>`;
  return markup`<text x="0" y="${top + 14}">${name}</text>${columns}${line}${quantileMarks(axis, totals, [top, floor])}`;
}

/** Words stand one above the other, so that near quantiles do not cover each other. */
function quantileMarks(axis: Axis, totals: TimingTotals, [top, floor]: readonly [number, number]): Markup {
  const marks = (['p50', 'p95', 'p99'] as const).flatMap((name, index) => {
    const value = totals[`${name}_ms`];
    if (value === null || !(value > 0)) return [];
    const x = axis.place(value);
    const y = top + 22 + index * 12;
    const [anchor, shift] = x > 88 ? ['end', -4] : ['start', 4];
    return [
      markup`${vertical(x, [y - 8, floor], 'mark')}<text class="quiet" x="${x}%" dx="${shift}" y="${y}" text-anchor="${anchor}">${name}</text>`,
    ];
  });
  return markup`${marks}`;
}
