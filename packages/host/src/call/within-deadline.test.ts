import { expect, test } from 'vitest';
import { withinDeadline } from './within-deadline.ts';

const never = new Promise<string>(() => undefined);

test('what is done in time is handed on', async () => {
  const waited = await withinDeadline(Promise.resolve('ready'), {
    leftMs: 10_000,
    timeoutMs: 10_000,
    signal: undefined,
  });
  expect(waited).toEqual({ ok: true, value: 'ready' });
});

test('a call whose time is over before the work is done ends as a timeout that names its limit', async () => {
  const waited = await withinDeadline(never, { leftMs: -1, timeoutMs: 300, signal: undefined });
  expect(waited).toMatchObject({ error: { code: 'CALL_TIMEOUT', limit: { name: 'timeout_ms', allowed: 300 } } });
});

test('a call that is cancelled waits no longer, whether before or while it waits', async () => {
  const time = { leftMs: 10_000, timeoutMs: 10_000 };
  const before = await withinDeadline(never, { ...time, signal: AbortSignal.abort() });
  const caller = new AbortController();
  const waiting = withinDeadline(never, { ...time, signal: caller.signal });
  caller.abort();
  expect([before, await waiting]).toMatchObject([
    { error: { code: 'CALL_CANCELLED' } },
    { error: { code: 'CALL_CANCELLED' } },
  ]);
});

test('work that fails is not hidden', async () => {
  const time = { leftMs: 10_000, timeoutMs: 10_000, signal: undefined };
  await expect(withinDeadline(Promise.reject(new Error('our bug')), time)).rejects.toThrow('our bug');
});
