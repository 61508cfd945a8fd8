import { describe, expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { createBench, start } from './registry-bench.ts';
import { getRegistry } from './registry.ts';

const REASON = 'TypeError: price is not a number (the tool got text)';

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof HostError ? error.code : String(error);
  }
}

describe('registry of one host', () => {
  test('[X001-9] [F003-13] getRegistry returns the registry of the only host, and throws with none or several', () => {
    expect(codeOf(getRegistry)).toBe('REGISTRY_AMBIGUOUS');
    using bench = createBench();
    const { registry } = bench;
    expect(getRegistry()).toBe(registry);
    using other = createBench();
    const second = other.registry;
    expect(getRegistry).toThrow('2 hosts are open in this process; getRegistry() needs exactly one');
    second.close();
    expect(getRegistry()).toBe(registry);
  });

  test('[X001-9] a registry cannot be constructed directly', () => {
    using bench = createBench();
    const { registry } = bench;
    expect(codeOf(() => Reflect.construct(Object(registry).constructor, [Symbol('registry construction'), {}]))).toBe(
      'REGISTRY_AMBIGUOUS',
    );
  });

  test('[F001-22] [F001-23] has tells whether a plugin is known, and getStatus throws Plugin not found where it is not', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    expect(registry.has('p')).toBe(true);
    expect(registry.has('q')).toBe(false);
    expect(registry.getStatus('p').name).toBe('p');
    expect(() => registry.getStatus('q')).toThrow('Plugin not found');
    expect(codeOf(() => registry.getStatus('q'))).toBe('PLUGIN_NOT_FOUND');
    expect(registry.health('q', { showThrownText: true })).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', '..%2f', '\u0000', 'x'.repeat(10_000)])(
    '[F001-22] the name %j is simply not known',
    (name) => {
      using bench = createBench();
      const { registry } = bench;
      expect(registry.has(name)).toBe(false);
      expect(registry.health(name, { showThrownText: false })).toBeUndefined();
    },
  );

  test('[F001-16] a load that went well is registered, one that failed is FAILED with its reason', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('good');
    registry.markInitialized('good');
    registry.markFailed('bad', 'LOAD_FAILED: Cannot find module "./x.js" (imported by main.ts)');
    expect(registry.list().map(({ name, state }) => [name, state])).toEqual([
      ['bad', 'FAILED'],
      ['good', 'INITIALIZED'],
    ]);
  });

  test('[F003-14] [F003-17] [X003-3] a second plugin of a name is refused with both places, and the first stays', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { place: '/plugins/a', version: '1.0.0' });
    expect(codeOf(() => registry.register('p', { place: '/plugins/b', version: '2.0.0' }))).toBe('PLUGIN_NAME_TAKEN');
    expect(() => registry.register('p', { place: '/plugins/b' })).toThrow(
      /^Plugin 'p' is already registered globally. Unregister it first or use a different name. \(the first is at \/plugins\/a, the second at \/plugins\/b\)$/,
    );
    expect(registry.getStatus('p').version).toBe('1.0.0');
  });

  test('decision 6: the second of two is listed as refused while the first keeps its state', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p', { place: '/plugins/a' });
    registry.markInitialized('p');
    const refusal = {
      name: 'p',
      path: '/plugins/b',
      code: 'PLUGIN_NAME_TAKEN',
      reason: 'PLUGIN_NAME_TAKEN: /plugins/a has the name already',
    } as const;
    registry.refuse(refusal);
    expect(registry.refused()).toEqual([refusal]);
    expect(registry.getStatus('p').state).toBe('INITIALIZED');
  });

  test('a refused folder is listed under its own name as FAILED with a reason that starts with the code', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.refuse({
      name: 'broken folder',
      path: '/plugins/broken folder',
      code: 'MANIFEST_INVALID',
      reason: 'MANIFEST_INVALID: plugin.json is not JSON (line 3)',
    });
    expect(registry.getStatus('broken folder', { showThrownText: false })).toMatchObject({
      state: 'FAILED',
      reason: 'MANIFEST_INVALID: plugin.json is not JSON (line 3)',
    });
  });

  test('a folder that was mended is registered under its name and no longer refused', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.refuse({
      name: 'p',
      path: '/plugins/p',
      code: 'MANIFEST_INVALID',
      reason: 'MANIFEST_INVALID: version is "1.0" (expected 1.0.0)',
    });
    registry.register('p', { place: '/plugins/p' });
    expect(registry.refused()).toEqual([]);
    expect(registry.getStatus('p').state).toBe('LOADED');
  });

  test('[X003-3] unregistering a name that is not there is silent', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.unregister('nobody');
    registry.register('p');
    registry.unregister('p');
    expect(registry.has('p')).toBe(false);
  });

  test('a call whose plugin is unregistered while it runs still ends', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    const call = start(registry);
    registry.unregister('p');
    registry.settle(call, { error: undefined, durationMs: 1 });
    expect(registry.list()).toEqual([]);
  });

  test.each(['', 'Error', 'failed', 'short'])(
    '[F001-25] markFailed, markUnavailable and refuse do not take the vague reason %j',
    (reason) => {
      using bench = createBench();
      const { registry } = bench;
      registry.register('p');
      expect(codeOf(() => registry.markFailed('p', reason))).toBe('REASON_VAGUE');
      expect(codeOf(() => registry.markUnavailable('p', reason))).toBe('REASON_VAGUE');
      expect(codeOf(() => registry.refuse({ name: 'p', path: '/p', code: 'REVIEW_REFUSED', reason }))).toBe(
        'REASON_VAGUE',
      );
      expect(registry.getStatus('p').state).toBe('LOADED');
    },
  );
});

describe('calls by name (rule 3)', () => {
  test('[F001-17] markRunning then recordSuccess is RUNNING, then INITIALIZED with one success', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markRunning('p');
    expect(registry.getStatus('p').state).toBe('RUNNING');
    registry.recordSuccess('p', { durationMs: 4 });
    expect(registry.getStatus('p')).toMatchObject({
      state: 'INITIALIZED',
      success_count: 1,
      error_count: 0,
      last_execution_time_ms: 4,
    });
  });

  test('[F001-13] [F001-17] decision 5: markFailed and recordError for one call leave FAILED and exactly one error', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markRunning('p');
    registry.markFailed('p', REASON);
    registry.recordError('p');
    expect(registry.getStatus('p')).toMatchObject({
      state: 'FAILED',
      reason: REASON,
      success_count: 0,
      error_count: 1,
    });
  });

  test('[F001-18] recordError without a reason still leaves one that an operator can act on', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markRunning('p');
    registry.recordError('p');
    expect(registry.getStatus('p').reason).toMatch(/^PLUGIN_THREW: the plugin threw/);
  });

  test('[F001-28] [F001-29] markUnavailable keeps the install command, and no call changes the state', () => {
    using bench = createBench();
    const { registry } = bench;
    registry.register('p');
    registry.markUnavailable('p', 'Missing torch (install with: pip install torch)');
    registry.markRunning('p');
    registry.recordSuccess('p');
    expect(registry.getStatus('p')).toMatchObject({
      state: 'UNAVAILABLE',
      reason: 'Missing torch (install with: pip install torch)',
    });
  });
});
