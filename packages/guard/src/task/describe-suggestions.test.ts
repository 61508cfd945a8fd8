import { expect, test } from 'vitest';
import { generateCases } from './cases.ts';
import { describeSuggestions } from './describe-suggestions.ts';
import type { RunCase } from './judge-case.ts';
import * as library from './relation-library.ts';
import { suggestRelations, type RelationSuggestion } from './suggest-relations.ts';
import { TOP_K } from './tasks/top-k.ts';

const suggestion = (given: Partial<RelationSuggestion>): RelationSuggestion => ({
  ...{ name: 'one', category: 'noise', description: 'it stays', applicable: 10, held: 10, lowerBound: 0.741 },
  verdict: 'holds',
  ...given,
});

test('categories come by their surest relation, and in them what holds before what breaks and what does not apply', () => {
  const described = describeSuggestions([
    suggestion({ name: 'never', verdict: 'not_applicable', applicable: 0, held: 0, lowerBound: 0 }),
    suggestion({ name: 'broken', verdict: 'breaks', held: 9, lowerBound: 0.6 }),
    suggestion({ name: 'weak' }),
    suggestion({ name: 'sure', category: 'scale', lowerBound: 0.9 }),
    suggestion({ name: 'also_weak' }),
  ]);
  expect(
    described.map(({ category, holding, relations }) => [category, holding, ...relations.map(({ name }) => name)]),
  ).toEqual([
    ['scale', 1, 'sure'],
    ['noise', 2, 'also_weak', 'weak', 'broken', 'never'],
  ]);
});

test('a line says on how many cases it was asked, and a bound is never rounded up', () => {
  const [category] = describeSuggestions([
    suggestion({ lowerBound: 0.9519 }),
    suggestion({ name: 'two', verdict: 'breaks', held: 3 }),
    suggestion({ name: 'three', verdict: 'not_applicable', applicable: 0 }),
  ]);
  expect(category?.relations.map(({ text }) => text)).toEqual([
    'one (it stays): held on 10 of 10 cases that it was asked on, so that it holds for at least 95.1 %',
    'two (it stays): held on 3 of 10 cases that it was asked on',
    'three (it stays): applied to no case',
  ]);
});

test('every relation of the library that holds has a line to paste, and the line makes that relation', () => {
  for (const relation of library.libraryRelations({ argument: 1, countArgument: 0 })) {
    const [category] = describeSuggestions([suggestion({ name: relation.name })], { argument: 1, countArgument: 0 });
    const [, called, options] = /^(\w+)\((.*)\),$/u.exec(category?.relations[0]?.code ?? '') ?? [];
    expect(options).toContain('argument: 1');
    const makers: Readonly<Record<string, unknown>> = { ...library };
    const make = makers[called ?? ''] as typeof library.permute;
    expect(make().name).toBe(relation.name);
  }
});

test('what breaks, and what is none of the library, has none', () => {
  const [category] = describeSuggestions([
    suggestion({ name: 'permute_input', verdict: 'breaks' }),
    suggestion({ name: 'toString' }),
  ]);
  expect(category?.relations.map(({ code }) => code)).toEqual([undefined, undefined]);
});

test('the highest numbers of a list: what is proposed is what its task has', async () => {
  const run: RunCase = ([values, k]) => {
    const value = (values as number[]).toSorted((one, other) => other - one).slice(0, Number(k));
    return Promise.resolve({ ok: true, value, durationMs: 1 });
  };
  const cases = generateCases(TOP_K, { n: 120, seed: 1 });
  const relations = library.libraryRelations({ countArgument: 1 });
  const described = describeSuggestions(await suggestRelations(TOP_K, cases, { run, seed: 1, relations }), {
    countArgument: 1,
  });
  const codes = described.flatMap((one) => one.relations.flatMap(({ code }) => code ?? []));
  expect(codes).toEqual(
    expect.arrayContaining([
      'permute(),',
      'addNoiseBelowMin({ countArgument: 1 }),',
      'dropLowest({ countArgument: 1 }),',
      'duplicateTop(),',
    ]),
  );
  expect(codes).not.toContain('duplicate(),');
});
