/**
 * One island: a program for each cell that was reached, and the threshold that the next one of the cell has to pass. Nothing else lives on an
 * island, and nothing but a better program of the same cell drives one out.
 */
import { createKeptOrder } from '../population/kept-order.ts';
import type { Member, ProgramView } from '../population/program-view.ts';
import type { Program } from './program.ts';

/** The owner of a cell; the score that the next has to be above. */
export type Owner = { readonly member: Member<Program>; readonly threshold: number };

/** How thresholds move. */
export type ThresholdRule = { readonly learningRate: number; readonly thresholdMin: number };

/** An island, which is a view of its owners. */
export interface Island extends ProgramView<Program> {
  readonly owners: ReadonlyMap<string, Owner>;
  /** Tells whether a score would get into a cell, and whether there is somebody there. */
  readonly judge: (cell: string, score: number) => 'new' | 'improved' | 'rejected';
  /** Makes a program the owner of its cell. @returns Whom it drove out. */
  readonly settle: (member: Member<Program>, threshold?: number) => Member<Program> | undefined;
  /** Puts another state of the same program in its place, where it owns its cell. */
  readonly renew: (before: Member<Program>, after: Member<Program>) => void;
  readonly clear: () => void;
}

/** An island without programs. */
export function createIsland({ learningRate, thresholdMin }: ThresholdRule): Island {
  const owners = new Map<string, Owner>();
  const order = createKeptOrder<Program>();
  let version = 0;
  const thresholdOf = (cell: string): number => owners.get(cell)?.threshold ?? thresholdMin;
  const settle = (member: Member<Program>, given?: number): Member<Program> | undefined => {
    const before = owners.get(member.cell)?.member;
    const threshold = given ?? raised(thresholdOf(member.cell), member.score, learningRate);
    if (before !== undefined) order.remove(before);
    order.add(member);
    owners.set(member.cell, { member, threshold });
    version += 1;
    return before;
  };
  return {
    get version() {
      return version;
    },
    owners,
    ranked: order.list,
    champions: order.list,
    judge: (cell, score) => {
      if (score <= thresholdOf(cell)) return 'rejected';
      return owners.has(cell) ? 'improved' : 'new';
    },
    settle,
    renew: (before, after) => {
      const owner = owners.get(before.cell);
      if (owner?.member !== before) return;
      settle(after, learningRate === 1 ? after.score : owner.threshold);
    },
    clear: () => {
      owners.clear();
      order.clear();
      version += 1;
    },
  };
}

/** @see Fontaine and Nikolaidis 2023 (CMA-MAE): t ← (1 − α)t + αf. */
function raised(threshold: number, score: number, learningRate: number): number {
  return learningRate === 1 ? score : (1 - learningRate) * threshold + learningRate * score;
}
