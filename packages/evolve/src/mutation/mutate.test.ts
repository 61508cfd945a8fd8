import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { EDIT_BYTES_MAX } from '../edits/edit-bounds.ts';
import { RESAMPLES_MAX } from './mutate-with.ts';
import { mutate, type MutateRequest } from './mutate.ts';
import { NEVER, OTHER_SORT, SORT, SORT_DIFF } from './mutation.fixture.ts';
import type { ProposalRequest, Proposer } from './proposer.ts';
import { createScripted } from './stand-ins/scripted.ts';

const REQUEST: MutateRequest = { parent: SORT, fileName: 'sort.ts', entryName: 'sort', seed: 1, form: 'diff' };
const USAGE = { inputTokens: 10, outputTokens: 5, costUsd: 0.25 };

/** Keeps what was asked. */
function recording(inner: Proposer): Proposer & { readonly asked: ProposalRequest[] } {
  const asked: ProposalRequest[] = [];
  return {
    asked,
    propose: (request, signal) => {
      asked.push(request);
      return inner.propose(request, signal);
    },
  };
}

const answering = (...texts: readonly string[]): ReturnType<typeof recording> =>
  recording(createScripted(texts.map((text) => ({ text, usage: USAGE }))));

test('an answer that applies is a mutation, with its diff, its size and what it took [X000-19]', async () => {
  const outcome = await mutate(REQUEST, answering(`Here:\n\`\`\`diff\n${SORT_DIFF}\`\`\``), NEVER);
  expect(outcome).toEqual({
    kind: 'mutated',
    source: SORT.replace('[...list]', 'list.slice()'),
    diff: expect.stringMatching(/^--- a\/sort\.ts\n\+\+\+ b\/sort\.ts\n@@ -1,5 \+1,5 @@\n/),
    summary: { linesAdded: 1, linesRemoved: 1, hunks: 1 },
    form: 'diff',
    refusals: [],
    usage: USAGE,
  });
});

test('a SEARCH/REPLACE answer is taken in any form, a whole source only where one was asked for', async () => {
  const block =
    '<<<<<<< SEARCH\n  const result = [...list];\n=======\n  const result = list.slice();\n>>>>>>> REPLACE\n';
  expect(await mutate(REQUEST, answering(block), NEVER)).toMatchObject({ kind: 'mutated' });
  const whole = `\`\`\`ts\n${OTHER_SORT}\`\`\``;
  expect(await mutate({ ...REQUEST, form: 'full' }, answering(whole), NEVER)).toMatchObject({ source: OTHER_SORT });
  expect(await mutate({ ...REQUEST, form: 'full' }, answering(SORT_DIFF), NEVER)).toMatchObject({ kind: 'mutated' });
  expect(await mutate(REQUEST, answering(whole, whole, whole, whole), NEVER)).toMatchObject({ kind: 'failed' });
});

test('a refused answer is asked for again with the reason, and its tokens are counted', async () => {
  const proposer = answering('@@ @@\n-nothing like it\n+x\n', SORT_DIFF);
  const outcome = await mutate(REQUEST, proposer, NEVER);
  expect(outcome).toMatchObject({
    kind: 'mutated',
    refusals: [{ code: 'EDIT_MISMATCH', reason: expect.stringContaining('nothing like it') }],
    usage: { inputTokens: 20, outputTokens: 10, costUsd: 0.5 },
  });
  expect(proposer.asked[0]?.prompt).not.toContain('refused');
  expect(proposer.asked[1]?.prompt).toContain('nothing like it');
  expect(proposer.asked.map(({ seed }) => seed)).toEqual(['1/0', '1/1']);
});

test('after three more attempts it has failed, with each reason, and the parent is never passed off as the child', async () => {
  const body = SORT.split('\n').slice(1).join('\n');
  const wrong = [
    '@@ @@\n-  return result;\n+  return result;\n',
    '@@ @@\n-export function sort(list: number[]): number[] {\n+export function sort(): number[] {\n',
    '@@ @@\n-  return result;\n+  return (result;\n',
    '@@ @@\n-export function sort(list: number[]): number[] {\n+export function other(list: number[]): number[] {\n',
  ];
  const proposer = answering(...wrong, body);
  const outcome = await mutate(REQUEST, proposer, NEVER);
  expect(outcome).toMatchObject({ kind: 'failed', usage: { inputTokens: 40, outputTokens: 20, costUsd: 1 } });
  expect(outcome).not.toHaveProperty('source');
  expect(outcome.refusals.map(({ code }) => code)).toEqual([
    'EDIT_EMPTY',
    'ENTRY_CHANGED',
    'SOURCE_INVALID',
    'ENTRY_CHANGED',
  ]);
  expect(proposer.asked).toHaveLength(RESAMPLES_MAX + 1);
});

test('an answer that is larger than an edit may be is refused [F000-45]', async () => {
  const huge = answering('+'.repeat(EDIT_BYTES_MAX + 1), SORT_DIFF);
  expect(await mutate(REQUEST, huge, NEVER)).toMatchObject({ kind: 'mutated', refusals: [{ code: 'EDIT_TOO_LARGE' }] });
});

test('a failing backend is asked again, without a word of it to the model', async () => {
  const fail = { fail: { status: 503, message: 'busy' } };
  const proposer = recording(createScripted([fail, { text: SORT_DIFF }]));
  const outcome = await mutate(REQUEST, proposer, NEVER);
  expect(outcome).toMatchObject({
    kind: 'mutated',
    refusals: [{ code: 'BACKEND_FAILED', reason: expect.stringContaining('503 busy') }],
  });
  expect(proposer.asked[1]?.prompt).toBe(proposer.asked[0]?.prompt);
});

test('a script that is at its end says so, with why the answer before was refused', async () => {
  const asked = mutate(REQUEST, answering('@@ @@\n-nothing\n+x\n'), NEVER);
  await expect(asked).rejects.toThrow(coded('SCRIPT_EXHAUSTED', 'the answer before it was refused'));
  await expect(mutate(REQUEST, answering(), NEVER)).rejects.toThrow(
    coded('SCRIPT_EXHAUSTED', 'has 0 answers, and this is request 1'),
  );
});

test('what is no error of ours is not an answer that was refused', async () => {
  const broken: Proposer = { propose: () => Promise.reject(new TypeError('a bug')) };
  await expect(mutate(REQUEST, broken, NEVER)).rejects.toThrow(new TypeError('a bug'));
});

test('nobody is asked once the signal has fired', async () => {
  const controller = new AbortController();
  const proposer = answering(SORT_DIFF);
  controller.abort(new Error('enough'));
  await expect(mutate(REQUEST, proposer, controller.signal)).rejects.toThrow('enough');
  expect(proposer.asked).toEqual([]);
});

test('only what is between the marks may change', async () => {
  const parent = SORT.replace(
    '  return result;\n',
    '  // EVOLVE-BLOCK-START\n  return result;\n  // EVOLVE-BLOCK-END\n',
  );
  const inside = '@@ @@\n-  return result;\n+  return result.slice();\n';
  const outcome = await mutate({ ...REQUEST, parent }, answering(SORT_DIFF, inside), NEVER);
  expect(outcome).toMatchObject({ kind: 'mutated', refusals: [{ code: 'REGION_CHANGED' }] });
});

test('a parent without the entry, or that cannot be parsed, is for whoever gave it', async () => {
  const proposer = answering();
  await expect(mutate({ ...REQUEST, entryName: 'other' }, proposer, NEVER)).rejects.toThrow(
    coded('ENTRY_NOT_FOUND', 'other'),
  );
  await expect(mutate({ ...REQUEST, parent: '(' }, proposer, NEVER)).rejects.toThrow(coded('SOURCE_INVALID', 'parsed'));
  expect(proposer.asked).toEqual([]);
});

test('the seed draws a diff of six tenths, a whole source of three, a crossover of one', async () => {
  const counts = { diff: 0, full: 0, cross: 0 };
  const { form: _form, ...request } = { ...REQUEST, inspirations: [OTHER_SORT] };
  for (let seed = 0; seed < 1_000; seed += 1) {
    const { form } = await mutate({ ...request, seed }, answering(SORT_DIFF), NEVER);
    counts[form] += 1;
  }
  expect(counts.diff).toBeGreaterThan(550);
  expect(counts.diff).toBeLessThan(650);
  expect(counts.full).toBeGreaterThan(250);
  expect(counts.full).toBeLessThan(350);
  expect(counts.cross).toBeGreaterThan(70);
  const alone = { ...request, inspirations: [] };
  for (let seed = 0; seed < 50; seed += 1) {
    expect((await mutate({ ...alone, seed }, answering(SORT_DIFF), NEVER)).form).not.toBe('cross');
  }
});
