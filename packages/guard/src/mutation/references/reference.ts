/**
 * What the study of a gate looks at: a reference implementation with its task, texts that do the same in other ways, and those of
 * its mutants that do the same after all.
 */
import type { Task } from '../../task/task.ts';

/** A text that does what the reference does; `name` says what is other. */
export type Refactor = { readonly name: string; readonly source: string };

/**
 * A mutant that nothing can tell from the reference: `after` in place of `before` by `operator` in the line that, without the spaces around it, is `line`.
 * `reason` is why no input shows it.
 */
export type Equivalent = {
  readonly operator: string;
  readonly line: string;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
};

/** One reference. `source` and the refactors are TypeScript with one export, `solve`. */
export type Reference = {
  readonly name: string;
  readonly task: Task;
  readonly source: string;
  readonly refactors: readonly Refactor[];
  readonly equivalents: readonly Equivalent[];
};
