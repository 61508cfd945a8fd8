/**
 * HTML that cannot be broken out of: what is put into a template is text, and escaped, unless it is markup that a template made.
 */
import { visibleLine } from '../visible-text.ts';

/**
 * HTML; only {@link markup} makes it.
 *
 * @internal
 */
export type Markup = { readonly kind: 'markup'; readonly html: string };

/**
 * What may stand in a template.
 *
 * @internal
 */
export type MarkupPart = string | number | Markup | readonly Markup[];

/**
 * A template of HTML. Texts are made visible, bounded and escaped; they may stand between tags and in quoted attributes.
 *
 * @internal
 */
export function markup(fixed: TemplateStringsArray, ...parts: readonly MarkupPart[]): Markup {
  const html = fixed.map((piece, index) => piece + htmlOf(parts[index] ?? '')).join('');
  return { kind: 'markup', html };
}

/** Nothing. */
export const EMPTY: Markup = markup``;

/**
 * A text of several lines, such as JSON, with its line breaks.
 *
 * @internal
 */
export function markupLines(text: string, most: number): Markup {
  const kept = text.length <= most ? text : `${text.slice(0, most)}\n… (cut; ${text.length} characters in all)`;
  return {
    kind: 'markup',
    html: kept
      .split('\n')
      .map((line) => escaped(visibleLine(line)))
      .join('\n'),
  };
}

function htmlOf(part: MarkupPart): string {
  if (typeof part === 'string') return escaped(visibleLine(part));
  if (typeof part === 'number') return String(part);
  return 'kind' in part ? part.html : part.map(({ html }) => html).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
}
