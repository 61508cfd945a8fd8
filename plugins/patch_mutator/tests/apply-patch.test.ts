import type { JsonObject, Result, Task } from '@bulkhead/sdk';
import { expect, test } from 'vitest';
import { ApplyPatchHandler, PatchMutatorHandler } from '../main.ts';

const handler = new ApplyPatchHandler({});
const task = (payload: JsonObject): Task => ({
  ...{ kind: 'mutate', id: '0123456789abcdef', payload, requires: ['cpu'], attempts: 1 },
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
});
const patch = (payload: JsonObject): Result => handler.handle(task(payload));

const GIT = { patch_kind: 'git', source: 'a\nb\nc\n', patch: '@@ -2,1 +2,1 @@\n-b\n+B\n' };

test.for<[JsonObject, string]>([
  [GIT, 'a\nB\nc\n'],
  [
    { patch_kind: 'json-patch', source: '{"a":1}\n', patch: '[{"op":"add","path":"/b","value":[2]}]' },
    '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n',
  ],
  [{ patch_kind: 'json-merge', source: '{"a":1,"b":2}', patch: '{"a":null,"c":3}' }, '{\n  "b": 2,\n  "c": 3\n}'],
  [
    { patch_kind: 'yaml-overlay', source: '# kept\na: 1 # one\nb: 2\n', patch: 'a: 3\nb: null\n' },
    '# kept\na: 3 # one\n',
  ],
])('%j becomes %j [X000-26]', ([payload, source]) => {
  expect(patch(payload)).toMatchObject({ status: 'ok', attempts: 2, data: { source } });
});

test('the answer has the diff and its size, and with an entry function the task that runs it', () => {
  const { data } = patch({ ...GIT, file: 'sort.rs', entry_fn: 'sort' });
  expect(data).toMatchObject({
    diff: expect.stringContaining('--- a/sort.rs\n+++ b/sort.rs\n'),
    summary: { lines_added: 1, lines_removed: 1, hunks: 1 },
    execute_task: {
      kind: 'execute',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      payload: { lang: 'rust', file: 'sort.rs', entry_fn: 'sort', source: 'a\nB\nc\n' },
      requires: ['cpu', 'docker', 'rust'],
      attempts: 0,
      schema_v: 1,
    },
  });
  expect(data['spawn']).toEqual(data['execute_task']);
  expect(patch(GIT).data).not.toHaveProperty('execute_task');
});

test('the same task twice spawns the same task, and another task another one [X000-14]', () => {
  const spawned = (given: Task): unknown => Object(handler.handle(given).data['execute_task']).id;
  const one = task({ ...GIT, entry_fn: 'sort' });
  expect(spawned(one)).toBe(spawned({ ...one, attempts: 2 }));
  expect(spawned(one)).not.toBe(spawned({ ...one, id: 'fedcba9876543210' }));
});

test.for<[JsonObject, readonly string[]]>([
  [{ file: 'a.ts' }, ['cpu', 'node']],
  [{ file: 'a.mjs' }, ['cpu', 'node']],
  [{ file: 'a.py' }, ['cpu', 'python']],
  [{ file: 'a.txt' }, ['cpu']],
  [{ file: 'a.txt', lang: 'ada' }, ['cpu', 'ada']],
  [{ file: 'a.ts', lang: 'no tag!' }, ['cpu']],
])('%j requires %j', ([named, requires]) => {
  expect(patch({ ...GIT, ...named, entry_fn: 'f' }).data).toMatchObject({ execute_task: { requires } });
});

test.for<[JsonObject, string]>([
  [{ ...GIT, source: 'a\nx\nc\n' }, 'does not fit at line 2 of the source'],
  [{ patch_kind: 'json-patch', source: '{}', patch: '[{"op":"remove","path":"/a"}]' }, 'leads nowhere'],
  [{ patch_kind: 'json-patch', source: '{', patch: '[]' }, 'the source is not JSON'],
  [{ patch_kind: 'yaml-overlay', source: '- a\n', patch: 'a: 1' }, 'is no mapping'],
  [{ ...GIT, patch_kind: 'sed' }, 'payload.patch_kind is "sed"; expected git, json-patch, json-merge, yaml-overlay'],
  [{ ...GIT, patch_kind: 7 }, 'payload.patch_kind is no text'],
  [{ patch_kind: 'git', source: 'a' }, 'payload.patch is not there'],
  [{ ...GIT, patch: `${GIT.patch}${'x'.repeat(204_801)}` }, 'bytes; expected at most 204800'],
  [{ ...GIT, source: 'x'.repeat(204_801) }, 'payload.source has 204801 bytes; expected at most 204800'],
  [{ ...GIT, file: 'x'.repeat(1_001) }, 'payload.file has 1001 characters'],
])('a patch that does not fit is an error that no second attempt cures [F000-45] %#', ([payload, message]) => {
  expect(patch(payload)).toMatchObject({
    status: 'error',
    data: { retryable: false, message: expect.stringContaining(message) },
  });
});

test('a patch of exactly the bound is read, and its bound is one of bytes [F000-45]', () => {
  const prose = (bytes: number): string => `${'é'.repeat(Math.floor(bytes / 2))}${'x'.repeat(bytes % 2)}`;
  const room = 204_800 - Buffer.byteLength(`\n${GIT.patch}`);
  expect(patch({ ...GIT, patch: `${prose(room)}\n${GIT.patch}` }).status).toBe('ok');
  expect(patch({ ...GIT, patch: `${prose(room + 1)}\n${GIT.patch}` }).status).toBe('error');
});

test('one of both handlers takes each task, by its payload [F000-6]', () => {
  const other = new PatchMutatorHandler({});
  expect([handler.PROVIDES, other.PROVIDES]).toEqual([['cpu'], ['cpu', 'llm']]);
  for (const payload of [GIT, { source: 'a', entry_fn: 'a' }]) {
    const given = task(payload);
    expect(handler.dispatch(given)).toBe(payload === GIT);
    expect(other.dispatch(given)).toBe(payload !== GIT);
  }
  expect(handler.dispatch({ ...task(GIT), kind: 'render' })).toBe(false);
  expect(new ApplyPatchHandler({ enabled: false }).dispatch(task(GIT))).toBe(false);
});
