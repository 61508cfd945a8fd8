/**
 * A novelty filter that is late on purpose: a program is known to those proposals alone that were chosen once it was committed, however
 * soon it is remembered and however late they are judged.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { createNoveltyFilter, type NoveltyVerdict } from '../search/novelty/novelty-filter.ts';

/** A program, and how many commits there were with it. */
export type Remembered = { readonly at: number; readonly id: string; readonly source: string };

/** The filter. Proposals are judged in the order in which they were chosen. */
export type LateNovelty = {
  readonly remember: (program: Remembered) => void;
  /** `commits` were there when the proposal was chosen. */
  readonly judge: (source: string, resamples: number, commits: number) => NoveltyVerdict;
};

/** Makes one that knows no program. @throws {EvolveError} `SELECTOR_INVALID` for the table `[novelty]`. */
export function createLateNovelty(config: JsonObject): LateNovelty {
  const filter = createNoveltyFilter(config);
  const waiting: Remembered[] = [];
  return {
    remember: (program) => void waiting.push(program),
    judge: (source, resamples, commits) => {
      for (let next = waiting[0]; next !== undefined && next.at <= commits; next = waiting[0]) {
        filter.remember(next.id, next.source);
        waiting.shift();
      }
      return filter.judge(source, resamples);
    },
  };
}
