/**
 * What a mutation operator is: a name and a function that says in which ways the code at one place can be changed. It looks at the
 * place alone and draws nothing, so that which changes there are is fixed; which are taken is for whoever asks.
 */
import type { Place } from '../syntax-tree.ts';

/** The text from `start` up to and without `end` becomes `text`. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/**
 * One operator; `edits` answers each change as one edit, none where it has nothing to say of the place. The edits need not
 * parse: those that do not are dropped.
 */
export type MutationOperator = {
  readonly name: string;
  readonly edits: (place: Place, source: string) => readonly Edit[];
};

/** An edit that puts another text in a node's place. */
export function replacing({ start, end }: { readonly start: number; readonly end: number }, text: string): Edit {
  return { start, end, text };
}

/** The text of a node. */
export function textOf(source: string, { start, end }: { readonly start: number; readonly end: number }): string {
  return source.slice(start, end);
}
