import { createHost, holdDataDirectory, rotateStoredSecrets, type Host, type Rotation } from '@bulkhead/host';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../open-store.ts';
import { ENGINES, openTestServer } from '../testing/index.ts';

// Each kill opens the database twice.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

/** More than one commit of a rotation holds: it asks for rows, commits, asks, commits and asks. */
const SECRETS = 150;
const ASKS = 5;

describe.each(ENGINES)('a rotation on %s', (engine) => {
  let dir: string;
  let url: string | undefined;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bulkhead-rotation-test-'));
    cleanup.defer(() => rm(dir, { recursive: true }));
    if (engine === 'postgres') url = await cleanup.use(await openTestServer()).createDatabase();
    await using host = await openHost();
    const names = Array.from({ length: SECRETS }, (_, index) => `SECRET_${index}`);
    await host.install(await writePlugin(names), { tenant: 'default' });
    for (const name of names) await host.secrets.set('keeper', { name, value: `value of ${name}` });
  });
  afterAll(() => cleanup.disposeAsync());

  const dataDir = (): string => join(dir, 'data');
  const open = () => openStore({ url, dataDir: dataDir(), log: { warn: () => undefined } });
  const openHost = (): Promise<Host> =>
    createHost({ dataDir: dataDir(), storage: open, spareCount: 0, tierMax: 'process' });

  async function writePlugin(names: readonly string[]): Promise<string> {
    const plugin = join(dir, 'keeper');
    await mkdir(plugin);
    const secrets = Object.fromEntries(names.map((name) => [name, { hosts: ['a.example.com:443'] }]));
    const manifest = { name: 'keeper', version: '1.0.0', description: 'Keeps.', author: 'A test', secrets };
    await writeFile(join(plugin, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(plugin, 'main.js'), 'export default { tools: [] };');
    return plugin;
  }

  async function rotateUntil(fatalAsk: number): Promise<NodeJS.Signals | null> {
    const args = [dataDir(), String(fatalAsk), ...(url === undefined ? [] : [url])];
    const fixture = new URL('killed-rotation.fixture.ts', import.meta.url);
    const child = fork(fixture, args, { execArgv: ['--conditions=source'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]; // Node's own event.
    return signal;
  }

  /** Decrypts every secret, or fails: with a new key there is none that it may leave as it is. */
  async function rotateHere(): Promise<Rotation> {
    await using lock = new AsyncDisposableStack();
    lock.use(await holdDataDirectory(dataDir()));
    const storage = await open();
    lock.defer(() => storage.close());
    return await rotateStoredSecrets(storage, { dataDir: dataDir(), secretsKeys: [] }, 'test');
  }

  const keys = async (): Promise<readonly string[]> =>
    (await readFile(join(dataDir(), 'secrets.key'), 'utf8')).trimEnd().split('\n');

  test.each(Array.from({ length: ASKS }, (_, index) => index + 1))(
    'that is killed before it asks the storage for the thing number %i leaves every secret readable',
    async (fatalAsk) => {
      expect(await keys()).toHaveLength(1);
      expect(await rotateUntil(fatalAsk)).toBe('SIGKILL');
      expect(await keys()).toHaveLength(2);
      expect(await rotateHere()).toMatchObject({ secrets: SECRETS });
      expect(await keys()).toHaveLength(1);
    },
  );

  test('that nobody kills ends, and a host finds every secret set', async () => {
    const before = await keys();
    expect(await rotateUntil(ASKS + 1)).toBe(null);
    expect(await keys()).not.toEqual(before);
    await using host = await openHost();
    expect(host.secrets.list('keeper').filter(({ is_set }) => is_set)).toHaveLength(SECRETS);
    expect(await host.audit.verify()).toMatchObject({ ok: true });
  });
});
