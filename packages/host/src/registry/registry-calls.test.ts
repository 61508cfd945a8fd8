import { DEFAULT_TENANT, callError, type CallError, type ErrorCode } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBench, die, run, start } from './registry-bench.ts';
import type { Registry } from './registry.ts';

/** One scope FAILED is worse than another RUNNING, so it is what shows. */
function isWorse(registry: Registry): boolean {
  return ['a', 'b'].some((scope) => registry.getStatus('p', { scope, showThrownText: true }).state === 'FAILED');
}

describe('calls of the call flow', () => {
  test('[F001-27] a good call after a failed one brings INITIALIZED back and clears the reason', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    run(registry, 'PLUGIN_THREW');
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', error_count: 1 });
    expect(registry.getStatus('p').reason).toMatch(/temporary/);
    run(registry);
    expect(registry.getStatus('p')).not.toHaveProperty('reason');
    expect(registry.getStatus('p')).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 1 });
  });

  test.each([
    'PARAMS_INVALID',
    'SCOPE_MISSING',
    'HOST_OVERLOADED',
    'CALL_CANCELLED',
    'BREAKER_OPEN',
    'GUEST_LOST',
    'HOST_CLOSED',
    'HOST_SPAWN_FAILED',
  ] as const)('decision 15: a call that ended as %s changes neither state nor counters', (code) => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markInitialized('p');
    const before = registry.getStatus('p');
    run(registry, code);
    expect(registry.getStatus('p')).toEqual(before);
  });

  test('[F001-30] a requirement found missing while a call loads the plugin makes it UNAVAILABLE and counts nothing', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    const error: CallError = callError('PLUGIN_UNAVAILABLE', {
      message: 'ffmpeg is not on the PATH',
      hint: 'apt-get install ffmpeg',
    });
    registry.settle(start(registry), { error, durationMs: 1 });
    expect(registry.getStatus('p', { showThrownText: false })).toMatchObject({ state: 'UNAVAILABLE', error_count: 0 });
    expect(registry.getStatus('p', { showThrownText: false }).reason).toContain('permanent: apt-get install ffmpeg');
  });

  test('a call is ended once; a second end is our bug and counts nothing', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    const call = start(registry);
    registry.settle(call, { error: undefined, durationMs: 1 });
    expect(() => registry.settle(call, { error: undefined, durationMs: 1 })).toThrow('invariant broken');
    expect(registry.getStatus('p').success_count).toBe(1);
  });

  test('[F001-31] however concurrent calls interleave, counters add up and RUNNING is shown exactly while one is in flight', async () => {
    const ending = fc.record({
      code: fc.constantFrom<ErrorCode | undefined>(undefined, 'PLUGIN_THREW', 'CALL_CANCELLED', 'GUEST_LOST'),
      turns: fc.nat(6),
      scope: fc.constantFrom('a', 'b'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(ending, { maxLength: 40 }), async (calls) => {
        using bench = createBench();
        const { registry } = bench;
        registry.register('p');
        let inFlight = 0;
        const check = (): void =>
          expect(registry.getStatus('p').state === 'RUNNING').toBe(inFlight > 0 && !isWorse(registry));
        await Promise.all(
          calls.map(async ({ code, turns, scope }) => {
            const call = start(registry, scope);
            inFlight += 1;
            check();
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            registry.settle(call, { error: code === undefined ? undefined : callError(code), durationMs: 1 });
            inFlight -= 1;
            check();
          }),
        );
        const count = (wanted: ErrorCode | undefined): number => calls.filter(({ code }) => code === wanted).length;
        expect(registry.getStatus('p')).toMatchObject({
          success_count: count(undefined),
          error_count: count('PLUGIN_THREW'),
        });
      }),
    );
  });

  test('a thrown "x" leaves a reason that says what to do', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.settle(start(registry), {
      error: callError('PLUGIN_THREW', { message: 'x' }),
      durationMs: 1,
      className: 'Error',
    });
    expect(registry.getStatus('p').reason).toMatch(
      /^Error: the plugin said only "x" \(PLUGIN_THREW: .*; temporary: Fix the plugin/,
    );
  });
});

describe('breaker in the registry', () => {
  test('three deaths hold calls back with BREAKER_OPEN, and the health shows the breaker', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    for (const guest of ['1', '2', '3']) die(registry, guest);
    expect(registry.startCall('p', DEFAULT_TENANT)).toMatchObject({
      kind: 'held_back',
      retryAfterMs: 1_000,
      error: { code: 'BREAKER_OPEN', kind: 'breaker_open' },
    });
    expect(registry.getStatus('p').breaker).toBe('open');
  });

  test('one death that took many calls along counts once', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    for (let call = 0; call < 10; call += 1) die(registry, 'the same guest');
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('running');
  });

  test('a deadline that the caller shortened, and an end that is no death, do not count', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    for (let guest = 0; guest < 10; guest += 1) {
      die(registry, `short ${guest}`, { code: 'CALL_TIMEOUT', isCallerShortened: true });
      die(registry, `lost ${guest}`, { code: 'GUEST_LOST' });
      die(registry, `threw ${guest}`, { code: 'PLUGIN_THREW' });
    }
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('running');
  });

  test('deaths in one scope, or of another release, do not hold back the others', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { digest: 'one' });
    for (const guest of ['1', '2', '3']) die(registry, guest);
    expect(registry.startCall('p', 'acme').kind).toBe('running');
    expect(registry.startCall('p', DEFAULT_TENANT, 'two').kind).toBe('running');
    expect(registry.startCall('p', DEFAULT_TENANT, 'one').kind).toBe('held_back');
  });

  test('a release that stands in for another has a breaker, and no part in what is shown of the scope', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { digest: 'new' });
    run(registry, 'PLUGIN_THREW');
    const aside = registry.startAside('p', DEFAULT_TENANT, 'old');
    expect(registry.health('p', { scope: DEFAULT_TENANT, showThrownText: true })?.state).toBe('FAILED');
    if (aside.kind === 'running') registry.settle(aside, { error: undefined, durationMs: 1 });
    run(registry);
    for (const instanceId of ['1', '2', '3']) {
      const death = { instanceId, error: callError('GUEST_CRASHED'), isCallerShortened: false, isToldByCall: true };
      registry.recordDeath('p', { scope: DEFAULT_TENANT, digest: 'old' }, death);
    }
    expect(registry.startAside('p', DEFAULT_TENANT, 'old').kind).toBe('held_back');
    const view = { scope: DEFAULT_TENANT, showThrownText: true };
    expect(registry.health('p', view)).toMatchObject({ state: 'INITIALIZED', breaker: 'closed', success_count: 2 });
  });

  test('a release that stood in is shown again once the scope runs it', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { digest: 'new' });
    const aside = registry.startAside('p', 'acme', 'old');
    if (aside.kind === 'running') registry.settle(aside, { error: callError('PLUGIN_THREW'), durationMs: 1 });
    const state = () => registry.health('p', { scope: 'acme', showThrownText: true })?.state;
    expect(state()).toBe('LOADED');
    const own = registry.startCall('p', 'acme', 'old');
    if (own.kind === 'running') registry.settle(own, { error: callError('PLUGIN_THREW'), durationMs: 1 });
    expect(state()).toBe('FAILED');
  });

  test('a call that began before the breaker opened does not bring INITIALIZED back; the probe does', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    const early = start(registry);
    run(registry, 'GUEST_CRASHED');
    for (const guest of ['1', '2', '3']) die(registry, guest);
    registry.settle(early, { error: undefined, durationMs: 1 });
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', breaker: 'open' });
    advance(1_000);
    run(registry);
    expect(registry.getStatus('p')).toMatchObject({ state: 'INITIALIZED', breaker: 'closed' });
  });

  test('a probe that the plugin throws in closes the breaker, since the guest lived; the plugin stays FAILED', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    for (const guest of ['1', '2', '3']) die(registry, guest);
    advance(1_000);
    run(registry, 'PLUGIN_THREW');
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', breaker: 'closed' });
  });

  test('a probe that is cancelled leaves the place for the next', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    for (const guest of ['1', '2', '3']) die(registry, guest);
    advance(1_000);
    const probe = start(registry);
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('held_back');
    registry.settle(probe, { error: callError('CALL_CANCELLED'), durationMs: 1 });
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('running');
  });

  test('after five openings in a row the state says that an administrator must reload, and a reload lets calls pass', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    registry.markInitialized('p');
    for (const guest of ['1', '2', '3']) die(registry, guest);
    for (let opening = 2; opening <= 5; opening += 1) {
      advance(60_000);
      run(registry, 'GUEST_CRASHED');
      die(registry, `probe ${opening}`);
    }
    const held = registry.getStatus('p', { showThrownText: false });
    expect(held).toMatchObject({ state: 'FAILED', breaker: 'open' });
    expect(held.reason).toMatch(
      /opened 5 times in a row \(it stays open until an administrator reloads the plugin; permanent: .*POST \/api\/v1\/plugins\/p\/reload\)$/,
    );
    advance(24 * 3_600_000);
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('held_back');
    registry.reload('p');
    expect(registry.getStatus('p')).toMatchObject({ state: 'LOADED', breaker: 'closed', error_count: 4 });
    expect(registry.startCall('p', DEFAULT_TENANT).kind).toBe('running');
  });

  test('a call that began before the breaker opened is not the probe, even where it ends beside one', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    const early = start(registry);
    for (const guest of ['1', '2', '3']) die(registry, guest);
    advance(1_000);
    start(registry);
    registry.settle(early, { error: undefined, durationMs: 1 });
    expect(registry.getStatus('p').breaker).toBe('half_open');
  });

  test('a death that a call tells of leaves the state to that call', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    run(registry);
    die(registry, 'after a late timeout');
    expect(registry.getStatus('p').state).toBe('INITIALIZED');
  });

  test('a start that fails with no call left to tell of it makes the plugin FAILED, and the breaker counts deaths alone', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markInitialized('p');
    for (const guest of ['1', '2', '3']) die(registry, guest, { code: 'LOAD_FAILED', isToldByCall: false });
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', error_count: 0, breaker: 'closed' });
    expect(registry.getStatus('p').reason).toMatch(/^LOAD_FAILED: /);
  });

  test('a call that did not run changes neither state nor counters, whatever its outcome [decision 15]', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    run(registry);
    const before = registry.getStatus('p');
    registry.settle(start(registry), { error: callError('CALL_TIMEOUT'), durationMs: 1, didRun: false });
    expect(registry.getStatus('p')).toEqual(before);
  });

  test('a guest that dies with no call to tell of it makes the plugin FAILED with a reason', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markInitialized('p');
    run(registry);
    die(registry, 'idle', { code: 'GUEST_UNCAUGHT', isToldByCall: false });
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', error_count: 0 });
    expect(registry.getStatus('p').reason).toMatch(/^GUEST_UNCAUGHT: /);
  });
});
