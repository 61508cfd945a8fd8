import { expect, test } from 'vitest';
import { createCallIds } from '../base/call-ids.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { createEvaluations, type EvaluationRequest, type Evaluations } from './evaluations.ts';

const ASKED: EvaluationRequest = {
  plugin: 'calc',
  tenant: 'acme',
  from: '1.0.0',
  to: '2.0.0',
  kind: 'upgrade',
  by: 'token 1',
};

function open(): { readonly evaluations: Evaluations; readonly elsewhere: Evaluations } {
  const storage = createMemoryStorage();
  let wallTime = Date.UTC(2026, 0, 1);
  const parts = { storage, clock: { now: () => 0, wallTime: () => (wallTime += 1_000) }, newId: createCallIds() };
  return {
    evaluations: createEvaluations({ ...parts, node: 'node-1' }),
    elsewhere: createEvaluations({ ...parts, node: 'node-2' }),
  };
}

test('an evaluation begins queued, and is read with every change of its state and why', async () => {
  const { evaluations, elsewhere } = open();
  const queued = await evaluations.create(ASKED);
  const begun = await evaluations.progress(queued, { event: 'begin' });
  const shadowed = await elsewhere.progress(begun, {
    event: 'shadow',
    reason: 'no worse on 300 cases',
    verdict: 'adopt',
  });
  const ended = await elsewhere.progress(shadowed, { event: 'reject', reasons: ['slower'], report: { pairs: 300 } });
  expect(ended).toMatchObject({
    state: 'rejected',
    verdict: 'adopt',
    reasons: ['slower'],
    node: 'node-2',
    revision: 4,
  });
  const read = await evaluations.get(queued.id);
  expect(read).toEqual({ ...ended, report: { pairs: 300 } });
  expect(read?.changes.map(({ state, reason }) => [state, reason])).toEqual([
    ['queued', null],
    ['evaluating', null],
    ['shadow', 'no worse on 300 cases'],
    ['rejected', null],
  ]);
});

test('numbers may come without a change of state', async () => {
  const { evaluations } = open();
  const queued = await evaluations.create({ plugin: 'calc', to: '1.0.0', kind: 'install' });
  const noted = await evaluations.progress(queued, { summary: { done: 10 } });
  expect(noted).toMatchObject({
    state: 'queued',
    summary: { done: 10 },
    tenant_id: null,
    from_version: null,
    actor: 'host',
  });
  expect(noted.changes).toHaveLength(1);
});

test('whoever comes second is told so, and nothing comes after an end', async () => {
  const { evaluations } = open();
  const queued = await evaluations.create(ASKED);
  const cancelled = await evaluations.progress(queued, { event: 'cancel' });
  await expect(evaluations.progress(queued, { event: 'begin' })).rejects.toMatchObject({ code: 'REVISION_CONFLICT' });
  await expect(evaluations.progress(cancelled, { event: 'begin' })).rejects.toMatchObject({
    code: 'EVALUATION_ENDED',
    message: expect.stringContaining('cancelled'),
  });
  for (const id of ['no id', queued.id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))])
    await expect(evaluations.progress({ id, revision: 1 }, {})).rejects.toMatchObject({ code: 'EVALUATION_NOT_FOUND' });
});

test('a report that is too large is replaced by how large it was, and a summary is refused', async () => {
  const { evaluations } = open();
  const queued = await evaluations.create(ASKED);
  const report = { text: 'x'.repeat(4 * 1_024 * 1_024) };
  const noted = await evaluations.progress(queued, { report });
  expect((await evaluations.get(queued.id))?.report).toEqual({
    left_out: { bytes: 4_194_315, allowed_bytes: 4_194_304, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const summary = { text: 'x'.repeat(16_384) };
  await expect(evaluations.progress(noted, { summary })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('evaluations are listed newest first, and those that run are found on any node', async () => {
  const { evaluations, elsewhere } = open();
  const first = await evaluations.create(ASKED);
  const second = await elsewhere.create({ ...ASKED, plugin: 'notes' });
  await evaluations.progress(first, { event: 'fail', reason: 'the storage was away' });
  expect((await evaluations.list()).map(({ id }) => id)).toEqual([second.id, first.id]);
  expect((await evaluations.list({ tenant: 'acme', plugin: 'calc' })).map(({ id }) => id)).toEqual([first.id]);
  expect((await evaluations.running()).map(({ id }) => id)).toEqual([second.id]);
  expect(await evaluations.list({ before: 'no id' })).toEqual([]);
  for (const limit of [0, 101])
    await expect(evaluations.list({ limit })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});
