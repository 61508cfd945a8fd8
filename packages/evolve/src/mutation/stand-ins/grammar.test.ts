import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { readEntry } from '../../edits/entry-signature.ts';
import { applyUnifiedDiff } from '../../edits/unified-diff.ts';
import { mutate } from '../mutate.ts';
import { NEVER, OTHER_SORT, proposalOf, SORT } from '../mutation.fixture.ts';
import type { Proposer } from '../proposer.ts';
import { createGrammar } from './grammar.ts';

async function textOf(proposer: Proposer, seed = '1/0'): Promise<string> {
  return (await proposer.propose(proposalOf({ seed }), NEVER)).text;
}

/** What an answer of the grammar makes of the parent. */
async function childOf(proposer: Proposer, seed: string, form: 'diff' | 'cross' = 'diff'): Promise<string> {
  const { text } = await proposer.propose(proposalOf({ seed, form, inspirations: [OTHER_SORT] }), NEVER);
  return applyUnifiedDiff(SORT, text);
}

test('whatever the seed, the grammar answers a diff that applies, parses and keeps the entry', async () => {
  const before = readEntry(SORT, { name: 'sort', fileName: 'sort.ts' });
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom('diff' as const, 'cross' as const), async (seed, form) => {
      const child = await childOf(createGrammar({ seed }), '1/0', form);
      expect(child).not.toBe(SORT);
      expect(readEntry(child, { name: 'sort', fileName: 'sort.ts' })).toMatchObject({
        parameters: before.parameters,
        exports: before.exports,
      });
    }),
    { numRuns: 200 },
  );
});

test('a source whose lines end as on Windows keeps that in every line, new ones among them', async () => {
  const parent = SORT.replaceAll('\n', '\r\n');
  const inspirations = [OTHER_SORT.replaceAll('\n', '\r\n')];
  for (let seed = 0; seed < 60; seed += 1) {
    const asked = proposalOf({ seed: `1/${seed}`, parent, inspirations });
    const { text } = await createGrammar({ seed }).propose(asked, NEVER);
    expect(applyUnifiedDiff(parent, text)).not.toMatch(/(?<!\r)\n/);
  }
});

test('a mutation by the grammar comes to something at the first attempt, in whichever form it is drawn', async () => {
  const grammar = createGrammar({ seed: 5 });
  const forms = new Set<string>();
  let parent = SORT;
  for (let seed = 0; seed < 60; seed += 1) {
    const request = { parent, fileName: 'sort.ts', entryName: 'sort', seed, inspirations: [OTHER_SORT] };
    const outcome = await mutate(request, grammar, NEVER);
    if (outcome.kind !== 'mutated') throw new Error(outcome.refusals[0]?.reason);
    expect(outcome.refusals).toEqual([]);
    forms.add(outcome.form);
    parent = outcome.source.length < 2_000 ? outcome.source : SORT;
  }
  expect(forms.size).toBe(3);
});

test('the grammar answers the same for the same seeds', async () => {
  const children = async (seed: number): Promise<readonly string[]> => {
    const proposer = createGrammar({ seed });
    const texts: string[] = [];
    for (let at = 0; at < 20; at += 1) texts.push(await textOf(proposer, `${at}`));
    return texts;
  };
  expect(await children(7)).toEqual(await children(7));
  expect(await children(7)).not.toEqual(await children(8));
});

test('the grammar gives a parent nothing again while there is something else, and then goes on', async () => {
  const parent = 'export const f = (n: number): number => n + 2;\n';
  const proposer = createGrammar({ seed: 3 });
  const given: string[] = [];
  for (let at = 0; at < 60; at += 1) {
    const { text } = await proposer.propose(proposalOf({ parent, seed: 'the same each time' }), NEVER);
    const child = applyUnifiedDiff(parent, text);
    expect(child).not.toBe(given.at(-1));
    given.push(child);
  }
  const all = new Set(given);
  expect(all.size).toBeGreaterThan(4);
  expect(new Set(given.slice(0, all.size)).size).toBe(all.size);
});

test('without memory an answer of the grammar depends on the request alone', async () => {
  const proposer = createGrammar({ seed: 3, remembers: false });
  expect(await textOf(proposer)).toBe(await textOf(proposer));
});

test('the grammar changes only what is between the marks', async () => {
  const parent = SORT.replace(
    '  return result;\n',
    '  // EVOLVE-BLOCK-START\n  return result;\n  // EVOLVE-BLOCK-END\n',
  );
  const proposer = createGrammar();
  for (let at = 0; at < 5; at += 1) {
    const { text } = await proposer.propose(proposalOf({ parent, seed: `${at}` }), NEVER);
    const changed = applyUnifiedDiff(parent, text);
    expect(changed.slice(0, changed.indexOf('// EVOLVE'))).toBe(parent.slice(0, parent.indexOf('// EVOLVE')));
  }
});

test('the grammar says what it cannot change', async () => {
  const propose = (fields: object): Promise<unknown> => createGrammar().propose(proposalOf(fields), NEVER);
  await expect(propose({ fileName: 'sort.py' })).rejects.toThrow(coded('BACKEND_INVALID', '"sort.py"'));
  await expect(propose({ parent: '(' })).rejects.toThrow(coded('SOURCE_INVALID', 'parsed'));
  await expect(propose({ parent: 'import "x";\n' })).rejects.toThrow(coded('MUTATION_FAILED', 'no operator'));
});
