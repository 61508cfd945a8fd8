/**
 * Searches by several models: a bandit sends most evaluations to the better one, and is the same in every run of a seed.
 */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@bulkhead/guard/statistics';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import type { Proposer, ProposingModel } from '../mutation/proposer.ts';
import type { ModelTally } from '../search/models/model-tallies.ts';
import { evolve, type EvolveReport } from './evolve.ts';
import { replacing, unsteady } from './evolve.fixture.ts';
import type { Evaluator } from './evaluator.ts';
import { createMemoryJournal, openFileJournal, type Journal } from './journal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const heightIn = (source: string): number => Number(/return (?<height>-?\d+);/.exec(source)?.groups?.['height']);
const programOf = (height: number): string => `export function climb() {\n  return ${height};\n}\n`;
const START = { source: programOf(0), fileName: 'climb.ts', entryName: 'climb' } as const;

/** Changes what is returned by so much, at such a cost; by nothing that can be applied where that is undefined. */
function stepping(step: number | undefined, costUsd = 0): Proposer {
  return {
    propose: async ({ parent }) => ({
      text: step === undefined ? 'I would rather not.' : replacing(parent, programOf(heightIn(parent) + step)),
      usage: { inputTokens: 10, outputTokens: 5, costUsd },
    }),
  };
}

const CLIMBING: Evaluator = {
  evaluate: async ({ source }) => {
    const height = heightIn(source);
    return { kind: 'measured', values: [height], cases: [height], measures: { length: source.length } };
  },
};

const BAD: Proposer = stepping(undefined);
const WORSE: Proposer = stepping(-1);
const GOOD: Proposer = stepping(1);

function modelsOf(proposers: Readonly<Record<string, Proposer>>): readonly ProposingModel[] {
  return Object.entries(proposers).map(([name, proposer]) => ({ name, weight: 1, proposer }));
}

function configOf(models: JsonObject, more: JsonObject = {}): JsonObject {
  const archive = { descriptors: [{ name: 'length', step: 40 }] };
  return { evolve: { evaluations: 100, seed: 7, ...more }, archive, novelty: { resamples_max: 0 }, models };
}

type Asking = { readonly models: readonly ProposingModel[]; readonly config: JsonObject; readonly journal?: Journal };

function search({ models, config, journal }: Asking): Promise<EvolveReport> {
  const parts = { proposer: models, evaluator: CLIMBING, ...(journal !== undefined && { journal }) };
  return evolve({ config, start: START }, parts);
}

function submissionsOf(tallies: readonly ModelTally[]): Readonly<Record<string, number>> {
  return Object.fromEntries(tallies.map(({ name, submitted }) => [name, submitted]));
}

test.each([
  ['ucb1', 'cannot be applied', BAD],
  ['ucb1', 'are worse', WORSE],
  ['thompson', 'cannot be applied', BAD],
  ['thompson', 'are worse', WORSE],
])('%s sends most evaluations to the good one of two models where edits of the other %s', async (choice, _how, bad) => {
  const report = await search({ models: modelsOf({ bad, good: GOOD }), config: configOf({ choice }) });
  const { bad: few = 0, good: many = 0 } = submissionsOf(report.models);
  expect(few + many).toBe(100);
  expect(few).toBeGreaterThan(0);
  expect(many).toBeGreaterThan(75);
  const [known] = report.models;
  expect(known).toMatchObject({ name: 'bad', answered: few, improved: 0, gain: 0 });
  expect(report.commits.filter(({ model }) => model === 'good')).toHaveLength(many);
});

test('by weight, each model is asked with its share, whatever comes of it [X000-25]', async () => {
  const models = modelsOf({ bad: BAD, good: GOOD, never: GOOD }).map((model, at) => ({
    ...model,
    weight: [3, 1, 0][at] ?? 0,
  }));
  const { models: tallies } = await search({ models, config: configOf({}, { evaluations: 400 }) });
  const { bad = 0, good = 0, never } = submissionsOf(tallies);
  expect([bad + good, never]).toEqual([400, 0]);
  // Five standard deviations of 400 draws.
  expect(Math.abs(bad - 300)).toBeLessThan(5 * Math.sqrt(400 * 0.75 * 0.25));
});

test('of two models that are as good, the cheap one is asked more where cost counts, and as often where it does not', async () => {
  const models = modelsOf({ dear: stepping(1, 0.1), cheap: stepping(1, 0.01) });
  for (const choice of ['ucb1', 'thompson']) {
    const counted = submissionsOf((await search({ models, config: configOf({ choice, cost_weight: 1 }) })).models);
    expect(counted['cheap']).toBeGreaterThan(75);
  }
  const { dear = 0, cheap = 0 } = submissionsOf(
    (await search({ models, config: configOf({ choice: 'ucb1' }) })).models,
  );
  expect(Math.abs(dear - cheap)).toBeLessThanOrEqual(1);
});

/** Models and a judge of which nobody knows who answers first. */
function jittered(run: string): { readonly proposer: readonly ProposingModel[]; readonly evaluator: Evaluator } {
  let asked = 0;
  const late = (inner: Proposer): Proposer => ({
    propose: async (request, signal) => unsteady(`${run} p ${(asked += 1)}`, await inner.propose(request, signal)),
  });
  return {
    proposer: modelsOf({ worse: late(WORSE), good: late(GOOD), bad: late(BAD), leap: late(stepping(2, 0.02)) }),
    evaluator: {
      evaluate: async (request, signal) =>
        unsteady(`${run} e ${(asked += 1)}`, await CLIMBING.evaluate(request, signal)),
    },
  };
}

const BANDITS: readonly { readonly choice: string; readonly cost_weight: number }[] = [
  { choice: 'weights', cost_weight: 0 },
  { choice: 'ucb1', cost_weight: 0.5 },
  { choice: 'thompson', cost_weight: 0.5 },
];

test.each(BANDITS)(
  '[E3] the lineage and the tallies of a seed are one, with 1, 2 and 4 workers: %j',
  async (models) => {
    const lineages = new Set<string>();
    for (const workers of [1, 2, 4, 4]) {
      const config = configOf(models, { workers, evaluations: 60 });
      const report = await evolve({ config, start: START }, jittered(`${workers} ${lineages.size}`));
      lineages.add(JSON.stringify([report.lineage_hash, report.models, report.commits.map(({ model }) => model)]));
    }
    expect(lineages.size).toBe(1);
    const other = await evolve({ config: configOf(models, { seed: 8, evaluations: 60 }), start: START }, jittered('8'));
    // UCB1 draws nothing, and there is one parent to choose here.
    expect([...lineages].join().includes(other.lineage_hash)).toBe(models.choice === 'ucb1');
  },
);

test.each(BANDITS)('[E3] a search that was cut off anywhere goes on by the same models: %j', async (models) => {
  const whole = join(folder, `whole-${models.choice}.ndjson`);
  const config = configOf(models, { evaluations: 30 });
  const expected = await evolve({ config, start: START }, { ...jittered('whole'), journal: openFileJournal(whole) });
  const text = await readFile(whole);
  const random = createRandom(`cuts ${models.choice}`);
  for (let cut = 0; cut < 12; cut += 1) {
    const path = join(folder, `cut-${models.choice}-${cut}.ndjson`);
    await writeFile(path, text);
    await truncate(path, random.below(text.length));
    const report = await evolve(
      { config, start: START },
      { ...jittered(`cut ${cut}`), journal: openFileJournal(path) },
    );
    expect([report.lineage_hash, report.models]).toEqual([expected.lineage_hash, expected.models]);
  }
});

test('the control asks models by weight, as nothing is learned there', async () => {
  const models = modelsOf({ bad: BAD, good: GOOD });
  const parts = { proposer: models, evaluator: CLIMBING, isControl: true };
  const { models: tallies } = await evolve({ config: configOf({ choice: 'ucb1' }), start: START }, parts);
  const { bad = 0 } = submissionsOf(tallies);
  expect(Math.abs(bad - 50)).toBeLessThan(25);
});

test('a journal is of the models, their weights and how they are chosen; without a list, of none of it', async () => {
  const journal = createMemoryJournal();
  const models = modelsOf({ bad: BAD, good: GOOD });
  const config = configOf({ choice: 'ucb1' }, { evaluations: 5 });
  await search({ models, config, journal });
  await search({ models, config, journal });
  const others: readonly Asking[] = [
    { models: modelsOf({ bad: BAD, better: GOOD }), config },
    { models: models.map((model) => ({ ...model, weight: 2 })), config },
    { models, config: configOf({ choice: 'ucb1', c: 2 }, { evaluations: 5 }) },
  ];
  for (const other of others)
    await expect(search({ ...other, journal })).rejects.toThrow(coded('JOURNAL_MISMATCH', ''));
  const alone = { proposer: GOOD, evaluator: CLIMBING, journal: createMemoryJournal() };
  await evolve({ config: configOf({}, { evaluations: 5 }), start: START }, alone);
  await evolve({ config: configOf({ c: 3 }, { evaluations: 5 }), start: START }, alone);
});

test('where one proposer says who answered, each who did has a tally, also in a search that goes on', async () => {
  const names = ['large', 'small'];
  const proposer: Proposer = {
    propose: async (request, signal) => {
      const [, evaluation = '0'] = request.seed.split('/');
      const model = names[Number(evaluation) % 2] ?? '';
      return { ...(await stepping(model === 'large' ? 1 : -1, 0.01).propose(request, signal)), model };
    },
  };
  const journal = createMemoryJournal();
  const config = configOf({}, { evaluations: 10 });
  const report = await evolve({ config, start: START }, { proposer, evaluator: CLIMBING, journal });
  expect(report.models.map(({ name, submitted, answered }) => [name, submitted, answered])).toEqual([
    ['small', 5, 5],
    ['large', 5, 5],
  ]);
  expect(report.models[1]?.usage.costUsd).toBeCloseTo(0.05);
  expect(report.commits[1]?.model).toBe('small');
  const again = await evolve({ config, start: START }, { proposer: BAD, evaluator: CLIMBING, journal });
  expect(again.models).toEqual(report.models);
});

test('what is wrong with a list of models is said before anything is spent', async () => {
  const weighted = (weight: number): readonly ProposingModel[] => [{ name: 'one', weight, proposer: GOOD }];
  const refused: readonly (readonly [readonly ProposingModel[] | Proposer, JsonObject, string])[] = [
    [[], {}, 'there are 0 models'],
    [[...weighted(1), ...weighted(1)], {}, 'the model "one" is listed twice'],
    [weighted(-1), {}, 'the weight of the model "one" is -1'],
    [weighted(0), {}, 'no model has a weight above 0'],
    [weighted(1), { choice: 'ucb' }, 'choice of [models] is "ucb"; expected weights or ucb1 or thompson'],
    [weighted(1), { cost_weight: -1 }, 'cost_weight of [models] is -1'],
    [GOOD, { choice: 'ucb1' }, 'one proposer is all there is'],
  ];
  for (const [proposer, models, message] of refused)
    await expect(evolve({ config: configOf(models), start: START }, { proposer, evaluator: CLIMBING })).rejects.toThrow(
      coded('EVOLVE_INVALID', message),
    );
});
