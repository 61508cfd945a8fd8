import type { JsonObject } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { estimateRun } from './estimate.ts';
import { readRunConfig } from './run-config.ts';

const LEAST: JsonObject = { target: { file: 'sort.ts' }, task: { use: 'task.ts#SORT' } };

test('what is left out has its default', () => {
  const config = readRunConfig(LEAST);
  expect(config).toMatchObject({
    target: { file: 'sort.ts', entry: 'solve' },
    task: { cases: 40, objective: { kind: 'pass_rate' }, timeout_s: 1, mem_mb: 128 },
    promotion: { enabled: true, cases: 100, alpha: 0.025, tries: 3, bar: 0, policy: { kind: 'evidence', bar: 0 } },
    control: { enabled: true },
    settings: { evaluations: 100, window: 4, mutation: { diff: 0.6, full: 0.3, cross: 0.1, temperature: 0.7 } },
    wall_s: 0,
  });
  expect(config.cascade).toBeUndefined();
  expect(config.search).toMatchObject({ archive: { descriptors: [{ name: 'length' }, { name: 'generation' }] } });
});

test('[X000-24] where speed counts the archive has cells by speed, memory, length and generation', () => {
  const { search } = readRunConfig({ ...LEAST, task: { use: 'sort', objective: 'speed' } });
  expect(search['archive']).toEqual({
    descriptors: [
      { name: 'speed_ms', step: 5 },
      { name: 'memory_kb', step: 32 },
      { name: 'length', step: 40 },
      { name: 'generation', modulo: 6 },
    ],
  });
});

test('where speed or a metric counts, passes must not become fewer, and a gain is a gain by itself', () => {
  const speed = readRunConfig({ ...LEAST, task: { use: 'sort', objective: 'speed' } });
  expect(speed.promotion).toMatchObject({ bar: 0, policy: { bar: -0.02 } });
  const metric = readRunConfig({ ...LEAST, task: { use: 'sort', objective: 'metric:loss' } });
  expect(metric.task.objective).toEqual({ kind: 'metric', name: 'loss' });
});

test('the time of a run is no part of its search, and plugins, grants and backends are read', () => {
  const config = readRunConfig({
    ...LEAST,
    ...{ evolve: { wall_s: 60, seed: 4 }, plugins: ['../p'], grants: { p: ['internet'] }, config: { p: { depth: 2 } } },
    llm: { backends: [{ name: 'mock', weight: 1 }], private_hosts: ['localhost:11434'] },
    selector: { 'p/steady': { rate: 2 } },
    cascade: [{ cases: 5, passes: 2 }],
  });
  expect(config).toMatchObject({ wall_s: 60, plugins: ['../p'], grants: { p: ['internet'] } });
  expect(config.search['evolve']).toEqual({ seed: 4 });
  expect(config.settings.selector).toEqual({ name: 'p/steady', table: { rate: 2 } });
  expect(config.cascade).toEqual([{ cases: 5, passes: 2 }]);
});

test('models are those that are named, or else each backend with a weight; their names are no part of the search', () => {
  const backends = [{ name: 'large', weight: 3 }, { name: 'small' }, { name: 'never', weight: 0 }];
  const all = readRunConfig({ ...LEAST, llm: { backends }, models: { choice: 'ucb1', c: 0.5 } });
  expect(all.models).toEqual([
    { name: 'large', weight: 3 },
    { name: 'small', weight: 1 },
  ]);
  expect(all.settings.models).toEqual({ choice: 'ucb1', c: 0.5, cost_weight: 0 });
  const names = ['never', 'grammar', 'large'];
  const named = readRunConfig({ ...LEAST, llm: { backends }, models: { names } });
  expect(named.models).toEqual([
    { name: 'never', weight: 0 },
    { name: 'grammar', weight: 1 },
    { name: 'large', weight: 3 },
  ]);
  expect(named.search['models']).toEqual({});
  expect(readRunConfig({ ...LEAST, llm: { backends } })).toMatchObject({
    models: [],
    settings: { models: { choice: 'weights' } },
  });
});

test('milliseconds are a target where speed is what counts [X000-26]', () => {
  const speed = { use: 'sort', objective: 'speed' };
  const config = readRunConfig({ ...LEAST, task: speed, evolve: { target_ms: 3 } });
  expect(config.settings.target).toBe(0.25);
  expect(config.search['evolve']).toEqual({ target: 0.25 });
});

test.each<[JsonObject, string]>([
  [{ ...LEAST, evolve: { target_ms: 3 } }, 'target_ms of [evolve] is 3; expected objective = "speed"'],
  [{ ...LEAST, task: { use: 'sort', objective: 'speed' }, evolve: { target_ms: 3, target: 1 } }, 'no target beside it'],
  [{ ...LEAST, task: { use: 'sort', objective: 'speed' }, evolve: { target_ms: -1 } }, 'target_ms of [evolve] is -1'],
  [{}, 'file of [target]'],
  [{ target: { file: 'a.ts' } }, 'use of [task]'],
  [{ ...LEAST, targets: {} }, 'did you mean target?'],
  [{ ...LEAST, target: { file: 'a.ts', entri: 'x' } }, 'did you mean entry?'],
  [{ ...LEAST, task: { use: 'sort', objective: 'fast' } }, 'expected pass_rate, speed or metric:NAME'],
  [{ ...LEAST, task: { use: 'sort', cases: 0 } }, 'cases of [task] is 0'],
  [{ ...LEAST, evolve: { wall_s: -1 } }, 'wall_s of [evolve]'],
  [{ ...LEAST, cascade: [{ cases: 'x' }] }, 'cases of [[cascade]]'],
  [{ ...LEAST, promotion: { policy: 'v1' } }, 'without planned looks'],
  [{ ...LEAST, promotion: { enabled: 1 } }, 'true or false'],
  [{ ...LEAST, llm: { backends: 'x' } }, '[[llm.backends]]'],
  [{ ...LEAST, plugins: [3] }, 'plugins of a run'],
  [{ ...LEAST, mutation: { diff: 0, full: 0, cross: 0 } }, 'a share above 0'],
  [{ ...LEAST, selector: { tournement: {} } }, 'did you mean tournament?'],
  [{ ...LEAST, models: {} }, 'names of [models] is []'],
  [{ ...LEAST, models: { name: ['grammar'] } }, 'did you mean names?'],
  [{ ...LEAST, models: { names: ['grammar'], choice: 'ucb' } }, 'expected weights or ucb1 or thompson'],
  [{ ...LEAST, models: { names: ['grammar'] }, llm: { backend: 'choices' } }, 'backend of [llm] is "choices"'],
  [{ ...LEAST, models: 3 }, 'of [models] is 3'],
])('%j is refused with what is wrong', (config, message) => {
  expect(() => readRunConfig(config)).toThrow(message);
});

test('a budget below the worst case is warned of, with after how many evaluations it may end (gepa#375)', () => {
  const estimate = (config: JsonObject) =>
    estimateRun({
      ...{ config: readRunConfig({ ...LEAST, ...config }), startLength: 4_000, relations: 1 },
      price: { input: 1, output: 2 },
    });
  const free = estimate({ evolve: { evaluations: 10 } });
  expect(free).toMatchObject({ proposals: 320, executions: (2 * 11 * 40 + 600) * 2, warnings: [] });
  expect(free.tokens).toBeGreaterThan(320 * 4_096);
  expect(free.usd).toBeGreaterThan((320 * 4_096 * 2) / 1e6);
  const [tokens, usd] = estimate({ evolve: { evaluations: 10, tokens_max: 50_000, usd_max: 0.1 } }).warnings;
  expect(tokens).toMatch(/^tokens_max is 50000, .* it may end after 0 to \d of them$/);
  expect(usd).toContain('usd_max is 0.1');
  expect(estimate({ control: { enabled: false }, evolve: { evaluations: 2 } }).warnings).toEqual([
    'evaluations 2 is below the window 4: nothing is learned from any',
  ]);
});
