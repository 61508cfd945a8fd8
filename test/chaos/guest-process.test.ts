/**
 * Rows of the faults table that are about the guest's process itself, seen from the host's side of the wall: what the
 * kernel says of it, what becomes of a call when it is killed from outside, and how it ends.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseTier } from '@bulkhead/protocol';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { liveGuest, openWith, statusOf } from '../support/live-guest.ts';
import { guestsOf, isWorkshop, processesWith } from '../support/remains.ts';
import { tiersHere } from '../support/tiers.ts';
import { until } from '../support/until.ts';
import { endingOf } from './matrix/observe-attack.ts';

/** Fields of /proc/PID/stat after the command name: 3 is the session, 4 the terminal (proc_pid_stat(5)). */
async function statOf(pid: number | 'self'): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function openFiles(pid: number | 'self'): Promise<ReadonlyMap<number, string>> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = names.map(
    async (name) => [Number(name), await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')] as const,
  );
  return new Map(await Promise.all(links));
}

describe.each(await tiersHere())('at tier %s', (tier) => {
  test('[FAULTS-27] [FAULTS-64] [FAULTS-66] a guest has no capability, no terminal, and is the first to go', async () => {
    await using own = await openWith(tier, 'good-neighbour');
    const { inner } = await liveGuest(own, 'good-neighbour');
    const [ownStat, guestStat] = await Promise.all([statOf('self'), statOf(inner)]);
    expect({
      capabilities: await statusOf(inner, 'CapEff'),
      permitted: await statusOf(inner, 'CapPrm'),
      ambient: await statusOf(inner, 'CapAmb'),
      noNewPrivileges: await statusOf(inner, 'NoNewPrivs'),
      oomScore: (await readFile(`/proc/${inner}/oom_score_adj`, 'utf8')).trim(),
      sharesSession: guestStat[3] === ownStat[3],
      terminal: guestStat[4],
    }).toEqual({
      capabilities: '0000000000000000',
      permitted: '0000000000000000',
      ambient: '0000000000000000',
      noNewPrivileges: '1',
      oomScore: '1000',
      sharesSession: false,
      terminal: '0',
    });
  });

  test('[FAULTS-34] [FAULTS-35] [FAULTS-30] a guest’s kernel limits bound files, file sizes, cores and data', async () => {
    await using own = await openWith(tier, 'good-neighbour');
    const { inner } = await liveGuest(own, 'good-neighbour');
    const limits = await readFile(`/proc/${inner}/limits`, 'utf8');
    const hard = (name: string): string | undefined => new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1];
    expect([hard('Max open files'), hard('Max file size'), hard('Max core file size')]).toEqual(['64', '8388608', '0']);
    expect(Number(hard('Max data size'))).toBeLessThan(2 * 1024 ** 3);
  });

  test('[FAULTS-40] a guest holds no file of the host', async () => {
    await using own = await openWith(tier, 'good-neighbour');
    const { inner } = await liveGuest(own, 'good-neighbour');
    const [hosts, guests] = await Promise.all([openFiles('self'), openFiles(inner)]);
    const isShared = (target: string): boolean => target !== '/dev/null' && [...hosts.values()].includes(target);
    const named = [...guests.values()].filter((target) => target.startsWith('/') && target !== '/dev/null');
    // Besides its own: what the kernel gives every event loop has no name that two processes share.
    const shared = [...guests.values()].filter((target) => /^(socket|pipe):/.test(target) && isShared(target));
    // Its standard input is its end of a connection of its own: the lifeline, to which the host never writes.
    const stdin = expect.stringMatching(/^socket:/);
    expect({ named, shared, stdin: guests.get(0) }).toEqual({ named: [], shared: [], stdin });
  });

  test('[FAULTS-31] a native crash is the call’s outcome, with its signal', async () => {
    await using own = await openWith(tier, 'never-settles');
    const { inner } = await liveGuest(own, 'never-settles');
    const call = own.host.call({ plugin: 'never-settles', tool: 'attack' });
    process.kill(inner, 'SIGSEGV');
    const outcome = await call;
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'crashed', code: 'GUEST_CRASHED' } });
    expect(outcome.ok ? '' : outcome.error.message).toContain('SIGSEGV');
  });

  test('[FAULTS-39] where the process that the host started is killed, everything below it goes too', async () => {
    await using own = await openWith(tier, 'never-settles');
    const { outer } = await liveGuest(own, 'never-settles');
    const call = own.host.call({ plugin: 'never-settles', tool: 'attack' });
    process.kill(outer, 'SIGKILL');
    expect(endingOf(await call)).toEqual({ kind: 'crashed', code: 'GUEST_CRASHED' });
    expect(
      await until(
        () => guestTree(own.token),
        (left) => left.length === 0,
        1_000,
      ),
    ).toEqual([]);
    expect(await own.host.call({ plugin: 'never-settles', tool: 'ping' })).toMatchObject({ ok: true });
  });

  test('[FAULTS-8] a plugin that will not end is killed after its grace of 2 s', async () => {
    await using own = await openWith(tier, 'ignore-shutdown');
    await liveGuest(own, 'ignore-shutdown');
    const startedAt = performance.now();
    await own.host.uninstall('ignore-shutdown');
    const tookMs = performance.now() - startedAt;
    expect(await guestsOf(own.token)).toEqual([]);
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(3_000);
    expect(own.host.health('ignore-shutdown')).toBeUndefined();
  });

  test('[FAULTS-7] a crash loop is held back, probed once the backoff is over, and freed by a reload', async () => {
    await using own = await openWith(tier, 'exit-now');
    const attack = (): Promise<unknown> =>
      own.host.call({ plugin: 'exit-now', tool: 'attack', params: { code: 1 } }).then(endingOf);
    const exited = { kind: 'crashed', code: 'GUEST_EXITED' };
    expect([await attack(), await attack(), await attack()]).toEqual([exited, exited, exited]);
    const held = await own.host.call({ plugin: 'exit-now', tool: 'ping' });
    expect(held).toMatchObject({ ok: false, error: { kind: 'breaker_open', code: 'BREAKER_OPEN' } });
    expect(own.host.health('exit-now')).toMatchObject({ state: 'FAILED', error_count: 3, breaker: 'open' });
    expect(await guestsOf(own.token)).toEqual([]);
    await until(
      () => own.host.health('exit-now')?.breaker,
      (state) => state === 'half_open',
    );
    expect(await attack()).toEqual(exited);
    expect(own.host.health('exit-now')).toMatchObject({ error_count: 4, breaker: 'open' });
    await own.host.reload('exit-now');
    expect(await own.host.call({ plugin: 'exit-now', tool: 'ping' })).toMatchObject({ ok: true });
    expect(own.host.health('exit-now')).toMatchObject({ state: 'INITIALIZED', breaker: 'closed' });
  });

  test('[FAULTS-9] a slow leak costs a guest now and then, and never a call', async () => {
    await using own = await openWith(tier, 'leak-slowly');
    const endings = new Set<string>();
    const instances = new Set<string | null>();
    for (let call = 0; call < 100; call += 1) {
      const outcome = await own.host.call({ plugin: 'leak-slowly', tool: 'attack', params: { megabytes: 2 } });
      endings.add(outcome.ok ? 'ok' : outcome.error.code);
      instances.add(outcome.call.instance_id);
      // 80 MiB a second: what fills the budget between two samples is no slow leak, and rows 20 to 22 are about it.
      await pause(25);
    }
    expect([...endings]).toEqual(['ok']);
    expect(instances.size).toBeGreaterThan(1);
    expect(own.host.health('leak-slowly')).toMatchObject({ success_count: 100, error_count: 0, breaker: 'closed' });
  });

  test('[FAULTS-54] a guest that dies after its answer fails the plugin, and takes no call along', async () => {
    await using own = await openWith(tier, 'throw-after-reply');
    const outcome = await own.host.call({ plugin: 'throw-after-reply', tool: 'attack' });
    expect(outcome).toMatchObject({ ok: true, value: 'answered' });
    const health = await until(
      () => own.host.health('throw-after-reply'),
      (seen) => seen?.state === 'FAILED',
    );
    expect(health).toMatchObject({ state: 'FAILED', success_count: 1, error_count: 0, breaker: 'closed' });
    expect(health?.reason).toContain('GUEST_UNCAUGHT');
  });

  test('[FAULTS-37] what a plugin writes stays text: in the report, and in the host’s log', async () => {
    const records: { readonly fields: object; readonly message: string }[] = [];
    const keep = (fields: object, message: string): void => void records.push({ fields, message });
    await using own = await openWith(tier, 'forge-log', { debug: keep, info: keep, warn: keep, error: keep });
    const outcome = await own.host.call({ plugin: 'forge-log', tool: 'attack', tenant: 'acme' });
    const shown = 'first\n{"level":50,"tenant":"victim","msg":"forged"}reddlrow\n';
    expect([outcome.call.stdout, outcome.call.stderr]).toEqual([shown, shown]);
    const logged = records.filter(({ message }) => message.includes('first'));
    expect(logged).toHaveLength(1);
    expect(logged[0]?.fields).toMatchObject({ tenant: 'acme', plugin: 'forge-log' });
    expect(parseTier(own.host.receipt.tier)).toBe(tier);
  });
});

async function guestTree(token: string): Promise<readonly string[]> {
  return (await processesWith(token)).filter((each) => !isWorkshop(each)).map(({ command }) => command);
}
