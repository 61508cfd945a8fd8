/**
 * What pictures of reports have in common: a frame with words for whoever does not see it, and the lines of an axis. Places are in per cent
 * of the width and heights in pixels, so that words keep their size.
 */
import type { Axis } from './axis.ts';
import { markup, type Markup } from './markup.ts';

/** Pixels below a picture for the numbers of its axis. */
export const AXIS = 26;

/**
 * A picture's height in pixels, its title, and what it shows in words.
 *
 * @internal
 */
export type Frame = { readonly height: number; readonly title: string; readonly text: string };

/**
 * A picture. `role="img"` and names: a reader of the screen hears the description instead of loose numbers.
 *
 * @internal
 */
export function picture({ height, title, text }: Frame, parts: readonly Markup[]): Markup {
  const id = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return markup`<svg role="img" height="${height}" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${title}</title><desc id="${id}-text">${text}</desc>${parts}</svg>`;
}

/**
 * Lines of an axis with their numbers below, from a height to another, in pixels.
 *
 * @internal
 */
export function gridOf(
  axis: Axis,
  [top, bottom]: readonly [number, number],
  { word, isLog = false }: { readonly word: (tick: number) => string; readonly isLog?: boolean },
): Markup {
  const powers = axis.ticks.filter(isPowerOfTen).length;
  const marks = axis.ticks.map((tick) => {
    const x = axis.place(tick);
    // On a phone words of a logarithmic axis would run into each other.
    const look = isLog && powers > 1 && !isPowerOfTen(tick) ? 'quiet minor' : 'quiet';
    return markup`${vertical(x, [top, bottom], 'grid')}<text class="${look}" x="${x}%" y="${bottom + 18}" text-anchor="middle">${word(tick)}</text>`;
  });
  return markup`${marks}`;
}

function isPowerOfTen(value: number): boolean {
  return Number.isInteger(Number(Math.log10(value).toFixed(9)));
}

/**
 * A line from a height to another.
 *
 * @internal
 */
export function vertical(x: number, [top, bottom]: readonly [number, number], look: string): Markup {
  return markup`<line class="${look}" x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom}"/>`;
}
