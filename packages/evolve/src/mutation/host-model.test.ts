/**
 * A proposer over the models of a real host, with plugins/llm_mock as the model.
 */
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { createHostModel } from './host-model.ts';
import { mutate } from './mutate.ts';
import { NEVER, proposalOf, SORT, SORT_DIFF } from './mutation.fixture.ts';

const MOCK = join(import.meta.dirname, '../../../../plugins/llm_mock');

let host: Host;
beforeAll(async () => {
  host = await createHost({
    ...{ spareCount: 0, tierMax: 'process' },
    llm: { backends: [{ name: 'mock', plugin: 'llm_mock', usdPerMillionTokens: { input: 1, output: 10 } }] },
  });
  await host.install(MOCK);
  const answers = [
    { match: 'never there', text: 'x', fail: { status: 503, message: 'busy' } },
    { match: 'no key', text: 'x', fail: { status: 401, message: 'wrong key' } },
    { match: 'result = [...list]', text: `\`\`\`diff\n${SORT_DIFF}\`\`\`` },
  ];
  await host.registrations.enable('llm_mock', { config: { answers } });
});
afterAll(() => host.close());

test('what a model answers is a mutation, and its tokens and cost are known and counted [F000-16] [F000-18]', async () => {
  const proposer = createHostModel({ llm: host.llm });
  const request = { parent: SORT, fileName: 'sort.ts', entryName: 'sort', seed: 1, form: 'diff' } as const;
  const outcome = await mutate(request, proposer, NEVER);
  expect(outcome).toMatchObject({ kind: 'mutated', source: SORT.replace('[...list]', 'list.slice()'), refusals: [] });
  const { inputTokens, outputTokens, costUsd } = outcome.usage;
  expect(inputTokens).toBeGreaterThan(100);
  expect(costUsd).toBeCloseTo((inputTokens + 10 * outputTokens) / 1e6);
  expect(await host.metrics()).toContain(`llm_tokens_total{backend="mock"} ${inputTokens + outputTokens}`);
});

test('a backend may be named, and one that nobody has is for somebody to mend [X000-25]', async () => {
  const named = createHostModel({ llm: host.llm, backend: 'mock' });
  expect(await named.propose(proposalOf({ prompt: 'result = [...list]' }), NEVER)).toMatchObject({
    text: expect.stringContaining('list.slice()'),
  });
  const unknown = createHostModel({ llm: host.llm, backend: 'nobody' });
  await expect(unknown.propose(proposalOf(), NEVER)).rejects.toThrow(coded('BACKEND_INVALID', 'nobody'));
});

test('what another attempt may mend is BACKEND_FAILED, and a key that is wrong is not', async () => {
  const proposer = createHostModel({ llm: host.llm });
  const refused = proposer.propose(proposalOf({ prompt: 'no key' }), NEVER);
  await expect(refused).rejects.toThrow(coded('BACKEND_INVALID', 'wrong key'));
  const busy = proposer.propose(proposalOf({ prompt: 'never there' }), NEVER);
  await expect(busy).rejects.toThrow(coded('BACKEND_FAILED', 'busy'));
});

test('a signal ends a request with its reason', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(createHostModel({ llm: host.llm }).propose(proposalOf(), signal)).rejects.toThrow('enough');
});
