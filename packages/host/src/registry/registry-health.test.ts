import { DEFAULT_TENANT, callError } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EPOCH_MS, createBench, run, start } from './registry-bench.ts';

const REASON = 'TypeError: price is not a number (the tool got text)';

describe('health', () => {
  test('[F001-41] [F001-42] [X001-2] a plugin that ran shows every field', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p', { version: '1.2.3', description: 'Adds.', digest: 'd'.repeat(64) });
    registry.markInitialized('p', { tier: 'jail' });
    registry.recordHealth('p', 'healthy');
    advance(2_500);
    const call = start(registry);
    advance(40);
    registry.settle(call, { error: undefined, durationMs: 40 });
    advance(460);
    expect(registry.getStatus('p')).toEqual({
      name: 'p',
      state: 'INITIALIZED',
      success_count: 1,
      error_count: 0,
      description: 'Adds.',
      version: '1.2.3',
      uptime_seconds: 3,
      last_used: new Date(EPOCH_MS + 5_000 + 2_540).toISOString(),
      last_execution_time_ms: 40,
      avg_execution_time_ms: 40,
      health: 'healthy',
      breaker: 'closed',
      tier: 'jail',
    });
  });

  test('[F001-41] a plugin that never ran has the required fields and no invented ones', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    expect(registry.getStatus('p')).toEqual({
      name: 'p',
      state: 'LOADED',
      success_count: 0,
      error_count: 0,
      health: 'unknown',
      breaker: 'closed',
    });
  });

  test('[X001-2] the average is over the last 10 runs, whatever came before', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(durations, (runs) => {
        using bench = createBench();
        const { registry } = bench;
        registry.register('p');
        for (const durationMs of runs) registry.recordSuccess('p', { durationMs });
        const last = runs.slice(-10);
        const average = last.reduce((sum, durationMs) => sum + durationMs, 0) / last.length;
        expect(registry.getStatus('p').avg_execution_time_ms).toBeCloseTo(average, 2);
        expect(registry.getStatus('p').last_execution_time_ms).toBe(runs.at(-1));
      }),
    );
  });

  test('[F001-3] [X001-3] the list is sorted by name, shows failed plugins, and leaves out what is not listed', () => {
    using bench = createBench();
    const { registry } = bench;
    for (const name of ['zeta', 'alpha']) registry.register(name);
    registry.register('file:x.ts', { isListed: false });
    registry.markUnavailable('middle', 'Missing torch (install with: npm install torch)');
    expect(registry.list().map(({ name }) => name)).toEqual(['alpha', 'middle', 'zeta']);
  });

  test('without a scope the worst state shows and counters are summed; with one, its own', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markInitialized('p');
    run(registry, undefined, 'acme');
    run(registry, 'PLUGIN_THREW', 'other');
    expect(registry.getStatus('p')).toMatchObject({ state: 'FAILED', success_count: 1, error_count: 1 });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true })).toMatchObject({
      state: 'INITIALIZED',
      success_count: 1,
      error_count: 0,
    });
    expect(registry.getStatus('p', { scope: 'newcomer', showThrownText: true })).toMatchObject({
      state: 'INITIALIZED',
      success_count: 0,
      error_count: 0,
    });
  });

  test('thrown text shows only where it is allowed; others read code, message and hint of the table', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.settle(start(registry, 'acme'), {
      error: callError('PLUGIN_THREW', { message: 'card 4111 was declined' }),
      durationMs: 1,
      className: 'PaymentError',
    });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true }).reason).toContain('card 4111 was declined');
    const shown = registry.getStatus('p', { showThrownText: false }).reason;
    expect(shown).not.toContain('4111');
    expect(shown).toMatch(/^PLUGIN_THREW: the plugin threw while it served the call \(temporary: Fix the plugin/);
  });

  test('a load reason, which no tenant caused, shows in full to everybody', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markFailed('p', REASON);
    expect(registry.getStatus('p', { showThrownText: false }).reason).toBe(REASON);
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: false }).reason).toBe(REASON);
  });

  test.each([
    ['/srv/plugins/pad', 'npm install --prefix /srv/plugins/pad x', 'npm install --prefix pad x'],
    ["/srv/it's/pad", String.raw`npm install --prefix '/srv/it'\''s/pad' x`, "npm install --prefix 'pad' x"],
    ['/srv/pad', 'put the whole file at /srv/pad/model.bin', 'put the whole file at pad/model.bin'],
    ['/srv/pad', 'a file is missing below /srv/pad. Put it there', 'a file is missing below pad. Put it there'],
    ['/srv/pad', 'it is beside /srv/padding', 'it is beside /srv/padding'],
  ])('the place %s shows as its last part, unless the view may see places', (place, told, shown) => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { place });
    registry.markUnavailable('p', `a package is missing: ${told}`);
    expect(registry.getStatus('p', { showThrownText: true }).reason).toBe(`a package is missing: ${shown}`);
    expect(registry.getStatus('p').reason).toBe(`a package is missing: ${told}`);
  });

  test('a good call in one scope mends the failed load for scopes that have not run', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markFailed('p', REASON);
    run(registry, undefined, 'acme');
    expect(registry.getStatus('p', { scope: 'newcomer', showThrownText: true }).state).toBe('INITIALIZED');
  });
});

describe('what is marked for one scope', () => {
  test('a failure marked with a code and scope shows that code to others, and its text to the scope', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markFailed('p', REASON, { scope: 'acme', code: 'INIT_FAILED' });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true }).reason).toBe(REASON);
    expect(registry.getStatus('p', { showThrownText: false }).reason).toMatch(/^INIT_FAILED: /);
    expect(registry.getStatus('p', { scope: 'other', showThrownText: true })).not.toHaveProperty('reason');
  });

  test('a requirement missing for one scope shows in full, since the cure is the operator’s', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markUnavailable('p', 'Missing secret TOKEN (set it with: bulkhead secrets set TOKEN)', { scope: 'acme' });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: false }).reason).toContain('secrets set TOKEN');
    expect(registry.getStatus('p', { scope: 'other', showThrownText: false }).state).toBe('LOADED');
  });

  test('what a tenant’s own policy refuses shows its numbers to that tenant alone', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    const error = callError('SANDBOX_TOO_WEAK', { message: 'tenant acme needs jail' });
    registry.settle(start(registry, 'acme'), { error, durationMs: 1 });
    expect(registry.getStatus('p', { showThrownText: false })).toMatchObject({ state: 'UNAVAILABLE' });
    expect(registry.getStatus('p', { showThrownText: false }).reason).not.toContain('acme');
  });

  test('[X004-2] the worst health word of the scopes shows, and each scope has its own', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.recordHealth('p', 'healthy', 'acme');
    registry.recordHealth('p', 'warning', 'other');
    expect(registry.getStatus('p').health).toBe('warning');
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true }).health).toBe('healthy');
  });

  test('a scope that was never asked is as the release was when it was tried', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.recordHealth('p', 'healthy');
    registry.settle(start(registry, 'acme'), { error: undefined, durationMs: 1 });
    const ofAcme = { scope: 'acme', showThrownText: true };
    expect(registry.getStatus('p', ofAcme)).toMatchObject({ success_count: 1, health: 'healthy' });
    registry.recordHealth('p', 'warning', 'acme');
    expect(registry.getStatus('p', ofAcme).health).toBe('warning');
  });

  test('the reason that shows is that of the worst scope', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markFailed('p', REASON, { scope: 'a' });
    registry.markUnavailable('p', 'Missing torch (install with: npm install torch)', { scope: 'b' });
    expect(registry.getStatus('p')).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringContaining('torch') });
  });

  test('uptime counts from the load, outlives a failed call, and ends where the plugin cannot be loaded', () => {
    using bench = createBench();
    const { registry, advance } = bench;
    registry.register('p');
    registry.markInitialized('p');
    advance(3_000);
    registry.markFailed('p', REASON, { scope: 'acme' });
    expect(registry.getStatus('p').uptime_seconds).toBe(3);
    registry.markUnavailable('p', 'Missing torch (install with: npm install torch)');
    expect(registry.getStatus('p')).not.toHaveProperty('uptime_seconds');
  });

  test('a good call of an older release does not mend the failed load of the current one', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { digest: 'new' });
    registry.markFailed('p', REASON);
    const call = registry.startCall('p', 'acme', 'old');
    expect(call.kind).toBe('running');
    if (call.kind === 'running') registry.settle(call, { error: undefined, durationMs: 1 });
    expect(registry.getStatus('p', { scope: 'newcomer', showThrownText: true }).state).toBe('FAILED');
  });

  test('a scope keeps four releases; beyond it the oldest idle one goes and one with a call in flight stays', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.startCall('p', 'acme', 'busy');
    for (const digest of ['1', '2', '3', '4', '5', '6']) registry.markFailed('p', REASON, { scope: 'acme', digest });
    registry.markInitialized('p', { digest: '1' });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true }).state).toBe('FAILED');
    for (const digest of ['4', '5', '6']) registry.retire('p', { scope: 'acme', digest });
    expect(registry.getStatus('p', { scope: 'acme', showThrownText: true }).state).toBe('RUNNING');
  });
});

describe('history', () => {
  test('ends that differ in their cause are rows of their own', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markInitialized('p');
    run(registry);
    run(registry, 'CALL_CANCELLED');
    expect(registry.transitions('p', DEFAULT_TENANT).map(({ to, cause, times }) => [to, cause, times])).toEqual([
      ['RUNNING', 'call_started', 2],
      ['INITIALIZED', 'call_succeeded', 1],
      ['INITIALIZED', 'call_unjudged', 1],
    ]);
  });

  test('every transition is kept with time, cause and reason, and told to the storage once', () => {
    using bench = createBench();
    const { registry, told, advance } = bench;
    registry.register('p', { digest: 'one' });
    registry.markInitialized('p');
    advance(10);
    run(registry, 'PLUGIN_THREW');
    const rows = registry.transitions('p');
    expect(rows.map(({ scope, from, to, cause }) => [scope, from, to, cause])).toEqual([
      ['*', 'LOADED', 'INITIALIZED', 'initialized'],
      ['default', 'INITIALIZED', 'RUNNING', 'call_started'],
      ['default', 'RUNNING', 'FAILED', 'call_failed'],
    ]);
    expect(rows[2]?.reason).toMatch(/^PLUGIN_THREW: /);
    expect(rows[2]?.at).toBe(new Date(EPOCH_MS + 5_010).toISOString());
    expect(told).toEqual(rows);
  });

  test('100,000 good calls are two rows with a count, so a failure before them is still there', () => {
    using bench = createBench();
    const { registry, told } = bench;
    registry.register('p');
    run(registry, 'PLUGIN_THREW');
    for (let call = 0; call < 100_000; call += 1) run(registry);
    const rows = registry.transitions('p', DEFAULT_TENANT);
    expect(rows.filter(({ to }) => to === 'FAILED')).toHaveLength(1);
    expect(rows.at(-1)).toMatchObject({ from: 'INITIALIZED', to: 'RUNNING', times: 99_999 });
    expect(told.length).toBe(rows.length + registry.transitions('p', '*').length);
  });

  test('the history of one plugin and scope is bounded, and its oldest rows go', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    for (let call = 0; call < 1_000; call += 1) {
      registry.settle(start(registry), {
        error: callError('PLUGIN_THREW', { message: `row ${call} of the input is wrong` }),
        durationMs: 1,
      });
    }
    const rows = registry.transitions('p', DEFAULT_TENANT);
    expect(rows).toHaveLength(200);
    expect(rows.at(-1)?.reason).toContain('row 999');
  });

  test('ten thousand and one scopes keep memory bounded and lose no count', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    for (let tenant = 0; tenant < 10_050; tenant += 1) run(registry, undefined, `tenant-${tenant}`);
    expect(registry.getStatus('p').success_count).toBe(10_050);
    expect(registry.getStatus('p', { scope: 'tenant-0', showThrownText: true }).success_count).toBe(0);
    expect(registry.getStatus('p', { scope: 'tenant-10049', showThrownText: true }).success_count).toBe(1);
  });

  test('a release that a scope no longer runs is retired: its failure no longer shows', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { digest: 'one' });
    registry.markInitialized('p');
    run(registry, 'PLUGIN_THREW');
    registry.markInitialized('p', { digest: 'two', version: '2.0.0' });
    run(registry);
    expect(registry.getStatus('p').state).toBe('FAILED');
    registry.retire('p', { scope: DEFAULT_TENANT, digest: 'one' });
    expect(registry.getStatus('p')).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 1 });
  });
});
