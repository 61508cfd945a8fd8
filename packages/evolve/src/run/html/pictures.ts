/**
 * Pictures of a run as inline SVG: fitness over evaluations with the control beside it, the tree of who came from whom, and the archive. Each
 * has its figures in words as well.
 */
import { gridOf, linearAxis, markup, numberText, picture, vertical, type Axis, type Markup } from '@bulkhead/guard';
import type { Commit } from '../../loop/lineage.ts';
import { lineOf, type CurvePoint, type RunView } from '../run-report.ts';

const HEIGHT = 240;
const TOP = 26;
const AXIS = 26;
/** Pixels of a generation. */
const ROW = 26;
const CELL = 22;
/** Points, programs and cells beyond these are left out: a page has a bound. */
const POINTS_MAX = 1_500;
const PROGRAMS_MAX = 300;
const GENERATIONS_MAX = 40;
const COLUMNS_MAX = 40;
const ROWS_MAX = 24;

type Report = RunView['report'];

const EMPTY = markup``;
const whole = (tick: number): string => (Number.isInteger(tick) ? tick.toLocaleString('en-US') : '');

/** The best score so far, of the search and of the control, and each evaluation as a point. */
export function fitnessPicture({ curve, control, start }: Report): Markup {
  const curves = [curve, ...(control === null ? [] : [control.curve])];
  const last = Math.max(...curves.map((points) => points.at(-1)?.evaluation ?? 0));
  const axis = linearAxis([0, last]);
  const scores = scoresIn(curves, start.score);
  const scale = heightsOf(scores);
  const bottom = TOP + HEIGHT;
  const ends = curves.map((points) => numberText(points.at(-1)?.best ?? null));
  const words = [
    `The search ends at ${ends[0] ?? ''}`,
    ...(control === null ? [] : [`the control at ${ends[1] ?? ''}`]),
  ];
  const frame = { height: bottom + AXIS, title: 'Best score over evaluations', text: words.join(', ') };
  return picture(frame, [
    gridOf(axis, [TOP, bottom], { word: whole }),
    markup`<text class="quiet" x="0" y="${TOP + 4}">${numberText(scale.most)}</text><text class="quiet" x="0" y="${bottom}">${numberText(scale.least)}</text>`,
    ...(control === null ? [] : [steps(axis, scale.place, { points: control.curve, look: 'baseline-line' })]),
    dots(axis, scale, curve),
    steps(axis, scale.place, { points: curve, look: 'candidate-line' }),
    legend(control !== null),
  ]);
}

/** Programs that were kept, by evaluation and generation, and the line of the best. */
export function treePicture({ lineage, best }: Report): Markup {
  const line = new Set(lineOf(lineage, best.id).map(({ id }) => id));
  const depths = depthsOf(lineage);
  const shown = lineage
    .filter(({ id, status }) => line.has(id) || status === 'new' || status === 'improved' || status === 'start')
    .filter(({ id }) => (depths.get(id) ?? 0) < GENERATIONS_MAX);
  const kept = new Set(shown.slice(0, PROGRAMS_MAX).map(({ id }) => id));
  const nodes = shown.filter(({ id }) => kept.has(id) || line.has(id));
  const axis = linearAxis([0, lineage.at(-1)?.index ?? 0]);
  const bottom = TOP + ROW * (1 + Math.max(0, ...nodes.map(({ id }) => depths.get(id) ?? 0)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const at = ({ id, index }: Commit) => ({ x: axis.place(index), y: TOP + ROW * (depths.get(id) ?? 0) });
  const text = `${nodes.length} programs; the best has generation ${best.generation}`;
  return picture({ height: bottom + AXIS, title: 'Lineage tree', text }, [
    gridOf(axis, [TOP - 10, bottom], { word: whole }),
    ...nodes.flatMap((node) => {
      const parent = byId.get(node.parents[0] ?? '');
      return parent === undefined ? [] : [edge(at(parent), at(node), line.has(node.id))];
    }),
    ...nodes.map((node) => program(at(node), node, line.has(node.id))),
  ]);
}

/** The archive in its two widest descriptors: the darker a cell, the better its best program. */
export function archivePicture({ archive }: Report): Markup {
  const [across, down] = widest(archive);
  if (across === undefined) return EMPTY;
  const columns = binsIn(archive, across, COLUMNS_MAX);
  const rows = down === undefined ? [0] : binsIn(archive, down, ROWS_MAX);
  const cells = bestCells(archive, { across, down });
  const [least, most] = [Math.min(...cells.values()), Math.max(...cells.values())];
  const names = archive.descriptors;
  const title =
    down === undefined
      ? `Archive by ${names[across] ?? ''}`
      : `Archive by ${names[across] ?? ''} and ${names[down] ?? ''}`;
  const width = 92 / columns.length;
  const squares = rows.flatMap((row, y) =>
    columns.flatMap((column, x) => {
      const score = cells.get(`${column},${row}`);
      if (score === undefined) return [];
      const share = most === least ? 1 : (score - least) / (most - least);
      const place = markup`x="${(8 + x * width).toFixed(3)}%" y="${TOP + y * CELL}" width="${(width * 0.94).toFixed(3)}%" height="${CELL - 2}"`;
      return [
        markup`<rect class="candidate-fill" ${place} fill-opacity="${(0.15 + 0.85 * share).toFixed(3)}"><title>${numberText(score)}</title></rect>`,
      ];
    }),
  );
  const bottom = TOP + rows.length * CELL;
  const rowWords = rows.map((row, y) => markup`<text class="quiet" x="0" y="${TOP + y * CELL + 15}">${row}</text>`);
  const ends = [columns.at(0), columns.at(-1)].map((bin) => String(bin ?? ''));
  const columnWords = markup`<text class="quiet" x="8%" y="${bottom + 16}">${ends[0] ?? ''}</text><text class="quiet" x="100%" y="${bottom + 16}" text-anchor="end">${ends[1] ?? ''}</text>`;
  const text = `${archive.cells.length} programs, scores from ${numberText(least)} to ${numberText(most)}`;
  return picture({ height: bottom + AXIS, title, text }, [...squares, ...rowWords, columnWords]);
}

type Heights = { readonly place: (score: number) => number; readonly least: number; readonly most: number };

function scoresIn(curves: readonly (readonly CurvePoint[])[], start: number): readonly number[] {
  return [start, ...curves.flatMap((points) => points.flatMap(({ score, best }) => [score ?? best, best]))];
}

/** From pixels of the bottom for the least to those of the top for the most. */
function heightsOf(scores: readonly number[]): Heights {
  const finite = scores.filter((score) => Number.isFinite(score));
  const least = finite.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const most = finite.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
  const span = most === least ? 1 : most - least;
  const place = (score: number): number =>
    Number((TOP + HEIGHT - 6 - ((score - least) / span) * (HEIGHT - 12)).toFixed(2));
  return { place, least, most };
}

type Steps = { readonly points: readonly CurvePoint[]; readonly look: string };

/** A line that rises where there was a better program. */
function steps(axis: Axis, place: Heights['place'], { points, look }: Steps): Markup {
  const rises = points.filter(({ best }, at) => best !== points[at - 1]?.best);
  const end = points.at(-1)?.evaluation ?? 0;
  const lines = rises.map(({ evaluation, best }, at) => {
    const [x, next] = [axis.place(evaluation), axis.place(rises[at + 1]?.evaluation ?? end)];
    const y = place(best);
    const rise = at === 0 ? EMPTY : vertical(x, [place(rises[at - 1]?.best ?? best), y], look);
    return markup`${rise}<line class="${look}" x1="${x}%" x2="${next}%" y1="${y}" y2="${y}" stroke-width="2.5"/>`;
  });
  return markup`${lines}`;
}

function dots(axis: Axis, { place }: Heights, points: readonly CurvePoint[]): Markup {
  const every = Math.ceil(points.length / POINTS_MAX);
  const shown = points.filter(({ score }, at) => score !== null && at % every === 0);
  return markup`${shown.map(({ evaluation, score }) => markup`<circle class="candidate-fill" cx="${axis.place(evaluation)}%" cy="${place(score ?? 0)}" r="2" fill-opacity="0.45"/>`)}`;
}

function legend(hasControl: boolean): Markup {
  const control = hasControl
    ? markup`<line class="baseline-line" x1="46%" x2="50%" y1="10" y2="10" stroke-width="2.5"/><text class="quiet" x="52%" y="14">control</text>`
    : EMPTY;
  return markup`<line class="candidate-line" x1="12%" x2="16%" y1="10" y2="10" stroke-width="2.5"/><text class="quiet" x="18%" y="14">search</text>${control}`;
}

function depthsOf(lineage: readonly Commit[]): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  for (const { id, parents } of lineage) {
    const parent = parents[0];
    depths.set(id, parent === undefined ? 0 : (depths.get(parent) ?? 0) + 1);
  }
  return depths;
}

type Point = { readonly x: number; readonly y: number };

function edge(from: Point, to: Point, isBest: boolean): Markup {
  const look = isBest ? 'candidate-line' : 'baseline-line';
  return markup`<line class="${look}" x1="${from.x}%" y1="${from.y}" x2="${to.x}%" y2="${to.y}" stroke-width="${isBest ? 2.5 : 0.75}"/>`;
}

function program({ x, y }: Point, { index, score, status }: Commit, isBest: boolean): Markup {
  const look = isBest ? 'candidate-fill' : 'baseline-fill';
  return markup`<circle class="${look}" cx="${x}%" cy="${y}" r="${isBest ? 5 : 3.5}"><title>${`evaluation ${index}, ${status}, ${numberText(score)}`}</title></circle>`;
}

type Archive = Report['archive'];

/** Descriptors with the most bins that have a program: numbers of theirs. */
function widest({ descriptors, cells }: Archive): readonly number[] {
  if (cells.length === 0) return [];
  const counted = descriptors.map((_name, at) => ({ at, bins: new Set(cells.map(({ bins }) => bins[at])).size }));
  return counted.toSorted((one, other) => other.bins - one.bins || one.at - other.at).map(({ at }) => at);
}

function binsIn({ cells }: Archive, at: number, most: number): readonly number[] {
  const found = [...new Set(cells.map(({ bins }) => bins[at] ?? 0))];
  return found.toSorted((one, other) => one - other).slice(0, most);
}

function bestCells(
  { cells }: Archive,
  { across, down }: { readonly across: number; readonly down: number | undefined },
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { bins, score } of cells) {
    const key = `${bins[across] ?? 0},${down === undefined ? 0 : (bins[down] ?? 0)}`;
    found.set(key, Math.max(score, found.get(key) ?? score));
  }
  return found;
}
