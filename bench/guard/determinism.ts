/**
 * Question (G12): does the same seed give the same report, whatever runs at once? Workload: 120 cases of `top_k`, a candidate that does the
 * same and one that is wrong at times, with 1, 2 and 4 cases at once; the report without `timing`, `environment`, `job_metadata`
 * and the digest of cases, which have times in them, is hashed.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { evaluate, TOP_K } from '@bulkhead/guard';
import { TOP_K_REFERENCE } from '../../packages/guard/src/mutation/references/top-k.ts';
import { atMost } from '../lib/figures.ts';
import { CLOCK, openWorkshop, type Workshop } from './implementations.ts';
import type { Part } from './row.ts';

const CASES = 120;
const PARALLEL = [1, 2, 4] as const;
const EQUAL = 'export const solve = (values: number[], k: number) => values.toSorted((a, b) => b - a).slice(0, k);';
const WRONG =
  'export const solve = (values: number[], k: number) => [...new Set(values)].toSorted((a, b) => b - a).slice(0, k);';

/** G12. */
export const determinism: Part = {
  id: 'G12',
  title: 'one seed, one report',
  measure: async () => {
    await using workshop = await openWorkshop();
    const distinct = async (candidate: string): Promise<number> => {
      const hashes = new Set<string>();
      for (const parallel of PARALLEL) hashes.add(await hashOf(workshop, candidate, parallel));
      return hashes.size;
    };
    return [
      {
        id: 'G12',
        what: `reports of a candidate that is equal, ${PARALLEL.join(', ')} cases at once: hashes`,
        figure: atMost('reports_equal_candidate', await distinct(EQUAL), { unit: 'hashes', bound: 1 }),
      },
      {
        id: 'G12',
        what: 'reports of one that is wrong at times, regressions and smallest cases within: hashes',
        figure: atMost('reports_wrong_candidate', await distinct(WRONG), { unit: 'hashes', bound: 1 }),
      },
    ];
  },
};

async function hashOf(workshop: Workshop, candidate: string, parallel: number): Promise<string> {
  const report = await evaluate(
    {
      task: TOP_K,
      baseline: await workshop.implement(TOP_K_REFERENCE.source, parallel),
      candidate: await workshop.implement(candidate, parallel),
      n: CASES,
      parallel,
      timeoutS: 30,
    },
    CLOCK,
  );
  const { timing, environment, job_metadata, replay, ...rest } = report;
  void [timing, environment, job_metadata];
  const lasting = { ...rest, replay: { ...replay, cases_sha256: null } }; // There are times in the cases.
  // A report is JSON: it is written as such.
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(lasting)) as JsonValue))
    .digest('hex');
}
