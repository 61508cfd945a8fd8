/**
 * Whether the winner of a search is progress: guard compares it with the first program on cases that the search never saw. What was only
 * luck on the cases that it was chosen by does not come back on fresh ones.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createLocalExecutor,
  DEFAULT_POLICY,
  evaluate,
  type CaseJournal,
  type EvaluatedPair,
  type EvaluationClock,
  type Executor,
  type Implementation,
  type Policy,
  type Report,
  type Task,
} from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';
import { createAloneExecutor } from './alone-executor.ts';

/**
 * What is compared, and on how many fresh cases.
 *
 * @public
 */
export type Promotion = {
  readonly host: Pick<Host, 'openHarness'>;
  readonly task: Task;
  readonly champion: string;
  readonly winner: string;
  readonly entryName: string;
  readonly ending: string;
  readonly folder: string;
  /** Of the run; the fresh cases have a seed that follows from it, and that no case of the search has. */
  readonly seed: number | string;
  readonly cases: number;
  readonly policy?: Policy;
  readonly clock: EvaluationClock;
  readonly signal?: AbortSignal;
  readonly timeoutS?: number;
  readonly memMb?: number;
  /**
   * Whether each run has a guest that is there for it alone: for comparisons of times, which a side could else spoil by keeping the
   * processor busy while the other is measured. A run then takes the start of a guest longer.
   */
  readonly isAlone?: boolean;
  /** Told of each case as both sides did it. */
  readonly onPair?: (pair: EvaluatedPair) => void;
};

/**
 * Judges the winner. Its `decision.verdict` says whether it may take the champion's place.
 *
 * @throws as guard's `evaluate`.
 * @public
 */
export async function judgePromotion(promotion: Promotion): Promise<Report> {
  const { host, task, folder, champion, winner, cases, clock, policy = DEFAULT_POLICY, isAlone = false } = promotion;
  const executor = isAlone ? createAloneExecutor(host) : createLocalExecutor({ host });
  try {
    await mkdir(folder, { recursive: true });
    return await evaluate(
      {
        ...{ task, policy, n: cases, seed: freshSeed(promotion.seed), func: promotion.entryName },
        ...{ timeoutS: promotion.timeoutS ?? 1, memMb: promotion.memMb ?? 128 },
        ...(promotion.signal !== undefined && { signal: promotion.signal }),
        ...(promotion.onPair !== undefined && { journal: listening(promotion.onPair) }),
        baseline: await implementation(promotion, 'champion', { source: champion, executor }),
        candidate: await implementation(promotion, 'winner', { source: winner, executor }),
      },
      clock,
    );
  } finally {
    await executor.close?.();
    for (const role of ['champion', 'winner']) await rm(fileOf(folder, role, promotion.ending), { force: true });
  }
}

/**
 * The seed of cases that a search of this seed is judged by, and never chooses by.
 *
 * @public
 */
export function freshSeed(seed: number | string): number {
  return createHash('sha256').update(`hold-out ${seed}`).digest().readUInt32BE(0);
}

/** Keeps nothing. */
function listening(onPair: (pair: EvaluatedPair) => void): CaseJournal {
  return {
    begin: async () => (async function* () {})(),
    add: async (pair) => onPair(pair),
    cutAfter: async () => undefined,
    close: async () => undefined,
  };
}

async function implementation(
  { folder, ending }: Promotion,
  role: string,
  { source, executor }: { readonly source: string; readonly executor: Executor },
): Promise<Implementation> {
  const filePath = fileOf(folder, role, ending);
  await writeFile(filePath, source);
  return { filePath, text: source, executor, executorName: 'local' };
}

function fileOf(folder: string, role: string, ending: string): string {
  return join(folder, `${role}${ending}`);
}
