import { expect, test } from 'vitest';
import { wilsonInterval } from '../statistics/proportions/proportions.ts';
import { gateQuality, type MutantVerdict } from './gate-quality.ts';
import { mutants } from './mutants.ts';

const SOURCE = `export function solve(a, b) {
  if (a < b) {
    return a + 1;
  }
  return b * 2;
}`;
const ALL = mutants(SOURCE, { seed: 1 });

const judgedAs = (verdicts: readonly (MutantVerdict | 'rejects')[]) => {
  const left = [...verdicts];
  return gateQuality({
    mutants: ALL.slice(0, verdicts.length),
    judge: () => {
      const verdict = left.shift();
      return verdict === undefined || verdict === 'rejects'
        ? Promise.reject(new Error('no sandbox'))
        : Promise.resolve(verdict);
    },
  });
};

test('what was turned away, let in and not judged is counted apart, and the rate leaves out what was not judged', async () => {
  const quality = await judgedAs([
    { kind: 'killed' },
    { kind: 'killed' },
    { kind: 'survived' },
    { kind: 'error', message: 'the task failed' },
    'rejects',
  ]);
  expect(quality).toMatchObject({ total: 5, killed: 2, survived: 1, timedOut: 0, killRate: 2 / 3 });
  expect(quality.interval).toEqual(wilsonInterval(2, 3));
  expect(quality.errors.map(({ message }) => message)).toEqual(['the task failed', 'no sandbox']);
  expect(quality.total).toBe(quality.killed + quality.survived + quality.timedOut + quality.errors.length);
});

test('a timeout kills only where it is confirmed', async () => {
  const quality = await judgedAs([
    { kind: 'timed_out', confirmed: false },
    { kind: 'timed_out', confirmed: true },
    { kind: 'killed' },
    { kind: 'survived' },
  ]);
  expect(quality).toMatchObject({ killed: 1, survived: 1, timedOut: 2, timedOutConfirmed: 1, killRate: 0.5 });
});

test('a survivor comes with its change, line by line', async () => {
  const mutant = ALL.find(({ operator }) => operator === 'negate_condition');
  const statement = ALL.find(({ operator, before }) => operator === 'remove_statement' && before.includes('\n'));
  const quality = await gateQuality({
    mutants: [mutant, statement].flatMap((one) => one ?? []),
    judge: () => Promise.resolve({ kind: 'survived' }),
  });
  expect(quality.killRate).toBe(0);
  expect(quality.survivors.map(({ diff }) => diff)).toEqual([
    '- a < b\n+ !(a < b)',
    '- if (a < b) {\n-     return a + 1;\n-   }\n+ ;',
  ]);
  expect(quality.survivors[0]).toMatchObject({ id: mutant?.id, line: 2, column: 7 });
});

test('where nothing could be judged there is no rate', async () => {
  expect(await judgedAs(['rejects'])).toMatchObject({ total: 1, killRate: undefined, interval: undefined });
});

test('no mutants is a mistake of whoever asks', async () => {
  await expect(judgedAs([])).rejects.toMatchObject({ code: 'MUTANTS_INVALID' });
});
