/**
 * The port to who chooses parents from outside of this process, such as a selector that is a plugin. What it answers is kept in the
 * journal: nobody knows what it depends on.
 */
import { EvolveError } from '../evolve-error.ts';
import type { Program } from '../search/archive/program.ts';
import type { ProgramView } from '../search/population/program-view.ts';

/**
 * The programs that may be chosen from, best first, and how many are wanted beside the parent.
 *
 * @public
 */
export type ChoiceRequest = { readonly view: ProgramView<Program>; readonly inspirations: number };

/**
 * Ids of programs of the view.
 *
 * @public
 */
export type ParentChoice = { readonly parent: string; readonly inspirations: readonly string[] };

/**
 * Chooses parents in place of a selector of ours.
 *
 * @public
 */
export interface ParentChooser {
  /** @throws {EvolveError} `SELECTOR_FAILED` where what is answered is no program of the view. */
  readonly choose: (request: ChoiceRequest, signal: AbortSignal) => Promise<ParentChoice>;
  /** Learns how much better a child is than the better of its parent and the first program; 0 is no gain. */
  readonly feedback: (gain: number, parentId: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Whether a selector is one of a plugin: those of ours have no slash in their names.
 *
 * @public
 */
export function isPluginSelector(name: string): boolean {
  return name.includes('/');
}

/** The programs of a choice. @throws {EvolveError} `SELECTOR_FAILED` where one is not of the view. */
export function chosenPrograms({ ranked }: ProgramView<Program>, ids: readonly string[]): readonly Program[] {
  return ids.map((id) => {
    const found = ranked.find((member) => member.id === id);
    if (found !== undefined) return found.program;
    throw new EvolveError(
      'SELECTOR_FAILED',
      `the selector chose ${JSON.stringify(id.slice(0, 80))}; expected the id of one of the ${ranked.length} programs that it was shown`,
    );
  });
}
