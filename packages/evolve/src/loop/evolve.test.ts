import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '@bulkhead/guard/statistics';
import type { Proposer } from '../mutation/proposer.ts';
import { evolve } from './evolve.ts';
import { BLIND, counting, RIGHT, START, programOf, replacing, unsteady } from './evolve.fixture.ts';
import type { Evaluator } from './evaluator.ts';
import { createMemoryJournal, openFileJournal } from './journal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-evolve-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ARCHIVE = { descriptors: [{ name: 'length', step: 40 }] };

function configOf(evolveTable: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return { evolve: { evaluations: 60, seed: 7, ...evolveTable }, archive: ARCHIVE, ...more };
}

/** Proposers and judges of which nobody knows who answers first. */
function jittered(run: string): { readonly proposer: Proposer; readonly evaluator: Evaluator } {
  const judge = counting();
  let asked = 0;
  return {
    proposer: {
      propose: async (request, signal) => unsteady(`${run} p ${(asked += 1)}`, await BLIND.propose(request, signal)),
    },
    evaluator: {
      evaluate: async (request, signal) => unsteady(`${run} e ${(asked += 1)}`, await judge.evaluate(request, signal)),
    },
  };
}

test('a search finds the right program, says how, and ends where the target is reached', async () => {
  const told: string[] = [];
  const report = await evolve(
    { config: configOf({ evaluations: 400, target: 4 }), start: START },
    { proposer: BLIND, evaluator: counting(), onCommit: ({ status }) => told.push(status) },
  );
  expect(report).toMatchObject({
    ended: 'target',
    best: { source: programOf(RIGHT), score: 4 },
    start: { score: 0 },
  });
  expect(report.commits).toHaveLength(report.evaluations + 1);
  expect(report.commits.map(({ index }) => index)).toEqual([...report.commits.keys()]);
  expect(told).toEqual(report.commits.slice(1).map(({ status }) => status));
  expect(report.lineage_hash).toMatch(/^[0-9a-f]{64}$/);
});

test('[E3] the lineage of a seed is one, with 1, 2 and 4 workers, whoever answers first, and three times over', async () => {
  const hashes = new Set<string>();
  for (const workers of [1, 2, 4, 4, 4]) {
    const parts = jittered(`run ${hashes.size} ${workers}`);
    const report = await evolve({ config: configOf({ workers }), start: START }, parts);
    expect(report.evaluations).toBe(60);
    hashes.add(report.lineage_hash);
  }
  expect(hashes.size).toBe(1);
  const other = await evolve({ config: configOf({ seed: 8 }), start: START }, jittered('other'));
  expect(hashes.has(other.lineage_hash)).toBe(false);
});

test('[E3] a search that was cut off anywhere goes on to the same lineage, and asks for nothing twice', async () => {
  const whole = join(folder, 'whole.ndjson');
  const config = configOf({ evaluations: 40 });
  const expected = await evolve({ config, start: START }, { ...jittered('whole'), journal: openFileJournal(whole) });
  const text = await readFile(whole);
  const random = createRandom('cuts');
  for (let cut = 0; cut < 20; cut += 1) {
    const path = join(folder, `cut-${cut}.ndjson`);
    await writeFile(path, text);
    const bytes = random.below(text.length);
    await truncate(path, bytes);
    const kept = text.subarray(0, bytes).toString().split('\n').length - 2;
    let asked = 0;
    const { proposer, evaluator } = jittered(`cut ${cut}`);
    const counted: Evaluator = {
      evaluate: (request, signal) => {
        asked += 1;
        return evaluator.evaluate(request, signal);
      },
    };
    const report = await evolve(
      { config, start: START },
      { proposer, evaluator: counted, journal: openFileJournal(path) },
    );
    expect(report.lineage_hash).toBe(expected.lineage_hash);
    expect(asked).toBeLessThanOrEqual(41 - Math.max(0, Math.floor((kept - 4) / 2)));
  }
});

test('a journal of another search is refused, and so is one that nobody wrote', async () => {
  const journal = createMemoryJournal();
  const parts = { proposer: BLIND, evaluator: counting(), journal };
  await evolve({ config: configOf(), start: START }, parts);
  await evolve({ config: configOf({ workers: 1 }), start: START }, parts);
  for (const config of [configOf({ seed: 8 }), configOf({ window: 2 }), configOf({}, { novelty: { near_max: 0 } })])
    await expect(evolve({ config, start: START }, parts)).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH' });
  const path = join(folder, 'foreign');
  await writeFile(path, 'nothing of ours\n');
  const foreign = evolve({ config: configOf(), start: START }, { ...parts, journal: openFileJournal(path) });
  await expect(foreign).rejects.toMatchObject({ code: 'JOURNAL_INVALID', message: expect.stringContaining('line 1') });
});

test('a copy is not measured: another one is asked for, three times at most', async () => {
  const measuredBy = async (resamples_max: number): Promise<readonly string[]> => {
    const measured: string[] = [];
    const config = configOf({ evaluations: 30, window: 1 }, { novelty: { resamples_max } });
    await evolve({ config, start: START }, { proposer: BLIND, evaluator: counting((source) => measured.push(source)) });
    return measured;
  };
  const [careless, careful] = [await measuredBy(0), await measuredBy(3)];
  expect(new Set(careful).size).toBeGreaterThan(new Set(careless).size);
  expect(careful).toHaveLength(31);
});

test('what does not work, or cannot be proposed, is an outcome and leaves the archive as it was', async () => {
  const evaluator: Evaluator = {
    evaluate: async ({ evalIndex, source }, signal) =>
      evalIndex > 0 && evalIndex % 2 === 0
        ? { kind: 'failed', reason: 'it hangs' }
        : counting().evaluate({ evalIndex, source, id: '', measurement: 0, seed: '' }, signal),
  };
  const proposer: Proposer = {
    propose: (request, signal) =>
      request.seed.startsWith('7/3/')
        ? Promise.resolve({ text: 'I would rather not.', usage: { inputTokens: 1, outputTokens: 1, costUsd: 0 } })
        : BLIND.propose(request, signal),
  };
  const { commits } = await evolve({ config: configOf({ evaluations: 12 }), start: START }, { proposer, evaluator });
  expect(commits[2]).toMatchObject({ status: 'failed', reason: 'it hangs', score: null });
  expect(commits[3]).toMatchObject({ status: 'no_program', score: null });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a fitness of %d is nobody’s champion',
  async (forged) => {
    const honest = counting();
    const evaluator: Evaluator = {
      evaluate: async (request, signal) => {
        const evaluated = await honest.evaluate(request, signal);
        if (evaluated.kind === 'failed' || request.evalIndex !== 5) return evaluated;
        return { ...evaluated, values: [forged] };
      },
    };
    const { best, commits } = await evolve({ config: configOf(), start: START }, { proposer: BLIND, evaluator });
    expect(Number.isFinite(best.score)).toBe(true);
    expect(commits[5]).toMatchObject({ status: 'rejected', score: null });
  },
);

test('budgets of tokens and dollars, and evaluations that better nothing, end a search where they say', async () => {
  const parts = { proposer: BLIND, evaluator: counting() };
  const tokens = await evolve({ config: configOf({ tokens_max: 150, window: 1 }), start: START }, parts);
  expect(tokens.ended).toBe('budget');
  expect(tokens.usage.inputTokens + tokens.usage.outputTokens).toBeGreaterThanOrEqual(150);
  expect(tokens.evaluations).toBeLessThanOrEqual(10);
  const usd = await evolve({ config: configOf({ usd_max: 0.005, window: 1 }), start: START }, parts);
  expect(usd.ended).toBe('budget');
  const still: Proposer = {
    propose: async ({ parent }) => ({
      text: replacing(parent, parent.replace('[', '[ ')),
      usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    }),
  };
  const config = configOf({ no_improve: 9 });
  const stuck = await evolve({ config, start: START }, { ...parts, proposer: still });
  expect([stuck.ended, stuck.evaluations]).toEqual(['no_improve', 9]);
});

test('islands grow and their best travel, and that is the same in every run', async () => {
  const archive = { ...ARCHIVE, islands: 3, migration_every: 10, reset_every: 25 };
  const config = configOf({ evaluations: 90, workers: 2 }, { archive });
  const one = await evolve({ config, start: START }, jittered('one'));
  const other = await evolve({ config, start: START }, jittered('other'));
  expect(one.lineage_hash).toBe(other.lineage_hash);
  expect(new Set(one.commits.map(({ island }) => island))).toEqual(new Set([0, 1, 2]));
});

test('what is wrong with a configuration, or with the first program, is said before anything is spent', async () => {
  let asked = 0;
  const evaluator = counting(() => (asked += 1));
  const parts = { proposer: BLIND, evaluator };
  const refused: readonly (readonly [JsonObject, string])[] = [
    [{ evolve: { evaluation: 3 } }, 'EVOLVE_INVALID'],
    [{ evolve: { window: 0 } }, 'EVOLVE_INVALID'],
    [{ selector: { tournement: {} } }, 'SELECTOR_INVALID'],
    [{ archive: { islands: -1 } }, 'ARCHIVE_INVALID'],
    [{ selectors: {} }, 'EVOLVE_INVALID'],
  ];
  for (const [config, code] of refused)
    await expect(evolve({ config, start: START }, parts)).rejects.toMatchObject({ code });
  expect(asked).toBe(0);
  const broken: Evaluator = { evaluate: async () => ({ kind: 'failed', reason: 'it throws' }) };
  await expect(evolve({ config: configOf(), start: START }, { ...parts, evaluator: broken })).rejects.toMatchObject({
    code: 'EVOLVE_INVALID',
    message: expect.stringContaining('it throws'),
  });
});

test('two selectors are named, and one is asked for', async () => {
  const config = { ...configOf(), selector: { ucb: {}, tournament: {} } };
  await expect(evolve({ config, start: START }, { proposer: BLIND, evaluator: counting() })).rejects.toMatchObject({
    code: 'EVOLVE_INVALID',
    message: 'there are 2 selectors: [selector.ucb], [selector.tournament]; expected one',
  });
});

test('a descriptor of what the judge does not measure is named, with those that there are', async () => {
  const config = configOf({}, { archive: { descriptors: [{ name: 'beauty', step: 1 }] } });
  await expect(evolve({ config, start: START }, { proposer: BLIND, evaluator: counting() })).rejects.toMatchObject({
    code: 'EVOLVE_INVALID',
    message: expect.stringMatching(/"beauty".*expected one of .*length.*generation/),
  });
});

test('a signal ends a search with its reason', async () => {
  const controller = new AbortController();
  const parts = { proposer: BLIND, evaluator: counting(), onCommit: () => controller.abort(new Error('enough')) };
  await expect(evolve({ config: configOf(), start: START }, parts, controller.signal)).rejects.toThrow('enough');
});
