/**
 * The gate on real hosts with real guests; who judges is a script of each test, since what is evidence is guard's.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HostError } from '../base/host-error.ts';
import type { Comparison, LiveVerdict, ReleaseJudge } from '../gate-api.ts';
import { createSharedStorage } from '../host-nodes.fixture.ts';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from '../host.fixture.ts';
import type { Host } from '../host-api.ts';
import { isEvaluationEnd } from '../evaluations/evaluation-state.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import type { Storage } from '../storage/port.ts';

vi.setConfig({ testTimeout: 60_000 });

let folders: PluginFolders;
beforeAll(async () => {
  folders = await createPluginFolders();
});
afterAll(() => folders[Symbol.asyncDispose]());

const ADOPT: Comparison = { verdict: 'adopt', reasons: ['no worse on 3 cases'], summary: { cases: 3 }, report: {} };
const UNSETTLED: LiveVerdict = { verdict: 'unsettled', reason: 'too few calls' };

/** A judge that adopts, and finds nothing in live calls, but for what a test says. */
function judgeWith(script: Partial<ReleaseJudge> = {}): ReleaseJudge {
  return {
    wrongPolicy: (policy) => (policy === 'none' ? 'there is no policy "none"' : undefined),
    compare: async () => ADOPT,
    openShadow: async () => ({ run: async () => ({ end: 'both' }), [Symbol.asyncDispose]: async () => undefined }),
    judgeLive: () => UNSETTLED,
    ...script,
  };
}

/** Compares for as long as nobody ends it. */
const untilAborted: ReleaseJudge['compare'] = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error)); // Aborted with errors alone.
  });

/** A host with version 1.0.0 for `acme`, and a candidate 2.0.0. */
async function open(judge: ReleaseJudge, storage?: Storage): Promise<Host> {
  return openTestHost({ judge, untrustedMinTier: 'process', ...(storage !== undefined && { storage }) });
}

async function install(host: Host, name: string, candidate = toolsSource({ version: 'return 2;' })): Promise<void> {
  await host.install(await folders.write(name, toolsSource({ version: 'return 1;' })), { tenant: 'acme' });
  await host.publish(await folders.write(name, candidate, { version: '2.0.0' }));
  await host.registrations.offer(name, '2.0.0', { tenants: ['*'] });
}

const acme = { tenant: 'acme' } as const;
const NO_SHADOW = { shadow: { share: 0 }, wait_ms: 0 } as const;

const upgrade = (host: Host, plugin: string, guard: object = NO_SHADOW): Promise<Evaluation> =>
  host.gate.begin({ plugin, ...acme, version: '2.0.0', kind: 'upgrade', guard, by: 'token 1' });

async function endOf(host: Host, { id }: Evaluation): Promise<Evaluation> {
  let found: Evaluation | undefined;
  const isOver = async (): Promise<boolean> => {
    found = await host.evaluations.get(id);
    return found !== undefined && isEvaluationEnd(found.state);
  };
  await expect.poll(isOver, { timeout: 30_000 }).toBe(true);
  if (found === undefined) throw new Error('there is no such evaluation');
  return found;
}

const current = (host: Host, plugin: string): string | undefined => host.registrations.releases(plugin, acme).current;

test('what a judge adopts goes live as a canary, with its plan, its differences and its numbers on record', async () => {
  await using host = await open(judgeWith());
  await install(host, 'adopted', toolsSource({ version: 'return 2;', more: 'return 3;' }));
  const begun = await upgrade(host, 'adopted', { ...NO_SHADOW, seed: 7 });
  expect(begun).toMatchObject({ state: 'queued', actor: 'token 1', from_version: '1.0.0', to_version: '2.0.0' });
  const ended = await endOf(host, begun);
  expect(ended).toMatchObject({
    state: 'adopted',
    verdict: 'adopt',
    reasons: ['no worse on 3 cases'],
    summary: { plan: { seed: 7, answers: 'same', cases: 400, steps: null, grant: null }, comparison: { cases: 3 } },
    report: { differences: { tools: { added: ['more'] } }, canary: { pairs: { only_baseline: 0 } } },
  });
  expect(host.registrations.releases('adopted', acme)).toMatchObject({
    current: '2.0.0',
    moves: [{ kind: 'canary', actor: 'token 1' }],
  });
});

test('what a judge rejects, or cannot tell, moves nobody', async () => {
  let verdict: Comparison['verdict'] = 'reject';
  await using host = await open(judgeWith({ compare: async () => ({ ...ADOPT, verdict, reasons: ['add flips'] }) }));
  await install(host, 'kept');
  expect(await endOf(host, await upgrade(host, 'kept'))).toMatchObject({ state: 'rejected', reasons: ['add flips'] });
  verdict = 'inconclusive';
  expect(await endOf(host, await upgrade(host, 'kept'))).toMatchObject({ state: 'inconclusive' });
  expect(host.registrations.releases('kept', acme)).toMatchObject({ current: '1.0.0', moves: [] });
});

test('a comparison that could not be made says nothing of the candidate, and nothing of the host’s inside', async () => {
  let cause: Error = new HostError('SANDBOX_TOO_WEAK', { message: 'tier uid is asked for' });
  const compare = (): Promise<never> => Promise.reject(cause);
  await using host = await open(judgeWith({ compare }));
  await install(host, 'undone');
  expect(await endOf(host, await upgrade(host, 'undone'))).toMatchObject({
    state: 'failed',
    reasons: ['SANDBOX_TOO_WEAK: tier uid is asked for'],
  });
  cause = new Error('/home/of/somebody is no folder');
  const { state, reasons } = await endOf(host, await upgrade(host, 'undone'));
  expect([state, ...reasons]).toEqual(['failed', 'the host failed while it judged; its log says how']);
});

test('live calls reach the shadow, which rejects, with what it saw, what does worse than they did', async () => {
  const seen: unknown[] = [];
  const judge = judgeWith({
    openShadow: async () => ({
      run: async (call) => {
        seen.push(call);
        return { end: 'only_baseline', flip: { tool: call.tool, params: call.params, why: 'it threw' } };
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
    judgeLive: ({ pairs }) =>
      pairs.only_baseline > 0 ? { verdict: 'worse', reason: '1 of 1 calls went worse' } : UNSETTLED,
  });
  await using host = await open(judge);
  await install(host, 'shadowed');
  const begun = await upgrade(host, 'shadowed', { shadow: { share: 1, calls: 5, for_ms: 60_000 } });
  const called = async (): Promise<string> => {
    await host.call({ plugin: 'shadowed', tool: 'version', params: { a: 1 }, ...acme });
    return (await host.evaluations.get(begun.id))?.state ?? '';
  };
  await expect.poll(called, { timeout: 30_000 }).toBe('rejected');
  expect(await endOf(host, begun)).toMatchObject({
    reasons: ['1 of 1 calls went worse', 'version {"a":1}: it threw'],
    report: { shadow: { calls: 1, only_baseline: 1, flips: [{ tool: 'version', params: { a: 1 }, why: 'it threw' }] } },
  });
  const call = { tenant: 'acme', tool: 'version', params: { a: 1 }, isIdempotent: false, end: { ok: true, value: 1 } };
  expect(seen).toEqual([call]);
  expect(current(host, 'shadowed')).toBe('1.0.0');
});

test('without calls to mirror, time ends the shadow, and nothing is held against the candidate', async () => {
  await using host = await open(judgeWith());
  await install(host, 'quiet');
  const ended = await endOf(host, await upgrade(host, 'quiet', { shadow: { share: 1, for_ms: 0 }, wait_ms: 0 }));
  expect(ended.changes.map(({ state }) => state)).toEqual(['queued', 'evaluating', 'shadow', 'canary', 'adopted']);
});

test('a canary that the ledger shows to be worse goes back before the end is stored', async () => {
  const judgeLive: ReleaseJudge['judgeLive'] = ({ pairs }) =>
    pairs.only_baseline >= 2 ? { verdict: 'worse', reason: `${pairs.only_baseline} calls were rescued` } : UNSETTLED;
  await using host = await open(judgeWith({ judgeLive }));
  await install(host, 'degrading', toolsSource({ version: `throw new Error('worn out');` }));
  const begun = await upgrade(host, 'degrading', { shadow: { share: 0 }, wait_ms: 600_000 });
  await expect.poll(() => current(host, 'degrading'), { timeout: 30_000 }).toBe('2.0.0');
  for (const _ of [1, 2, 3]) {
    const outcome = await host.call({ plugin: 'degrading', tool: 'version', ...acme });
    expect(outcome).toMatchObject({ ok: true, value: 1, call: { version: '1.0.0' } });
  }
  const ended = await endOf(host, begun);
  expect(ended.state).toBe('rolled_back');
  expect(ended.changes.at(-1)?.reason).toMatch(/^\d calls were rescued$/);
  expect(host.registrations.releases('degrading', acme)).toMatchObject({
    current: '1.0.0',
    moves: [{ kind: 'automatic_rollback', reason: ended.changes.at(-1)?.reason }, { kind: 'canary' }],
  });
});

test('a candidate that does not load in its place is never moved to', async () => {
  await using host = await open(judgeWith());
  await install(host, 'broken', `${toolsSource({ version: 'return 2;' })}\nthrow new Error('no weights');`);
  const ended = await endOf(host, await upgrade(host, 'broken'));
  expect(ended).toMatchObject({
    state: 'rolled_back',
    reasons: [expect.stringMatching(/^TRIAL_FAILED/), ADOPT.reasons[0]],
  });
  expect(host.registrations.releases('broken', acme)).toMatchObject({ current: '1.0.0', moves: [] });
});

test('whoever moves the tenant elsewhere ends the evaluation, and is not moved back', async () => {
  await using host = await open(judgeWith());
  await install(host, 'moved');
  const begun = await upgrade(host, 'moved', { shadow: { share: 0 }, wait_ms: 600_000 });
  await expect.poll(() => current(host, 'moved'), { timeout: 30_000 }).toBe('2.0.0');
  await host.registrations.rollback('moved', { ...acme, by: 'token 9' });
  const ended = await endOf(host, begun);
  expect(ended.state).toBe('cancelled');
  expect(ended.changes.at(-1)?.reason).toBe('the tenant was moved to 1.0.0 by token 9');
});

test('an evaluation is ended while it compares: the judge hears of it, and the end is stored once', async () => {
  let heard: unknown;
  const started = Promise.withResolvers<void>();
  const compare: ReleaseJudge['compare'] = async (trial) => {
    trial.signal.addEventListener('abort', () => (heard = trial.signal.reason));
    started.resolve();
    return untilAborted(trial);
  };
  await using host = await open(judgeWith({ compare }));
  await install(host, 'ended');
  const begun = await upgrade(host, 'ended');
  await started.promise;
  expect(await host.gate.cancel(begun.id, 'token 2')).toMatchObject({ state: 'cancelled' });
  expect(heard).toBeInstanceOf(Error);
  await expect(host.gate.cancel(begun.id, 'token 2')).rejects.toMatchObject({ code: 'EVALUATION_ENDED' });
});

test('of one registration one evaluation is under way, and what could not begin is refused at once', async () => {
  await using host = await open(judgeWith({ compare: untilAborted }));
  await install(host, 'once');
  const first = await upgrade(host, 'once');
  const rollout = { plugin: 'once', version: '2.0.0', kind: 'rollout' } as const;
  for (const other of [upgrade(host, 'once'), host.gate.begin(rollout)])
    await expect(other).rejects.toMatchObject({
      code: 'EVALUATION_RUNNING',
      message: expect.stringContaining(first.id),
    });
  await host.gate.cancel(first.id, 'host');
  const refused = [
    [upgrade(host, 'once', { policy: 'none' }), /^policy: there is no policy "none"/],
    [upgrade(host, 'once', { cases: 0 }), /^cases is 0; expected/],
    [upgrade(host, 'once', { shadow: { share: 2 } }), /^shadow\.share is 2; expected/],
    [upgrade(host, 'once', { wait_ms: -1 }), /^wait_ms is -1; expected/],
    [host.gate.begin({ ...rollout, version: '1.0.0' }), /^version is 1\.0\.0, which is what every tenant/],
  ] as const;
  for (const [begin, message] of refused)
    await expect(begin).rejects.toMatchObject({ code: 'VALIDATION_FAILED', message: expect.stringMatching(message) });
  await host.registrations.disable('once', acme);
  await expect(upgrade(host, 'once')).rejects.toMatchObject({ code: 'PLUGIN_DISABLED' });
});

test('a host that comes back goes on from the state that was reached', async () => {
  const shared = createSharedStorage();
  let compared = 0;
  const judge = judgeWith({
    compare: async () => {
      compared += 1;
      return ADOPT;
    },
  });
  let begun: Evaluation;
  {
    await using host = await open(judge, shared.ofNode());
    await install(host, 'resumed');
    begun = await upgrade(host, 'resumed', { shadow: { share: 0 }, wait_ms: 2_000 });
    await expect.poll(() => current(host, 'resumed'), { timeout: 30_000 }).toBe('2.0.0');
  }
  await using host = await open(judge, shared.ofNode());
  expect(await endOf(host, begun)).toMatchObject({ state: 'adopted' });
  expect(compared).toBe(1);
  expect(host.registrations.releases('resumed', acme).moves).toMatchObject([{ kind: 'canary' }]);
});

test('calls of every node are served and counted, and a node that has gone is replaced by another', async () => {
  const shared = createSharedStorage();
  const judgeLive: ReleaseJudge['judgeLive'] = ({ pairs }) =>
    pairs.only_baseline >= 5 ? { verdict: 'worse', reason: `${pairs.only_baseline} calls were rescued` } : UNSETTLED;
  await using other = await open(judgeWith({ judgeLive }), shared.ofNode());
  let begun: Evaluation;
  {
    await using host = await open(judgeWith({ judgeLive }), shared.ofNode());
    await install(host, 'nodes', toolsSource({ version: `throw new Error('worn out');` }));
    begun = await upgrade(host, 'nodes', { shadow: { share: 0 }, wait_ms: 600_000 });
    await expect.poll(() => current(other, 'nodes'), { timeout: 30_000 }).toBe('2.0.0');
    const outcome = await other.call({ plugin: 'nodes', tool: 'version', ...acme });
    expect(outcome).toMatchObject({ ok: true, value: 1, call: { version: '1.0.0' } });
  }
  for (const _ of [1, 2, 3, 4, 5]) {
    const outcome = await other.call({ plugin: 'nodes', tool: 'version', ...acme });
    expect(outcome).toMatchObject({ ok: true, value: 1 });
  }
  const ended = await endOf(other, begun);
  expect(ended.state).toBe('rolled_back');
  expect(ended.node).not.toBe(begun.node);
  expect(current(other, 'nodes')).toBe('1.0.0');
});

test('required evidence without a judge would keep every release out, so that the host does not open', async () => {
  await expect(openTestHost({ guard: 'required' })).rejects.toMatchObject({ code: 'GUARD_NOT_INSTALLED' });
});
