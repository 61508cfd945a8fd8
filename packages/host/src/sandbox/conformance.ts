/**
 * What every Sandbox must do, as tests that a driver runs over itself: `sandboxConformance('process, jail', open)`.
 * A new driver is done when it passes. Guests are real, and so is what they do to themselves.
 */
import { LIMITS, type JsonValue } from '@bulkhead/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GONE_MS,
  callOf,
  gist,
  openPlugin,
  type Driver,
  type DriverUnderTest,
  type Inhabitant,
  type Leftovers,
} from './conformance-fixture.ts';

/** Declares the suite, as far as it applies to what runs there. */
export function sandboxConformance(
  name: string,
  openDriver: () => Promise<DriverUnderTest>,
  inhabitant: Inhabitant = 'plugin',
): void {
  describe(`sandbox conformance: ${name}`, () => {
    let driver: DriverUnderTest;
    beforeAll(async () => {
      driver = await openDriver();
    });
    afterAll(() => driver.close());
    const opened = (): DriverUnderTest => driver;
    loadTests(opened, inhabitant);
    callTests(opened, inhabitant);
    argumentTests(opened);
    cancelTests(opened, inhabitant);
    timeoutTests(opened, inhabitant);
    deathTests(opened, inhabitant);
    resultTests(opened);
    leftoverTests(opened);
    if (inhabitant !== 'plugin') return;
    offerTests(opened);
    refusalTests(opened);
    configTests(opened);
    boundsTests(opened);
    outputTests(opened);
    closeTests(opened);
  });
}

/** Codes that a plugin's own words bring, and what a process brings that has none. */
const WORDLESS: Readonly<Record<string, string>> = {
  LOAD_FAILED: 'INIT_EXITED',
  IMPORT_REFUSED: 'INIT_EXITED',
  INIT_FAILED: 'INIT_EXITED',
  PLUGIN_THREW: 'TOOL_REPORTED_ERROR',
  GUEST_UNCAUGHT: 'GUEST_EXITED',
  GUEST_UNHANDLED_REJECTION: 'GUEST_EXITED',
};

function codeFor(inhabitant: Inhabitant, code: string): string {
  return inhabitant === 'plugin' ? code : (WORDLESS[code] ?? code);
}

/** A server that heeds a cancellation says nothing, so that only one that is stuck is known to ignore it. */
const IGNORES: Readonly<Record<Inhabitant, string>> = { plugin: 'never', mcp_server: 'spin' };

function loadTests(driver: Driver, inhabitant: Inhabitant): void {
  const failures = [
    ['a syntax error', 'export const main = {', 'LOAD_FAILED'],
    ['an import of an absent module', 'import "./absent.js"; export const main = {};', 'IMPORT_REFUSED'],
    ['a throw at import', 'throw new Error("no"); export const main = {};', 'LOAD_FAILED'],
    ['a throw in onLoad', 'export const main = { default: { onLoad() { throw new Error("no"); } } };', 'INIT_FAILED'],
    [
      'an onLoad that never settles',
      'export const main = { default: { onLoad: () => new Promise(() => 0) } };',
      'INIT_EXITED',
    ],
    ['a load that spins', 'for (;;); export const main = {};', 'INIT_TIMEOUT'],
    ['a load that exits with 0', 'process.exit(0); export const main = {};', 'INIT_EXITED'],
  ] as const;

  test.each(failures)(
    '[F001-34, F001-35] [FAULTS-1] [FAULTS-2] [FAULTS-3] [FAULTS-4] [FAULTS-5] %s is %s',
    async (_, source, code) => {
      const opening = await driver().open(source, { initTimeoutMs: 500 });
      expect(opening).toMatchObject({ ok: false, error: { code: codeFor(inhabitant, code) } });
    },
  );

  test('a sandbox says which tools there are', async () => {
    const sandbox = await openPlugin(driver);
    expect(sandbox.ready.tools.map((tool) => tool.name)).toContain('echo');
    expect(sandbox.ready).toMatchObject({ has_health_check: true });
    await sandbox.close();
  });
}

function offerTests(driver: Driver): void {
  test('a guest says what else its plugin offers', async () => {
    const sandbox = await openPlugin(driver);
    expect(sandbox.ready).toMatchObject({ exports: ['plus'] });
    await sandbox.close();
  });

  test('[F001-11] [F001-12] a tool, an export with positional arguments, a hook and a health check run by name', async () => {
    const sandbox = await openPlugin(driver);
    expect(gist(await sandbox.run(callOf('echo', { a: [1, 'é', null] })))).toEqual({ a: [1, 'é', null] });
    expect(gist(await sandbox.run(callOf('plus', null, { target: 'export', args: [2, 3] })))).toBe(5);
    const hook = await sandbox.run(callOf('before_tool_call', { tool: 'x' }, { target: 'hook' }));
    expect(gist(hook)).toEqual({ tool: 'x', seen: true });
    expect(gist(await sandbox.run(callOf('', null, { target: 'health', args: [] })))).toMatchObject({
      status: 'healthy',
    });
    await sandbox.close();
  });
}

function callTests(driver: Driver, inhabitant: Inhabitant): void {
  test('a tool and a health check run by name', async () => {
    const sandbox = await openPlugin(driver);
    expect(gist(await sandbox.run(callOf('echo', { a: [1, 'é', null] })))).toEqual({ a: [1, 'é', null] });
    expect(gist(await sandbox.run(callOf('', null, { target: 'health', args: [] })))).toMatchObject({
      status: 'healthy',
    });
    await sandbox.close();
  });

  test('what a plugin does not offer is TOOL_NOT_FOUND', async () => {
    const sandbox = await openPlugin(driver);
    for (const target of ['tool', 'export'] as const) {
      expect(await sandbox.run(callOf('constructor', {}, { target }))).toMatchObject({
        error: { code: 'TOOL_NOT_FOUND' },
      });
    }
    await sandbox.close();
  });

  test('calls run at once, and each gets its own answer', async () => {
    const sandbox = await openPlugin(driver);
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, n) => sandbox.run(callOf('gate', { calls: 100, n }))),
    );
    expect(replies.map(gist)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    await sandbox.close();
  });

  test('calls begin in the order in which they were made', async () => {
    const sandbox = await openPlugin(driver);
    const order = Array.from({ length: 500 }, (_, n) => n);
    await Promise.all(order.map((n) => sandbox.run(callOf('start', { n }))));
    expect(gist(await sandbox.run(callOf('started')))).toEqual(order);
    await sandbox.close();
  });

  test('[F001-14] [F001-36] [FAULTS-53] what a plugin throws is its outcome, and the guest lives on', async () => {
    const sandbox = await openPlugin(driver);
    const code = codeFor(inhabitant, 'PLUGIN_THREW');
    expect(await sandbox.run(callOf('throw_error'))).toMatchObject({
      ok: false,
      error: { code, message: 'RangeError: no good' },
    });
    expect(await sandbox.run(callOf('throw_null'))).toMatchObject({ ok: false, error: { code } });
    expect(gist(await sandbox.run(callOf('echo', { a: 1 })))).toEqual({ a: 1 });
    await sandbox.close();
  });
}

function refusalTests(driver: Driver): void {
  test('[FAULTS-67] an import that is refused at run time is a tool_error, and the guest lives on', async () => {
    const sandbox = await openPlugin(driver);
    expect(gist(await sandbox.run(callOf('refused')))).toEqual({ kind: 'tool_error', code: 'IMPORT_REFUSED' });
    expect(sandbox.isServing()).toBe(true);
    await sandbox.close();
  });
}

function argumentTests(driver: Driver): void {
  test('arguments that are no JSON are refused before they are sent', async () => {
    const sandbox = await openPlugin(driver);
    const args = [1n] as unknown as JsonValue[]; // The embedding API takes what its caller has.
    expect(gist(await sandbox.run(callOf('echo', null, { args })))).toEqual({
      kind: 'invalid_input',
      code: 'PARAMS_INVALID',
    });
    await sandbox.close();
  });
}

function configTests(driver: Driver): void {
  test('a new configuration holds for the calls that are sent after it', async () => {
    const sandbox = await openPlugin(driver);
    const before = sandbox.run(callOf('config'));
    sandbox.configure({ precision: 3 });
    expect(gist(await sandbox.run(callOf('config')))).toEqual({ precision: 3 });
    expect(gist(await before)).toEqual({});
    await sandbox.close();
  });
}

function cancelTests(driver: Driver, inhabitant: Inhabitant): void {
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

function timeoutTests(driver: Driver, inhabitant: Inhabitant): void {
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

function deathTests(driver: Driver, inhabitant: Inhabitant): void {
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

function boundsTests(driver: Driver): void {
  const refusals = [
    ['[FAULTS-48]', 'circular', {}, 'RESULT_UNSERIALIZABLE'],
    ['[FAULTS-48]', 'bigint', {}, 'RESULT_UNSERIALIZABLE'],
    ['[FAULTS-48]', 'bad_getter', {}, 'RESULT_UNSERIALIZABLE'],
    ['[FAULTS-51]', 'deep', { levels: 65 }, 'RESULT_TOO_DEEP'],
    ['[FAULTS-51]', 'deep', { levels: 100_000 }, 'RESULT_TOO_DEEP'],
    ['[FAULTS-47]', 'large', { bytes: 1_000_000 }, 'RESULT_TOO_LARGE'],
  ] as const;

  test.each(refusals)('%s the result of %s %j is %s, and the guest lives on', async (...row) => {
    const [, name, params, code] = row;
    const sandbox = await openPlugin(driver, { outputBytesMax: 500_000 });
    expect(await sandbox.run(callOf(name, params))).toMatchObject({ ok: false, error: { code } });
    expect(gist(await sandbox.run(callOf('deep', { levels: 64 })))).toBeInstanceOf(Array);
    await sandbox.close();
  });

  test('[FAULTS-49] what JSON has no word for is written as JSON.stringify does', async () => {
    const sandbox = await openPlugin(driver);
    expect(gist(await sandbox.run(callOf('odd')))).toEqual({ nan: null, zero: 0, lone: '\ud800', list: [null] });
    await sandbox.close();
  });
}

function resultTests(driver: Driver): void {
  test('[FAULTS-52] keys that reach a prototype are removed', async () => {
    const sandbox = await openPlugin(driver);
    expect(gist(await sandbox.run(callOf('poison')))).toEqual({ a: 1 });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    await sandbox.close();
  });
}

function outputTests(driver: Driver): void {
  test('each call is given what was written while it ran, clean of escape sequences', async () => {
    const sandbox = await openPlugin(driver);
    const red = await sandbox.run(callOf('print', { text: '\u001b[31mred\u001b[0m\u202e' }));
    expect(red).toMatchObject({ stdout: 'red', stderr: 'red!' });
    const later = await sandbox.run(callOf('print_later', { text: 'later' }));
    expect(later).toMatchObject({ stdout: 'later', stderr: '' });
    expect(await sandbox.run(callOf('echo'))).toMatchObject({ stdout: '', stderr: '' });
    await sandbox.close();
  });

  test('no path of the server leaves in what a plugin prints', async () => {
    const sandbox = await openPlugin(driver);
    const { stdout } = await sandbox.run(callOf('stack'));
    expect(stdout).toMatch(/^Error: here\n\s+at .*bulkhead:artifact/);
    expect(stdout).not.toMatch(/\/(?:tmp|work|home|root|usr|var|bulkhead)\//);
    await sandbox.close();
  });

  test('[FAULTS-36] a flood of output ends the guest', async () => {
    const sandbox = await openPlugin(driver);
    expect(await sandbox.run(callOf('flood'))).toMatchObject({
      error: { code: 'LOG_FLOOD', kind: 'output_too_large' },
    });
    expect(await sandbox.died).toMatchObject({ isKilled: true });
  });
}

function closeTests(driver: Driver): void {
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

function leftoverTests(driver: Driver): void {
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
