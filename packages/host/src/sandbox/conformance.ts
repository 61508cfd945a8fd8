/**
 * What every Sandbox must do, as tests that a driver runs over itself: `sandboxConformance('process, jail', open)`.
 * A new driver is done when it passes. Guests are real, and so is what they do to themselves.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelTests, closeTests, deathTests, leftoverTests, timeoutTests } from './conformance-ends.ts';
import {
  callOf,
  codeFor,
  gist,
  openPlugin,
  type Driver,
  type DriverUnderTest,
  type Inhabitant,
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
