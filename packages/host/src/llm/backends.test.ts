import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backendsOf, chooseBackend, costOf, findBackend, type BackendRule } from './backends.ts';

const entry = (plugin: string, name: string) => ({ plugin, name });
const ENTRIES = [entry('llm_openrouter', 'openrouter'), entry('llm_mock', 'mock'), entry('mine', 'local')];
const named = (rules: readonly BackendRule[], entries = ENTRIES) =>
  backendsOf(entries, rules).map(({ name, plugin, entry: point, weight }) => [name, `${plugin}/${point}`, weight]);

test('without rules every backend takes part, alike, under the name of its entry point [X000-25]', () => {
  expect(named([])).toEqual([
    ['openrouter', 'llm_openrouter/openrouter', 1],
    ['mock', 'llm_mock/mock', 1],
    ['local', 'mine/local', 1],
  ]);
});

test('with rules those that have one take part; others are there to be named', () => {
  const rules = [{ name: 'mock', weight: 3 }, { name: 'big', plugin: 'llm_openrouter', model: 'm' }, { name: 'gone' }];
  expect(named(rules)).toEqual([
    ['mock', 'llm_mock/mock', 3],
    ['big', 'llm_openrouter/openrouter', 1],
    ['openrouter', 'llm_openrouter/openrouter', 0],
    ['local', 'mine/local', 0],
  ]);
});

test('a stand-in for tests takes part by a rule alone, and what a backend lacks is kept', () => {
  const entries = [
    { ...entry('llm_mock', 'mock'), isStandIn: true },
    { ...entry('mine', 'local'), lacks: 'the secret "K"' },
  ];
  expect(named([], entries)).toEqual([
    ['mock', 'llm_mock/mock', 0],
    ['local', 'mine/local', 1],
  ]);
  expect(named([{ name: 'mock' }], entries)).toContainEqual(['mock', 'llm_mock/mock', 1]);
  expect(backendsOf(entries, []).map(({ lacks }) => lacks)).toEqual([undefined, 'the secret "K"']);
});

test('a rule finds its plugin by the entry point, by the name, or by the name with llm_ in front', () => {
  const entries = [entry('llm_fast', 'chat'), entry('slow', 'chat'), entry('x', 'tiny')];
  expect(named([{ name: 'fast' }, { name: 'slow' }, { name: 'tiny' }], entries).slice(0, 3)).toEqual([
    ['fast', 'llm_fast/chat', 1],
    ['slow', 'slow/chat', 1],
    ['tiny', 'x/tiny', 1],
  ]);
});

test('two entry points of one name go by plugin and name', () => {
  const backends = backendsOf([entry('a', 'chat'), entry('b', 'chat')], []);
  expect(backends.map(({ name }) => name)).toEqual(['a/chat', 'b/chat']);
  expect(findBackend(backends, 'b/chat')).toMatchObject({ plugin: 'b' });
  expect(findBackend(backends, 'chat')).toBeUndefined();
  expect(findBackend(backendsOf(ENTRIES, []), 'mine/local')).toMatchObject({ name: 'local' });
});

test('each is chosen with its weight over the sum of all [X000-25]', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (given) => {
      const entries = given.map((_, index) => entry(`p${index}`, `b${index}`));
      const backends = backendsOf(
        entries,
        given.map((weight, index) => ({ name: `b${index}`, weight })),
      );
      const sum = given.reduce((a, b) => a + b, 0);
      const counts = given.map(() => 0);
      const draws = sum * 10;
      for (let draw = 0; draw < draws; draw += 1) {
        const chosen = chooseBackend(backends, (draw + 0.5) / draws);
        counts[Number(chosen?.name.slice(1))] = (counts[Number(chosen?.name.slice(1))] ?? 0) + 1;
      }
      expect(counts).toEqual(given.map((weight) => weight * 10));
      expect(chooseBackend(backends, 0) === undefined).toBe(sum === 0);
    }),
  );
});

test('the operator’s price counts before what the provider says', () => {
  const [plain, priced] = [[], [{ name: 'mock', usdPerMillionTokens: { input: 2, output: 10 } }]].map(
    (rules) => findBackend(backendsOf(ENTRIES, rules), 'mock') ?? expect.fail('there is a backend'),
  );
  const usage = { input_tokens: 1_000, output_tokens: 500 };
  expect(plain && costOf(plain, usage)).toBeUndefined();
  expect(plain && costOf(plain, { ...usage, cost_usd: 0.5 })).toBe(0.5);
  expect(priced && costOf(priced, { ...usage, cost_usd: 0.5 })).toBeCloseTo(0.007, 10);
});
