import { expect, test } from 'vitest';
import { judgeInProcess } from './in-process-judge.fixture.ts';
import { mutants } from './mutants.ts';
import { gateQualityStudy, isEquivalent, REFERENCES, studiedMutants, type StudiedPair } from './study.ts';

const ROUNDING = REFERENCES.filter(({ name }) => name === 'rounding');

test.each(REFERENCES.map((one) => [one.name, one] as const))(
  '%s: the reference and its five refactors pass',
  async (_name, { task, source, refactors }) => {
    expect(refactors).toHaveLength(5);
    for (const candidate of [source, ...refactors.map((one) => one.source)]) {
      const verdict = await judgeInProcess({ task, baseline: source, candidate, n: 30, seed: 42 });
      expect(verdict).toEqual({ kind: 'survived' });
    }
  },
);

test('at 100 cases, nine of ten mutants of rounding are turned away, and no refactor is', async () => {
  const study = await gateQualityStudy({ judge: judgeInProcess, n: 100, references: ROUNDING });
  expect(study.references.map(({ quality }) => quality.total)).toEqual([10]);
  expect(study.references.flatMap(({ quality }) => quality.errors)).toEqual([]);
  expect(study.killRate).toBeGreaterThanOrEqual(0.9);
  expect(study.wrongRejectionRate).toBe(0);
});

test('a study judges each mutant and refactor on the same cases, and counts what is refused wrongly', async () => {
  const asked: StudiedPair[] = [];
  const study = await gateQualityStudy({
    judge: (pair) => {
      asked.push(pair);
      return Promise.resolve({ kind: 'killed' });
    },
    mutantsEach: 3,
    seed: 7,
  });
  expect(asked).toHaveLength(6 * (3 + 5));
  expect(new Set(asked.map(({ n, seed }) => `${n} ${seed}`))).toEqual(new Set(['400 7']));
  expect(study).toMatchObject({ killRate: 1, wrongRejectionRate: 1 });
  expect(study.references.map(({ refused }) => refused.length)).toEqual([5, 5, 5, 5, 5, 5]);
});

test.each(REFERENCES.map((one) => [one.name, one] as const))(
  '%s: each mutant that is left out is one that there is, and every one says why',
  (_name, reference) => {
    const left = mutants(reference.source, { seed: 1 }).filter((mutant) => isEquivalent(reference, mutant));
    expect(left.length).toBeGreaterThanOrEqual(reference.equivalents.length);
    for (const one of reference.equivalents) {
      expect(left.some(({ operator, after }) => operator === one.operator && after === one.after)).toBe(true);
      expect(one.reason.length).toBeGreaterThan(20);
    }
    expect(studiedMutants(reference, { seed: 1, max: 1_000 }).filter((one) => isEquivalent(reference, one))).toEqual(
      [],
    );
  },
);
