import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EntryRequest, LlmRequest } from '@bulkhead/host';
import { callError, unrunReport } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { parseExecutorSpec } from './executor-spec.ts';
import { failed, type Executor } from './executor.ts';
import { openExecutor, type ExecutorParts } from './open-executor.ts';

const LOCAL: Executor = { execute: () => Promise.resolve(failed('exception', 'local', { durationMs: 0 })) };

/** Parts that note what they are asked, and refuse it. */
function parts(asked: unknown[], more: Partial<ExecutorParts> = {}): ExecutorParts {
  const error = callError('PLUGIN_UNAVAILABLE');
  return {
    host: {
      callEntry: ({ plugin, name, tenant }: EntryRequest) => {
        asked.push({ plugin, name, tenant });
        const call = unrunReport({ call_id: 'c', plugin, tenant: 'default', target: name });
        return Promise.resolve({ ok: false, error, call });
      },
      llm: {
        generate: ({ prompt, options, backend, tenant }: LlmRequest) => {
          asked.push({ prompt, options, backend, tenant });
          const llm = { backend: null, attempts: 0, duration_ms: 0, usage: null, cost_usd: null, call_id: null };
          return Promise.resolve({ ok: false, error, llm });
        },
      },
    },
    clock: { now: () => performance.now(), wallTime: () => Date.now() },
    startTimer: () => () => undefined,
    random: createRandom(1),
    fetch,
    createNonce: () => 'n',
    openLocal: () => LOCAL,
    ...more,
  };
}
const run = async (spec: string, given: ExecutorParts) => {
  const executor = openExecutor(parseExecutorSpec(spec), given);
  const { error_type } = await executor.execute('prompt\n', '', [], 1, 64);
  await executor.close?.();
  return error_type;
};

test('a specification opens its executor with its options, for the tenant [F002-2] [X002-12]', async () => {
  const asked: unknown[] = [];
  expect(openExecutor({ kind: 'local' }, parts(asked))).toBe(LOCAL);
  const ofTenant = parts(asked, { tenant: 'acme', dockerCommand: '/no/docker/here' });
  expect(await run('plugin:runner/fast', ofTenant)).toBe('unavailable');
  expect(await run('llm:model=m,backend=b,temperature=0,max_tokens=5,seed=1', ofTenant)).toBe('unavailable');
  expect(await run('docker:image=node:26-slim', ofTenant)).toBe('unavailable');
  expect(asked).toEqual([
    { plugin: 'runner', name: 'fast', tenant: 'acme' },
    {
      prompt: 'prompt\n',
      options: { model: 'm', temperature: 0, max_tokens: 5, seed: 1 },
      backend: 'b',
      tenant: 'acme',
    },
  ]);
});

test('an executor over http is given the token, and a URL that may not be used is refused', async () => {
  const tokens: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    tokens.push(headers.authorization);
    response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on a port.
  expect(await run(`http:url=http://127.0.0.1:${port}/`, parts([], { httpToken: 'sesame' }))).toBe(
    'authentication_error',
  );
  expect(tokens).toEqual(['Bearer sesame']);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(() => openExecutor({ kind: 'http', url: 'http://a.example' }, parts([]))).toThrow('expected https');
});
