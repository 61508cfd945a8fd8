/**
 * The code fences of an answer. Only at the start of a line: a line of a diff has its sign before it.
 */
import { EvolveError } from '../evolve-error.ts';

/** One fenced text: the word behind its opening, in lower case, and its lines, each with its end as it was written. */
export type Fence = { readonly tag: string; readonly text: string };

const OPENING = /^(`{3,}|~{3,})[ \t]*([\w+.-]*)[^`]*$/;

/**
 * Lists the fences of an answer.
 *
 * @throws {EvolveError} `EDIT_INVALID` for one that is not closed: the answer was cut, and half an edit must not be taken for one.
 */
export function readFences(answer: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { readonly mark: string; readonly tag: string; readonly lines: string[] } | undefined;
  for (const written of answer.split('\n')) {
    const line = written.trimEnd();
    if (open === undefined) {
      const [, mark, tag = ''] = OPENING.exec(line) ?? [];
      if (mark !== undefined) open = { mark, tag: tag.toLowerCase(), lines: [] };
    } else if (isClosing(line, open.mark)) {
      fences.push({ tag: open.tag, text: open.lines.map((each) => `${each}\n`).join('') });
      open = undefined;
    } else open.lines.push(written);
  }
  if (open === undefined) return fences;
  throw new EvolveError(
    'EDIT_INVALID',
    `the code fence ${open.mark}${open.tag} is not closed; expected a whole answer, and this one may have been cut`,
  );
}

/** The mark that makes a text's own fences part of it: longer than any in it. */
export function fenceFor(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
}

function isClosing(line: string, mark: string): boolean {
  return line.length >= mark.length && line === mark.charAt(0).repeat(line.length);
}
