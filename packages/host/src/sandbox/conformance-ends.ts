/**
 * How calls and guests end, of what every Sandbox must do (conformance.ts): by an abort, a deadline, the plugin's own doing, or the host's
 * wish; and what is left of them.
 */
import { LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import {
  GONE_MS,
  callOf,
  codeFor,
  gist,
  openPlugin,
  type Driver,
  type Inhabitant,
  type Leftovers,
} from './conformance-fixture.ts';

/** A server that heeds a cancellation says nothing, so that only one that is stuck is known to ignore it. */
const IGNORES: Readonly<Record<Inhabitant, string>> = { plugin: 'never', mcp_server: 'spin' };

/** Calls that their caller gives up. */
export function cancelTests(driver: Driver, inhabitant: Inhabitant): void {
  test('a cancelled call is answered at once, and a guest that heeds the abort lives on', async () => {
    const sandbox = await openPlugin(driver);
    const before = driver().droppedCount();
    const abort = new AbortController();
    const reply = sandbox.run(callOf('heed', {}, { signal: abort.signal }));
    abort.abort();
    const nextTurn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    expect(await Promise.race([reply, nextTurn])).toMatchObject({
      error: { kind: 'cancelled', code: 'CALL_CANCELLED' },
    });
    expect(sandbox.isServing()).toBe(false);
    expect(await sandbox.whenServing()).toBe(true);
    expect(driver().droppedCount()).toBe(before + 1);
    expect(gist(await sandbox.run(callOf('echo', { a: 1 })))).toEqual({ a: 1 });
    await sandbox.close();
  });

  test('a guest that ignores the abort is killed within 350 ms, and it is no fault of the plugin', async () => {
    const sandbox = await openPlugin(driver);
    const abort = new AbortController();
    const reply = sandbox.run(callOf(IGNORES[inhabitant], {}, { signal: abort.signal }));
    const abortedAt = performance.now();
    abort.abort();
    expect(await reply).toMatchObject({ error: { code: 'CALL_CANCELLED' } });
    expect(await sandbox.died).toMatchObject({ cause: 'caller', isTold: true, isKilled: true });
    expect(performance.now() - abortedAt).toBeLessThan(GONE_MS);
    expect(await sandbox.whenServing()).toBe(false);
  });

  test('a call whose signal was aborted before never reaches the guest', async () => {
    const sandbox = await openPlugin(driver);
    const reply = await sandbox.run(callOf('spin', {}, { signal: AbortSignal.abort() }));
    expect(reply).toMatchObject({ error: { code: 'CALL_CANCELLED' } });
    expect(gist(await sandbox.run(callOf('echo', { a: 1 })))).toEqual({ a: 1 });
    await sandbox.close();
  });
}

/** Calls that are not done in time. */
export function timeoutTests(driver: Driver, inhabitant: Inhabitant): void {
  const hangs = ['spin', 'never', 'regex', 'microtasks', 'thenables', 'block'];
  test.each(hangs)(
    '[F001-38] [F003-30] [FAULTS-10] [FAULTS-11] [FAULTS-12] [FAULTS-13] [FAULTS-18] [FAULTS-19] [FAULTS-50] ' +
      'a call in %s is answered at its deadline, and the guest is killed 350 ms later at the latest',
    async (name) => {
      const sandbox = await openPlugin(driver);
      const startedAt = performance.now();
      const reply = await sandbox.run(callOf(name, {}, { leftMs: 200 }));
      const answeredMs = performance.now() - startedAt;
      expect(reply).toMatchObject({ error: { code: 'CALL_TIMEOUT', limit: { allowed: 200, unit: 'ms' } } });
      expect(answeredMs).toBeGreaterThan(195);
      expect(answeredMs).toBeLessThan(300);
      expect(await sandbox.died).toMatchObject({ cause: 'fault', isTold: true, isKilled: true });
      expect(performance.now() - startedAt - 200).toBeLessThan(GONE_MS);
    },
  );

  test('a guest that answers within its grace lives, and its late reply is dropped and counted', async () => {
    const sandbox = await openPlugin(driver);
    const before = driver().droppedCount();
    expect(await sandbox.run(callOf('heed', {}, { leftMs: 50 }))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
    expect(await sandbox.whenServing()).toBe(true);
    expect(driver().droppedCount()).toBe(before + 1);
    await sandbox.close();
  });

  test('a deadline that the caller chose shorter is no fault of the plugin', async () => {
    const sandbox = await openPlugin(driver);
    await sandbox.run(callOf(IGNORES[inhabitant], {}, { leftMs: 50, isFullTime: false }));
    expect(await sandbox.died).toMatchObject({ cause: 'caller' });
  });

  test('a call that is late already is answered without the guest', async () => {
    const sandbox = await openPlugin(driver);
    expect(await sandbox.run(callOf('spin', {}, { leftMs: -1 }))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
    expect(sandbox.isServing()).toBe(true);
    await sandbox.close();
  });

  test('when a call takes the guest past its grace, the calls beside it are lost and not at fault', async () => {
    const sandbox = await openPlugin(driver);
    const beside = sandbox.run(callOf('never'));
    expect(await sandbox.run(callOf('spin', {}, { leftMs: 100 }))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
    expect(await beside).toMatchObject({ error: { code: 'GUEST_LOST', retryable: true } });
  });
}

/** Guests that their plugin ends. */
export function deathTests(driver: Driver, inhabitant: Inhabitant): void {
  const deaths = [
    ['[F001-39] [FAULTS-29]', 'exit0', 'GUEST_EXITED'],
    ['[FAULTS-29]', 'exit1', 'GUEST_EXITED'],
    ['[F001-39] [FAULTS-30]', 'abort', 'GUEST_CRASHED'],
    ['[F001-37] [FAULTS-20]', 'heap', 'GUEST_OUT_OF_MEMORY'],
    ['[FAULTS-14]', 'timers', 'GUEST_OUT_OF_MEMORY'],
    ['[FAULTS-54]', 'throw_later', 'GUEST_UNCAUGHT'],
    ['[FAULTS-54]', 'reject_later', 'GUEST_UNHANDLED_REJECTION'],
  ] as const;

  test('[F003-31] how much memory a plugin may take is its own limit', async () => {
    const [small, large] = await Promise.all([openPlugin(driver), openPlugin(driver, { memoryMb: 256 })]);
    const hold = callOf('hold', { mib: 128 });
    expect(gist(await small.run(hold))).toEqual({ kind: 'out_of_memory', code: 'GUEST_OUT_OF_MEMORY' });
    expect(gist(await large.run(hold))).toBe(128);
    await large.close();
  });

  test.each(deaths)('%s %s ends its own call as %s, and the calls beside it as GUEST_LOST', async (_, name, told) => {
    const code = codeFor(inhabitant, told);
    const sandbox = await openPlugin(driver);
    const beside = Array.from({ length: 3 }, () => sandbox.run(callOf('never')));
    // Begun before the culprit, so that they are known to have outlived their tick.
    await sandbox.run(callOf('echo'));
    const culprit = sandbox.run(callOf(name));
    const after = sandbox.run(callOf('never'));
    expect(await culprit).toMatchObject({ ok: false, error: { code } });
    for (const reply of await Promise.all([...beside, after])) {
      expect(reply).toMatchObject({ ok: false, error: { code: 'GUEST_LOST', retryable: true } });
    }
    expect(await sandbox.died).toMatchObject({ error: { code }, cause: 'fault', isTold: true, isKilled: false });
    expect(await sandbox.run(callOf('echo'))).toMatchObject({ error: { code: 'GUEST_LOST' } });
  });
}

/** Guests that the host ends. */
export function closeTests(driver: Driver): void {
  test('a guest that is closed unloads its plugin; what is in flight is answered with HOST_CLOSED', async () => {
    const sandbox = await openPlugin(driver);
    const inFlight = sandbox.run(callOf('never'));
    await Promise.all([sandbox.close(), sandbox.close()]);
    expect(await inFlight).toMatchObject({ error: { code: 'HOST_CLOSED' }, stdout: 'unloaded\n' });
    expect(await sandbox.died).toMatchObject({ cause: 'closed', isKilled: false });
    await sandbox.close();
  });

  test('[FAULTS-8] a guest that ignores its end is killed after its grace', async () => {
    const opening = await driver().open(
      'export const main = { default: { tools: [], onUnload: () => { for (;;); } } };',
    );
    if (!opening.ok) throw new Error(opening.error.message);
    const startedAt = performance.now();
    await opening.sandbox.close();
    expect(performance.now() - startedAt).toBeGreaterThan(LIMITS.shutdown_grace_ms.value - 50);
    expect(performance.now() - startedAt).toBeLessThan(LIMITS.shutdown_grace_ms.value + 500);
  });
}

/** What is there when all of them are gone. */
export function leftoverTests(driver: Driver): void {
  test('nothing is left of guests that were closed, killed, or have died: no process, file or timer', async () => {
    const before = await driver().leftovers();
    const [closed, killed, dead] = await Promise.all([openPlugin(driver), openPlugin(driver), openPlugin(driver)]);
    await closed.close();
    await killed.run(callOf('spin', {}, { leftMs: 50 }));
    await killed.died;
    await dead.run(callOf('exit0'));
    await dead.died;
    const after = await settledLeftovers(driver, before);
    expect(after).toMatchObject({ processes: 0, files: 0 });
    expect(after.timers).toBeLessThanOrEqual(before.timers);
  });
}

/** Waits without a timer, since timers are counted. Descriptors are closed a turn or two after a guest is gone. */
async function settledLeftovers(driver: Driver, before: Leftovers): Promise<Leftovers> {
  const until = performance.now() + 2_000;
  for (;;) {
    const leftovers = await driver().leftovers();
    const { processes, files, timers } = leftovers;
    const isSettled = processes === 0 && files === 0 && timers <= before.timers;
    if (isSettled || performance.now() > until) return leftovers;
    await new Promise(setImmediate);
  }
}
