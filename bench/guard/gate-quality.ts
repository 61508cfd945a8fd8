/**
 * Question (G9): how many wrong versions does the gate turn away, and how many right ones? Workload: ten mutants each of six references that
 * nothing is known to hide, and five other ways to write each, evaluated at 400 cases by the default policy, which may end early, through
 * the `local` executor. An evaluation that neither adopts nor rejects lets a mutant through, and refuses a refactor.
 */
import { evaluate } from '@bulkhead/guard';
import { gateQualityStudy, REFERENCES, type StudiedPair } from '../../packages/guard/src/mutation/study.ts';
import { atLeast, atMost, told } from '../lib/figures.ts';
import { CLOCK, openWorkshop, type Workshop } from './implementations.ts';
import type { Part } from './row.ts';

const KILLED_LEAST = 95;
const REFACTORS = new Set(REFERENCES.flatMap(({ refactors }) => refactors.map(({ source }) => source)));

/** G9. */
export const gateQualityOfDefault: Part = {
  id: 'G9',
  title: 'mutants and refactors',
  measure: async () => {
    await using workshop = await openWorkshop();
    const undecided: string[] = [];
    const startedAt = performance.now();
    const study = await gateQualityStudy({
      judge: async (pair) => {
        const verdict = await verdictOf(workshop, pair);
        if (verdict === 'inconclusive') undecided.push(pair.candidate);
        if (REFACTORS.has(pair.candidate)) return { kind: verdict === 'adopt' ? 'survived' : 'killed' };
        return { kind: verdict === 'reject' ? 'killed' : 'survived' };
      },
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    for (const { name, quality } of study.references) {
      for (const { diff } of quality.survivors) console.error(`${name}: let in ${diff}`);
    }
    const count = (of: (one: (typeof study.references)[number]) => number): number =>
      study.references.reduce((sum, one) => sum + of(one), 0);
    const mutants = count(({ quality }) => quality.total);
    const refactors = count((one) => one.refactors);
    const [lower, upper] = study.killInterval;
    return [
      {
        id: 'G9',
        what: `mutants of ${mutants} that are rejected (95 % interval ${percent(lower)} to ${percent(upper)})`,
        figure: atLeast('mutants_rejected', 100 * study.killRate, { unit: '%', bound: KILLED_LEAST }),
      },
      {
        id: 'G9',
        what: `refactors of ${refactors} that are not adopted`,
        figure: atMost(
          'refactors_not_adopted',
          count(({ refused }) => refused.length),
          { unit: 'refactors', bound: 0 },
        ),
      },
      {
        id: 'G9',
        what: 'evaluations that could not be judged',
        figure: atMost(
          'mutants_unjudged',
          count(({ quality }) => quality.errors.length),
          { unit: 'mutants', bound: 0 },
        ),
      },
      { id: 'G9', what: 'evaluations that did not decide', figure: told('undecided', undecided.length, 'evaluations') },
      {
        id: 'G9',
        what: 'an evaluation on average, guests started for each side',
        figure: told('study_evaluation_mean', seconds / (mutants + refactors), 's'),
      },
    ];
  },
};

async function verdictOf(workshop: Workshop, { task, baseline, candidate, n, seed }: StudiedPair) {
  const sides = { baseline: await workshop.implement(baseline, 2), candidate: await workshop.implement(candidate, 2) };
  try {
    const { decision } = await evaluate({ task, ...sides, n, seed, mode: 'sequential', parallel: 2 }, CLOCK);
    return decision.verdict;
  } finally {
    await Promise.all([sides.baseline.executor.close?.(), sides.candidate.executor.close?.()]);
  }
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
