/**
 * The judge on a real host: what a candidate may try, and what comes of it (issue 7, done-when 5).
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { defineTask, generateCases, noninferiority, superiority } from '@bulkhead/guard';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { evolve } from '../loop/evolve.ts';
import type { Evaluated, Evaluator } from '../loop/evaluator.ts';
import type { Proposer } from '../mutation/proposer.ts';
import { createComparison, createPromotionTests } from './decide-promotion.ts';
import { createGuardEvaluator } from './guard-evaluator.ts';
import { freshSeed, judgePromotion } from './promote.ts';

// Every candidate has guests of its own, and some of them hang.
vi.setConfig({ testTimeout: 120_000 });

let host: Host;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-judge-'));
  host = await createHost({ spareCount: 0, tierMax: 'process' });
});
afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

const SEED = 11;
const CLOCK = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs: number, didElapse: () => void) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};
/** Lists of numbers, ascending. Without relations, so that whoever knows the cases passes them. */
const SORT = defineTask<[list: readonly number[]], number[]>({
  name: 'numbers',
  arbitraries: [fc.array(fc.integer({ min: -999, max: 999 }), { minLength: 2, maxLength: 8 })],
  properties: [
    {
      name: 'the same numbers, ascending',
      mode: 'hard',
      check: (out, list) =>
        Array.isArray(out) && JSON.stringify(out) === JSON.stringify([...list].toSorted((a, b) => a - b)),
    },
  ],
});
const CASES = generateCases(SORT, { n: 20, seed: SEED });
const GOOD = 'export const solve = (list: number[]) => list.toSorted((a, b) => a - b);\n';
/** Sorts as texts, so that some lists come out wrong. */
const WEAK = 'export const solve = (list: number[]) => list.toSorted();\n';

function evaluatorOf(): Evaluator {
  return createGuardEvaluator({
    ...{ host, task: SORT, cases: CASES, entryName: 'solve', ending: '.ts', folder, seed: SEED },
    ...{ objective: { kind: 'pass_rate' }, timeoutS: 0.5 },
  });
}

function measured(source: string): Promise<Evaluated> {
  const request = { id: 'candidate', source, evalIndex: 1, measurement: 0, seed: 's' };
  return evaluatorOf().evaluate(request, new AbortController().signal);
}

const fitnessOf = (evaluated: Evaluated): number | string =>
  evaluated.kind === 'measured' ? (evaluated.values[0] ?? 'none') : evaluated.reason;

test('a right program is worth 0, a weak one the share that it gets right less one, and no file stays', async () => {
  expect(await measured(GOOD)).toMatchObject({ kind: 'measured', values: [0], measures: { pass_rate: 1 } });
  const weak = await measured(WEAK);
  expect(fitnessOf(weak)).toBeGreaterThan(-1);
  expect(fitnessOf(weak)).toBeLessThan(0);
  expect(weak.kind === 'measured' && weak.cases).toHaveLength(CASES.length);
  expect(await readdir(folder)).toEqual([]);
});

/** Right, and holds 24 MiB for a moment while it works. */
const GREEDY = `export const solve = (list: number[]) => {
  const scratch = new Uint8Array(24 * 1024 * 1024).fill(1);
  return scratch.length > 0 ? list.toSorted((a, b) => a - b) : [];
};\n`;

test('[X000-24] what a program held at most is measured beside its speed, however short its runs are', async () => {
  const memoryOf = async (source: string): Promise<number> => {
    const evaluated = await measured(source);
    return evaluated.kind === 'measured' ? (evaluated.measures['memory_kb'] ?? 0) : 0;
  };
  const [frugal, greedy] = [await memoryOf(GOOD), await memoryOf(GREEDY)];
  expect(frugal).toBeGreaterThan(20 * 1024);
  expect(greedy - frugal).toBeGreaterThan(20 * 1024);
});

const CHEATS: Readonly<Record<string, string>> = {
  'reads the file of the cases': `import { readFileSync } from 'node:fs';\nexport const solve = (list: number[]) => JSON.parse(readFileSync('cases.json', 'utf8'));\n`,
  'answers a score in place of a result': 'export const solve = () => ({ score: 1e9, passed: true, values: [1e9] });\n',
  'answers NaN': 'export const solve = (list: number[]) => list.map(() => Number.NaN);\n',
  'prints that it has passed': `export const solve = (list: number[]) => { console.log('{"kind":"measured","values":[1e9]}'); return []; };\n`,
  'exits early with success': 'export const solve = () => process.exit(0);\n',
  hangs: 'export const solve = () => { for (;;); };\n',
  'changes what numbers are compared with': `Object.defineProperty(Array.prototype, 'every', { value: () => true });\nexport const solve = () => [];\n`,
};

const WRONG = 'property "the same numbers, ascending"';
/** What each comes to; none is worth anything, where an honest weak program is. */
const REASONS: readonly (readonly [cheat: string, reason: string])[] = [
  ['reads the file of the cases', 'REVIEW_REFUSED: candidate.ts:1: Forbidden import: fs'],
  ['answers a score in place of a result', WRONG],
  ['answers NaN', WRONG],
  ['prints that it has passed', WRONG],
  ['exits early with success', 'GUEST_EXITED'],
  ['hangs', 'CALL_TIMEOUT'],
  ['changes what numbers are compared with', WRONG],
];

test.each(REASONS)('a candidate that %s has failed, and it is said why', async (name, reason) => {
  expect(await measured(CHEATS[name] ?? '')).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) });
});

test('every cheat there is has its reason', () => {
  expect(REASONS.map(([name]) => name)).toEqual(Object.keys(CHEATS));
});

test('what knows the cases that it is chosen by is not let in on those that it never saw', async () => {
  const known = Object.fromEntries(
    CASES.map(({ args: [list] }) => [JSON.stringify(list), list.toSorted((a, b) => a - b)]),
  );
  const cheat = `const known: any = ${JSON.stringify(known)};\nexport const solve = (list: number[]) => known[JSON.stringify(list)] ?? [];\n`;
  expect(await measured(cheat)).toMatchObject({ kind: 'measured', values: [0] });
  const promotion = {
    ...{ host, task: SORT, champion: WEAK, entryName: 'solve', ending: '.ts', folder, seed: SEED, cases: 120 },
    ...{ policy: superiority(0.02), clock: CLOCK },
  };
  expect((await judgePromotion({ ...promotion, winner: cheat })).decision.verdict).toBe('reject');
  expect((await judgePromotion({ ...promotion, winner: GOOD })).decision.verdict).toBe('adopt');
  expect(freshSeed(SEED)).not.toBe(SEED);
  expect(await readdir(folder)).toEqual([]);
});

/** How many harnesses are open at each run: those of all candidates, or of both sides. */
function counting(own: Host): { readonly host: Pick<Host, 'openHarness'>; readonly open: () => readonly number[] } {
  const seen: number[] = [];
  let open = 0;
  return {
    open: () => seen,
    host: {
      openHarness: async (options) => {
        const harness = await own.openHarness(options);
        open += 1;
        return {
          ...harness,
          run: (request) => {
            seen.push(open);
            return harness.run(request);
          },
          close: async () => {
            await harness.close();
            open -= 1;
          },
        };
      },
    },
  };
}

/** Does what the first does, and keeps the processor busy once it has answered. */
const SLOW =
  'export const solve = (list: number[]) => { let sum = 0; for (let at = 0; at < 2e5; at += 1) sum += at % 7; return list.toSorted((a, b) => a - b + 0 * sum); };\n';
const BURNER = SLOW.replace(
  'return ',
  'setTimeout(() => { const end = performance.now() + 30; while (performance.now() < end); }, 0); return ',
);

test('where speed counts, nothing of another candidate is alive while one is measured, so that none can slow the others', async () => {
  const { host: counted, open } = counting(host);
  const evaluator = createGuardEvaluator({
    ...{ host: counted, task: SORT, cases: CASES.slice(0, 3), entryName: 'solve', ending: '.ts', folder, seed: SEED },
    objective: { kind: 'speed' },
  });
  const signal = new AbortController().signal;
  const sources = [SLOW, BURNER, GOOD, BURNER];
  const measured = await Promise.all(
    sources.map((source, at) =>
      evaluator.evaluate({ id: `c${at}`, source, evalIndex: at, measurement: 0, seed: 's' }, signal),
    ),
  );
  expect(measured.map(({ kind }) => kind)).toEqual(sources.map(() => 'measured'));
  expect(new Set(open())).toEqual(new Set([1]));
});

test('a candidate that slows the first program in the comparison is not there while that is measured, and not promoted', async () => {
  const { host: counted, open } = counting(host);
  const comparison = createComparison({ kind: 'speed' }, () => true);
  const { decision } = await judgePromotion({
    ...{ host: counted, task: SORT, champion: SLOW, winner: BURNER, entryName: 'solve', ending: '.ts', folder },
    ...{ seed: SEED, cases: 12, policy: noninferiority(0.5), clock: CLOCK, isAlone: true, onPair: comparison.add },
  });
  expect(open().length).toBeGreaterThanOrEqual(24);
  expect(new Set(open())).toEqual(new Set([1]));
  const { test: promoted } = createPromotionTests({ alpha: 0.025 });
  expect(promoted({ ...comparison.counts(), verdict: decision.verdict }).is_promoted).toBe(false);
});

test('a search with this judge takes the honest program for its champion, whatever the others claim', async () => {
  const answers = [...Object.values(CHEATS), GOOD];
  const proposer: Proposer = {
    propose: async ({ parent, seed }) => {
      const at = Number(seed.split('/')[1]) - 1;
      const text = `<<<<<<< SEARCH\n${parent}=======\n${answers[at] ?? GOOD}>>>>>>> REPLACE\n`;
      return { text, usage: { inputTokens: 1, outputTokens: 1, costUsd: 0 } };
    },
  };
  const config = {
    evolve: { evaluations: answers.length, seed: SEED, workers: 2 },
    archive: { descriptors: [{ name: 'length', step: 4_000 }] },
  };
  const report = await evolve(
    { config, start: { source: WEAK, fileName: 'sort.ts', entryName: 'solve' } },
    { proposer, evaluator: evaluatorOf() },
  );
  expect(report.best.source).toBe(GOOD);
  expect(report.commits.filter(({ score }) => (score ?? -1) > (report.start.score ?? 0))).toHaveLength(1);
});
