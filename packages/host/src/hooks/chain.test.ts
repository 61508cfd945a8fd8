import { HOOK_MODES, HOOK_NAMES, callError, type HookName, type JsonObject } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createHookChain,
  hooksOf,
  orderHooks,
  type Hook,
  type HookAnswer,
  type HookFailure,
  type HookRun,
  type Invocation,
} from './chain.ts';

type Behaviour = (invocation: Invocation) => HookAnswer | Promise<HookAnswer>;

const never = new Promise<HookAnswer>(() => undefined);
const pass: Behaviour = ({ data }) => ({ kind: 'data', data });

function hook(plugin: string, rest: Partial<Hook> = {}): Hook {
  return {
    plugin,
    points: HOOK_NAMES,
    modes: {},
    tenant: undefined,
    priority: 0,
    order: 0,
    policy: 'fail_open',
    mayVeto: false,
    timeoutMs: 100,
    ...rest,
  };
}

/** A chain whose hooks behave as told by plugin name, and whose timers elapse when the test says so. */
function createBench(behaviours: Readonly<Record<string, Behaviour>> = {}) {
  const seen: string[] = [];
  const failures: HookFailure[] = [];
  const timers = new Set<() => void>();
  const chain = createHookChain({
    invoke: async (invocation) => {
      seen.push(invocation.hook.plugin);
      return (behaviours[invocation.hook.plugin] ?? pass)(invocation);
    },
    startTimer: (_delayMs, didElapse) => {
      timers.add(didElapse);
      return () => void timers.delete(didElapse);
    },
    stayAwake: (answer) => answer,
    defer: (work) => work(),
    didFail: (failure) => void failures.push(failure),
  });
  const elapse = (): void => {
    for (const didElapse of timers) didElapse();
  };
  return { chain, seen, failures, timers, elapse };
}

function runOf(hooks: readonly Hook[], data: JsonObject = {}, rest: Partial<HookRun> = {}): HookRun {
  const changeable = ['params', 'trail', 'bad', 'valid'];
  return { point: 'before_tool_call', tenant: 't', changeable, hooks, data, validate: () => undefined, ...rest };
}

/** Says what is wrong with data that a hook marked as bad. */
function validate(data: JsonObject): string | undefined {
  return data['bad'] === true ? '/bad is not known' : undefined;
}

function append(word: string): Behaviour {
  return ({ data }) => {
    const trail = data['trail'];
    return { kind: 'data', data: { trail: `${typeof trail === 'string' ? trail : ''}${word}` } };
  };
}

describe('hook chain', () => {
  const POINTS: readonly (readonly [string, HookName])[] = [
    ['F003-21', 'before_agent_run'],
    ['F003-22', 'after_agent_run'],
    ['F003-23', 'before_tool_call'],
    ['F003-24', 'after_tool_call'],
    ['F003-25', 'on_error'],
    ['F003-26', 'on_reasoning_step'],
  ];

  test.each(POINTS)('[%s] [X003-1] a hook is told at which point it runs: %s', async (_id, point) => {
    const points: HookName[] = [];
    const { chain } = createBench({ p: (invocation) => (points.push(invocation.point), pass(invocation)) });
    await chain.before(runOf([hook('p')], {}, { point }));
    expect(points).toEqual([point]);
    expect(HOOK_NAMES).toContain(point);
  });

  test('[X003-2] what one hook answers is what the next sees', async () => {
    const { chain } = createBench({ a: append('a'), b: append('b'), c: append('c') });
    const answer = await chain.before(runOf(['a', 'b', 'c'].map((plugin) => hook(plugin))));
    expect(answer).toMatchObject({ kind: 'go', data: { trail: 'abc' } });
  });

  test('a hook changes what its point lets it change, and runs for the tenant of the call whatever it answers', async () => {
    const tenants: string[] = [];
    const forge: Behaviour = ({ tenant }) => (
      tenants.push(tenant),
      { kind: 'data', data: { tenant: 'other', params: 1 } }
    );
    const { chain } = createBench({ a: forge, b: forge });
    const answer = await chain.before(runOf([hook('a'), hook('b')], { tenant: 't', call_id: 'c', params: 0 }));
    expect(answer).toMatchObject({ kind: 'go', data: { tenant: 't', call_id: 'c', params: 1 } });
    expect(tenants).toEqual(['t', 't']);
  });

  test('[X003-2] order is priority, then global before tenant, then registration', () => {
    const hooks = [
      hook('tenant late', { tenant: 't', order: 3 }),
      hook('tenant early', { tenant: 't', order: 1 }),
      hook('global late', { order: 4 }),
      hook('global early', { order: 2 }),
      hook('first of all', { tenant: 't', order: 9, priority: -1 }),
    ];
    const order = ['first of all', 'global early', 'global late', 'tenant early', 'tenant late'];
    expect(orderHooks(hooks).map(({ plugin }) => plugin)).toEqual(order);
  });

  test('in whatever order hooks are given, the order of running is the same, and nothing is lost', () => {
    const hooks = Array.from({ length: 12 }, (_, order) =>
      hook(String(order), { order, priority: order % 3, tenant: order % 2 === 0 ? undefined : 't' }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(hooks, { minLength: hooks.length }), (shuffled) => {
        expect(orderHooks(shuffled)).toEqual(orderHooks(hooks));
      }),
    );
  });

  test('a call meets the global hooks and its own tenant’s, never another’s', () => {
    const hooks = [hook('global'), hook('mine', { tenant: 'a', order: 1 }), hook('theirs', { tenant: 'b' })];
    expect(hooksOf(hooks, { tenant: 'a', isFromHook: false }).map(({ plugin }) => plugin)).toEqual(['global', 'mine']);
  });

  test('a call that comes from a hook is not hooked', () => {
    expect(hooksOf([hook('global')], { tenant: 'a', isFromHook: true })).toEqual([]);
  });

  test('a gate refuses with its reason, and later hooks do not run', async () => {
    const { chain, seen } = createBench({ gate: () => ({ kind: 'veto', reason: 'amounts above 100 need approval' }) });
    const answer = await chain.before(runOf([hook('a'), hook('gate', { mayVeto: true }), hook('b')]));
    expect(answer).toMatchObject({
      kind: 'refused',
      error: {
        code: 'HOOK_VETOED',
        message: 'the hook of plugin "gate" refused the call: amounts above 100 need approval',
      },
    });
    expect(seen).toEqual(['a', 'gate']);
    expect(answer.entered.map(({ plugin }) => plugin)).toEqual(['a', 'gate']);
  });

  test('a veto without the permission is a failure of the hook', async () => {
    const { chain, failures } = createBench({ a: () => ({ kind: 'veto', reason: 'no' }) });
    expect((await chain.before(runOf([hook('a')]))).kind).toBe('go');
    expect(failures[0]?.reason).toContain('without the permission "gate"');
  });

  const FAILING: readonly (readonly [string, Behaviour])[] = [
    [
      'answers that it failed',
      () => ({ kind: 'failed', error: callError('PLUGIN_THREW', { message: 'TypeError: no price' }) }),
    ],
    ['rejects', () => Promise.reject(new Error('the guest is gone'))],
    ['answers data that is not valid', () => ({ kind: 'data', data: { bad: true } })],
  ];

  test.each(FAILING)('a fail_open hook that %s changes nothing and is told', async (_what, behaviour) => {
    const { chain, failures } = createBench({ a: behaviour, b: append('b') });
    const answer = await chain.before(runOf([hook('a'), hook('b')], { trail: '-' }, { validate }));
    expect(answer).toMatchObject({ kind: 'go', data: { trail: '-b' } });
    expect(failures).toHaveLength(1);
  });

  test.each(FAILING)('a fail_closed hook that %s refuses the call', async (_what, behaviour) => {
    const { chain, seen } = createBench({ a: behaviour });
    const answer = await chain.before(runOf([hook('a', { policy: 'fail_closed' }), hook('b')], {}, { validate }));
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'HOOK_FAILED', kind: 'denied' } });
    expect(seen).toEqual(['a']);
  });

  test('a hook that never answers is waited for until its time is over, under its policy', async () => {
    const { chain, elapse, timers } = createBench({ slow: () => never });
    const opened = chain.before(runOf([hook('slow')], { kept: 1 }));
    elapse();
    expect(await opened).toMatchObject({ kind: 'go', data: { kept: 1 } });
    const closed = chain.before(runOf([hook('slow', { policy: 'fail_closed' })]));
    elapse();
    expect(await closed).toMatchObject({
      kind: 'refused',
      error: { message: 'the gate hook of plugin "slow" failed: it did not answer within 100 ms' },
    });
    expect(timers.size).toBe(0);
  });

  test('the caller’s object is never changed, whatever hooks change and take away', async () => {
    const data = Object.freeze({ params: Object.freeze({ a: 1 }), trail: '-' });
    const take: Behaviour = () => ({ kind: 'data', data: { params: { a: 2 } } });
    const { chain } = createBench({ a: take, b: append('b') });
    const answer = await chain.before(runOf([hook('a'), hook('b')], data));
    expect(answer).toMatchObject({ kind: 'go', data: { trail: 'b' } });
    expect(data).toEqual({ params: { a: 1 }, trail: '-' });
  });

  test('wrappers unwind: every plugin that was entered gets its after hook, in reverse, also after a veto and a failure', async () => {
    const before = createBench({ gate: () => ({ kind: 'veto', reason: 'not on Sundays' }) });
    const { entered } = await before.chain.before(
      runOf([hook('a'), hook('b'), hook('gate', { mayVeto: true }), hook('c')]),
    );
    const after = createBench({ b: () => Promise.reject(new Error('gone')), a: append('a') });
    const data = await after.chain.after(runOf(entered, {}, { point: 'after_tool_call' }));
    expect(after.seen).toEqual(['gate', 'b', 'a']);
    expect(data).toEqual({ trail: 'a' });
    expect(after.failures).toEqual([{ point: 'after_tool_call', plugin: 'b', reason: 'gone' }]);
  });

  test('an after hook cannot refuse what has happened', async () => {
    const { chain, failures } = createBench({ gate: () => ({ kind: 'veto', reason: 'too late' }) });
    const data = await chain.after(runOf([hook('gate', { mayVeto: true, policy: 'fail_closed' })], { value: 1 }));
    expect(data).toEqual({ value: 1 });
    expect(failures[0]?.reason).toBe('too late');
  });

  test('observers run at once, none waits for another, and a failure of one is told', async () => {
    const { chain, seen, failures, elapse } = createBench({
      slow: () => never,
      bad: () => Promise.reject(new Error('gone')),
    });
    chain.observe({ point: 'on_error', tenant: 't', hooks: [hook('slow'), hook('bad'), hook('good')], data: {} });
    expect(seen).toEqual(['slow', 'bad', 'good']);
    await new Promise(setImmediate); // Until those that answer have.
    elapse();
    await expect.poll(() => failures.map(({ plugin }) => plugin).toSorted()).toEqual(['bad', 'slow']);
  });

  test('an observer is told at its place and not waited for, and what it answers changes nothing', async () => {
    const given: JsonObject[] = [];
    const watch: Behaviour = ({ data }) => (given.push(data), { kind: 'data', data: { trail: 'meddled' } });
    const { chain, seen } = createBench({ a: append('a'), slow: () => never, watch, b: append('b') });
    const watching = { modes: { before_tool_call: 'observe', after_tool_call: 'observe' } } as const;
    const answer = await chain.before(runOf([hook('a'), hook('slow', watching), hook('watch', watching), hook('b')]));
    expect(answer).toMatchObject({ kind: 'go', data: { trail: 'ab' } });
    expect(seen).toEqual(['a', 'slow', 'watch', 'b']);
    expect(given).toEqual([{ trail: 'a' }]);
    expect(await chain.after(runOf(answer.entered, {}, { point: 'after_tool_call' }))).toEqual({ trail: 'ba' });
  });

  test('a veto of an observer stops nothing and is no failure', async () => {
    const watching = { modes: { before_tool_call: 'observe' }, mayVeto: true } as const;
    const { chain, failures } = createBench({ watch: () => ({ kind: 'veto', reason: 'too late' }), b: append('b') });
    expect(await chain.before(runOf([hook('watch', watching), hook('b')]))).toMatchObject({ kind: 'go' });
    expect(failures).toEqual([]);
  });

  test('an observer without which nothing may go on is waited for', async () => {
    const watching = { modes: { before_tool_call: 'observe' }, policy: 'fail_closed' } as const;
    const { chain } = createBench({ watch: () => Promise.reject(new Error('gone')) });
    expect(await chain.before(runOf([hook('watch', watching)]))).toMatchObject({
      kind: 'refused',
      error: { code: 'HOOK_FAILED' },
    });
  });

  const GATE = { modes: { before_tool_call: 'gate' }, mayVeto: true, policy: 'fail_closed' } as const;

  test('gates in a row are asked at once, and see what hooks before them made', async () => {
    const asked: [string, JsonObject][] = [];
    const { promise: all, resolve } = Promise.withResolvers<undefined>();
    const gate: Behaviour = async (invocation) => {
      asked.push([invocation.hook.plugin, invocation.data]);
      if (asked.length === 3) resolve(undefined);
      await all;
      return { kind: 'data', data: { trail: 'meddled' } };
    };
    const { chain, seen } = createBench({ a: append('a'), x: gate, y: gate, z: gate, b: append('b') });
    const gates = ['x', 'y', 'z'].map((plugin) => hook(plugin, GATE));
    expect(await chain.before(runOf([hook('a'), ...gates, hook('b')]))).toMatchObject({ data: { trail: 'ab' } });
    expect(asked).toEqual(['x', 'y', 'z'].map((plugin) => [plugin, { trail: 'a' }]));
    expect(seen).toEqual(['a', 'x', 'y', 'z', 'b']);
  });

  test('of two gates that refuse the earlier one counts, whichever answered first', async () => {
    const { promise: second, resolve } = Promise.withResolvers<undefined>();
    const { chain, seen } = createBench({
      x: () => second.then(() => ({ kind: 'veto', reason: 'first' })),
      y: () => (resolve(undefined), { kind: 'veto', reason: 'second' }),
    });
    const answer = await chain.before(runOf([hook('x', GATE), hook('y', GATE), hook('b')]));
    expect(answer).toMatchObject({ kind: 'refused', error: { message: expect.stringContaining('first') as string } });
    expect(answer.entered.map(({ plugin }) => plugin)).toEqual(['x', 'y']);
    expect(seen).toEqual(['x', 'y']);
  });

  test('without hooks the data goes on as it is', async () => {
    const data = { params: {} };
    const answer = await createBench().chain.before(runOf([], data));
    expect(answer.kind === 'go' && answer.data).toBe(data);
  });

  test('whatever hooks do, a chain answers, validates what it gives on, and leaves no timer', async () => {
    const kinds = ['pass', 'change', 'invalid', 'veto', 'fail', 'reject'] as const;
    const item = fc.record({
      kind: fc.constantFrom(...kinds),
      policy: fc.constantFrom('fail_open' as const, 'fail_closed' as const),
      mayVeto: fc.boolean(),
      mode: fc.constantFrom(...HOOK_MODES),
    });
    const behave: Readonly<Record<(typeof kinds)[number], Behaviour>> = {
      pass,
      change: () => ({ kind: 'data', data: { valid: true } }),
      invalid: () => ({ kind: 'data', data: { valid: false } }),
      veto: () => ({ kind: 'veto', reason: 'a reason' }),
      fail: () => ({ kind: 'failed', error: callError('PLUGIN_THREW') }),
      reject: () => Promise.reject(new Error('gone')),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 8 }), async (items) => {
        const bench = createBench(Object.fromEntries(items.map(({ kind }, index) => [String(index), behave[kind]])));
        const hooks = items.map(({ policy, mayVeto, mode }, index) =>
          hook(String(index), { policy, mayVeto, modes: { before_tool_call: mode } }),
        );
        const answer = await bench.chain.before(
          runOf(hooks, { valid: true }, { validate: (data) => (data['valid'] === true ? undefined : 'invalid') }),
        );
        const wayOf = ({ mode, policy }: (typeof items)[number]): string =>
          mode === 'observe' && policy === 'fail_closed' ? 'gate' : mode;
        const stops = items.findIndex((one) => {
          if (wayOf(one) === 'observe') return false;
          const isFine = ['pass', 'change'].includes(one.kind) || (one.kind === 'invalid' && wayOf(one) === 'gate');
          return (one.kind === 'veto' && one.mayVeto) || (!isFine && one.policy === 'fail_closed');
        });
        const beside = items.findIndex((one, index) => index > stops && wayOf(one) !== 'gate');
        const stopped = items[stops] !== undefined && wayOf(items[stops]) === 'gate' ? beside : stops + 1;
        expect(answer.kind).toBe(stops === -1 ? 'go' : 'refused');
        expect(answer.entered).toHaveLength(stops === -1 || stopped === -1 ? items.length : stopped);
        expect(answer.kind === 'refused' || answer.data['valid']).toBe(true);
        // Observers that nobody waited for have answered by then.
        await new Promise(setImmediate);
        expect(bench.timers.size).toBe(0);
      }),
    );
  });
});
