import { expect, test } from 'vitest';
import { brokenOf, failedOf, judgeAll, type Solve } from './judge-all.fixture.ts';
import { RANKING, type Candidate } from './ranking.ts';

const better = (one: Candidate, other: Candidate): number => other.score - one.score || (one.id < other.id ? -1 : 1);
const idsOf = (ranked: readonly Candidate[]): readonly string[] => ranked.map(({ id }) => id);

test.each<[string, Solve, readonly string[]]>([
  [
    'the lowest first',
    (all: Candidate[], k: number) => idsOf(all.toSorted(better).toReversed().slice(0, k)),
    ['best', 'raise_score'],
  ],
  [
    'ties in the order in which they came',
    (all: Candidate[], k: number) => idsOf(all.toSorted((one, other) => other.score - one.score).slice(0, k)),
    ['best', 'permute_input'],
  ],
  [
    'one too few',
    (all: Candidate[], k: number) => idsOf(all.toSorted(better).slice(0, Math.max(0, k - 1))),
    ['length'],
  ],
  ['k is not read', (all: Candidate[]) => idsOf(all.toSorted(better)), ['length']],
  [
    'numbers of ids by their size',
    (all: Candidate[], k: number) => {
      const byNumber = (one: Candidate, other: Candidate) => Number(one.id.slice(1)) - Number(other.id.slice(1));
      return idsOf(all.toSorted((one, other) => other.score - one.score || byNumber(one, other)).slice(0, k));
    },
    ['best'],
  ],
  [
    'each group has one place',
    (all: Candidate[], k: number) => {
      const sorted = all.toSorted(better);
      return idsOf(sorted.filter((one, at) => sorted.findIndex(({ group }) => group === one.group) === at).slice(0, k));
    },
    ['length', 'best'],
  ],
  [
    'scores are rounded',
    (all: Candidate[], k: number) =>
      idsOf(
        all
          .toSorted((one, other) => Math.round(other.score) - Math.round(one.score) || (one.id < other.id ? -1 : 1))
          .slice(0, k),
      ),
    ['best'],
  ],
  [
    'the best one twice',
    (all: Candidate[], k: number) => idsOf([...all.toSorted(better).slice(0, 1), ...all.toSorted(better)].slice(0, k)),
    ['known'],
  ],
  ['the candidates themselves', (all: Candidate[], k: number) => all.toSorted(better).slice(0, k), ['is_result']],
])('a wrong one is found within 400 cases: %s', async (_name, solve, names) => {
  const judged = await judgeAll(RANKING, solve);
  expect(failedOf(judged)).not.toEqual([]);
  expect(judged.flatMap(({ faults }) => faults)).toEqual([]);
  expect(brokenOf(judged)).toEqual(expect.arrayContaining([...names]));
});

test('the group of a case is that of whoever comes first', () => {
  const candidates = [
    { id: 'a', score: 1, group: 'north' },
    { id: 'b', score: 2, group: 'west' },
  ];
  expect(RANKING.group([candidates, 1], ['b'])).toBe('west');
  expect(RANKING.group([candidates, 0], [])).toBeUndefined();
});
