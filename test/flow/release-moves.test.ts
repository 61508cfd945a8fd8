/**
 * Releases side by side on real databases and in real sandboxes: what a move leaves over a restart, an upgrade that the host
 * takes back, and a rollout that goes on.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { openStore } from '@bulkhead/store';
import { ENGINES, openTestServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openScratch } from '../support/scratch.ts';

// A first start of a database takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const acme = { tenant: 'acme' } as const;

describe.each(ENGINES)('on %s', (engine) => {
  const cleanup = new AsyncDisposableStack();
  let root: string;
  let url: string | undefined;
  beforeAll(async () => {
    root = cleanup.use(await openScratch('release-moves')).path;
    if (engine === 'postgres') url = await cleanup.use(await openTestServer()).createDatabase();
  });
  afterAll(() => cleanup.disposeAsync());

  /** Starts a host on what the one before has left. */
  const start = (): Promise<Host> => {
    const dataDir = join(root, 'data');
    const storage = () => openStore({ url, dataDir, log: { warn: () => undefined } });
    return createHost({ storage, dataDir, spareCount: 0, tierMax: 'process' });
  };

  /** Installs a version for a tenant; what it answers is its version, and `die` ends its guest. */
  async function install(host: Host, name: string, version: string, tenant = 'bystander'): Promise<void> {
    const dir = join(root, 'plugins', name);
    await mkdir(dir, { recursive: true });
    await writeFile(
      join(dir, 'plugin.json'),
      JSON.stringify({ name, version, description: 'A test’s.', author: 'Tests' }),
    );
    const tool = (tool: string, body: string): string =>
      `{ name: '${tool}', description: '${tool}', parameters: { type: 'object' }, execute() { ${body} } }`;
    const tools = [tool('version', `return '${version}';`), tool('die', 'process.exit(3);')];
    await writeFile(join(dir, 'main.ts'), `export default { tools: [${tools.join(', ')}] };`);
    await host.install(dir, { tenant });
  }

  const said = async (host: Host, plugin: string, tool = 'version', tenant = 'acme'): Promise<unknown> => {
    const outcome = await host.call({ plugin, tool, tenant });
    return outcome.ok ? outcome.value : outcome.error.code;
  };

  test('[F003-37, X003-6] moves are there after a restart, with their history, and so is the way back', async () => {
    {
      await using host = await start();
      await install(host, 'kept', '1.0.0', 'acme');
      await install(host, 'kept', '2.0.0');
      await host.registrations.upgrade('kept', { ...acme, version: '2.0.0', by: 'token 1' });
    }
    await using host = await start();
    expect(await said(host, 'kept')).toBe('2.0.0');
    const { moves } = host.registrations.releases('kept', acme);
    expect(moves).toMatchObject([{ kind: 'upgrade', from_version: '1.0.0', to_version: '2.0.0', actor: 'token 1' }]);
    await host.registrations.rollback('kept', acme);
    expect(await said(host, 'kept')).toBe('1.0.0');
  });

  test('an upgrade whose guests die again and again is taken back, also when the host was started anew since', async () => {
    {
      await using host = await start();
      await install(host, 'dying', '1.0.0', 'acme');
      await install(host, 'dying', '2.0.0');
      await host.registrations.upgrade('dying', { ...acme, version: '2.0.0' });
    }
    await using host = await start();
    for (const _ of [1, 2, 3]) expect(await said(host, 'dying', 'die')).toBe('GUEST_EXITED');
    await expect.poll(() => host.registrations.releases('dying', acme).current, { timeout: 30_000 }).toBe('1.0.0');
    expect(await said(host, 'dying')).toBe('1.0.0');
    expect(await said(host, 'dying', 'version', 'bystander')).toBe('2.0.0');
    expect(host.registrations.releases('dying', acme).moves[0]).toMatchObject({
      kind: 'automatic_rollback',
      actor: 'host',
      reason: expect.stringMatching(/^the breaker opened \d+ s after the upgrade to 2\.0\.0, last for GUEST_EXITED/),
    });
    for (const _ of [1, 2, 3]) await said(host, 'dying', 'die');
    expect(host.registrations.releases('dying', acme)).toMatchObject({ current: '1.0.0', moves: [{}, {}] });
  });

  test('a rollout goes on after a restart, and halts where the host takes an upgrade back', async () => {
    const tenants = ['a', 'b', 'c', 'd'];
    {
      await using host = await start();
      for (const tenant of tenants) await install(host, 'rolled', '1.0.0', tenant);
      await install(host, 'rolled', '2.0.0');
      const steps = [0.000_001, 0.000_002, 1];
      await host.registrations.rollout('rolled', { version: '2.0.0', steps, waitMs: 2_000, by: 'platform' });
      await expect.poll(() => host.registrations.rolloutOf('rolled')?.steps_done).toBe(1);
    }
    await using host = await start();
    const state = () => host.registrations.rolloutOf('rolled');
    await expect.poll(() => state()?.state, { timeout: 60_000 }).toBe('done');
    for (const tenant of tenants) expect(await said(host, 'rolled', 'version', tenant)).toBe('2.0.0');
    await install(host, 'rolled', '3.0.0');
    await host.registrations.rollout('rolled', { version: '3.0.0', steps: [0.999, 1], by: 'platform' });
    await expect.poll(() => state()?.steps_done, { timeout: 60_000 }).toBe(1);
    for (const _ of [1, 2, 3]) await said(host, 'rolled', 'die', 'a');
    await expect.poll(() => state()?.state, { timeout: 30_000 }).toBe('halted');
    expect(state()).toMatchObject({ reason: 'tenant a was rolled back by the host', steps_done: 1 });
  });
});
