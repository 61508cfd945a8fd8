/**
 * Tables of the page: with a caption, heads of rows and columns, and a frame that scrolls by itself where a phone is too narrow.
 */
import { markup, type Markup, type MarkupPart } from './markup.ts';

/** Rows that a table shows; the report has them all. */
const ROWS_MAX = 500;

/** A cell; `look` is a class of the style sheet. */
export type Cell = { readonly look?: 'figure' | 'answer'; readonly part: MarkupPart };

/** A table; the first cell of each row is its head. */
export type Table = {
  readonly caption: string;
  readonly columns: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
  readonly isWide?: boolean;
};

/** The table; one that may be wider than a phone can be reached and scrolled by keyboard. */
export function tableOf({ caption, columns, rows, isWide = false }: Table): Markup {
  const heads = columns.map(({ part, look }) => markup`<th scope="col" class="${look ?? ''}">${part}</th>`);
  const body = rows.slice(0, ROWS_MAX).map((row) => markup`<tr>${row.map(cellOf)}</tr>\n`);
  const cut = rows.length > ROWS_MAX ? ` The first ${ROWS_MAX} of ${rows.length}.` : '';
  const table = markup`<table><caption>${caption}${cut}</caption><thead><tr>${heads}</tr></thead><tbody>\n${body}</tbody></table>`;
  return isWide
    ? markup`<div class="scroll wide" role="region" tabindex="0" aria-label="${`${caption} Scrolls sideways.`}">${table}</div>`
    : markup`<div class="scroll">${table}</div>`;
}

/** A cell of text. */
export function cell(part: MarkupPart): Cell {
  return { part };
}

/** A cell of a number, to the right. */
export function figure(part: MarkupPart): Cell {
  return { look: 'figure', part };
}

/** A cell of what a program was given or answered. */
export function answer(text: string): Cell {
  return {
    look: 'answer',
    part: markup`<code>${text.length > ANSWER_MAX ? `${text.slice(0, ANSWER_MAX)}…` : text}</code>`,
  };
}

/** Characters of an answer in a cell. */
const ANSWER_MAX = 400;

function cellOf({ part, look }: Cell, index: number): Markup {
  if (index === 0) return markup`<th scope="row" class="${look ?? ''}">${part}</th>`;
  return markup`<td class="${look ?? ''}">${part}</td>`;
}
