import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

/** Told to the host and to be found nowhere in a guest. */
const VALUE = 'canary-7fd1c0a94b6e8835-value';
const SECRETS = { API_KEY: { hosts: ['api.example.com:443'] }, OTHER_KEY: { hosts: ['api.example.com:443'] } };
const TOOLS = toolsSource({
  look: `const { secrets } = context; let frozen = Object.isFrozen(secrets);
    try { secrets.API_KEY = 'mine'; frozen = false; } catch { /* It is strict code, so that this throws. */ }
    return { secrets, frozen, loaded, pid: process.pid };`,
});
const SOURCE = `let loaded: unknown;
  ${TOOLS.replace('export default {', 'export default { onLoad(context: any) { loaded = context.secrets; },')}`;

let folders: PluginFolders;
beforeAll(async () => {
  folders = await createPluginFolders();
  const asks = { secrets: SECRETS, required_permissions: ['secrets'] };
  await folders.write('weather', SOURCE, asks);
  await folders.write('climate', SOURCE, asks);
  await folders.write('unasked', SOURCE, { secrets: SECRETS });
  await folders.write('pool', SOURCE, { ...asks, sandbox: { scope: 'shared' } });
});
afterAll(() => folders[Symbol.asyncDispose]());

type Seen = Readonly<Record<string, string>>;
type Look = { readonly secrets: Seen; readonly frozen: boolean; readonly loaded: Seen; readonly pid: number };

/** A host with a plugin enabled for some tenants, whose secrets are all set. */
async function openWith(plugin: string, tenants: readonly string[]): Promise<Host> {
  const host = await openTestHost({ sharedPlugins: ['pool'] });
  await add(host, plugin, tenants);
  return host;
}

async function add(host: Host, plugin: string, tenants: readonly string[]): Promise<void> {
  await host.install(`${folders.root}/${plugin}`);
  const grant = plugin === 'unasked' ? [] : ['secrets'];
  for (const tenant of tenants) {
    await host.registrations.enable(plugin, { tenant, grant });
    for (const name of Object.keys(SECRETS))
      await host.secrets.set(plugin, { name, value: `${VALUE} of ${name}` }, { tenant });
  }
}

const look = (host: Host, plugin: string, tenant = 'acme'): Promise<Look> =>
  askTool<Look>(host, 'look', { plugin, tenant });

test('a plugin sees a placeholder for each of its secrets, frozen, from onLoad on [DESIGN 8]', async () => {
  await using host = await openWith('weather', ['acme']);
  const { secrets, frozen, loaded } = await look(host, 'weather');
  const placeholder = expect.stringMatching(/^bulkhead_secret_[0-9a-f]{39}$/);
  expect(secrets).toEqual({ API_KEY: placeholder, OTHER_KEY: placeholder });
  expect([frozen, loaded]).toEqual([true, secrets]);
});

test('no two tenants, plugins or names have the same, and a call never sees another tenant’s', async () => {
  await using host = await openWith('weather', ['acme', 'rival']);
  await add(host, 'climate', ['acme']);
  const seen = [await look(host, 'weather'), await look(host, 'weather', 'rival'), await look(host, 'climate')];
  expect(new Set(seen.flatMap(({ secrets }) => Object.values(secrets))).size).toBe(6);
});

test('a plugin that does not ask for secrets sees none, whatever it declares', async () => {
  await using host = await openWith('unasked', ['acme']);
  expect(await look(host, 'unasked')).toMatchObject({ secrets: {}, loaded: {} });
});

test('an instance that serves all tenants sees none outside of calls, and in a call its tenant’s', async () => {
  await using host = await openWith('pool', ['acme', 'rival']);
  const [mine, theirs] = [await look(host, 'pool'), await look(host, 'pool', 'rival')];
  expect([mine.loaded, theirs.loaded]).toEqual([{}, {}]);
  expect(new Set([mine, theirs].flatMap(({ secrets }) => Object.values(secrets))).size).toBe(4);
  expect([mine.frozen, theirs.frozen]).toEqual([true, true]);
});

test('a new value changes nothing for the plugin; a secret that is removed ends the instances that saw it', async () => {
  await using host = await openWith('weather', ['acme']);
  const first = await look(host, 'weather');
  const instances = async () => (await host.debug('weather', { tenant: 'acme', isPlatform: true })).instances;
  const [before] = await instances();
  await host.secrets.set('weather', { name: 'API_KEY', value: 'another' }, { tenant: 'acme' });
  expect((await look(host, 'weather')).secrets).toEqual(first.secrets);
  expect((await instances()).map(({ instance_id }) => instance_id)).toEqual([before?.instance_id]);
  await host.secrets.remove('weather', 'API_KEY', { tenant: 'acme' });
  await expect.poll(instances).toEqual([]);
  expect(await look(host, 'weather')).toMatchObject({ failed: { code: 'SECRET_MISSING' } });
});

test(
  'a value is in nothing that is sent to a guest, and nowhere in a guest’s memory',
  { timeout: 60_000 },
  async () => {
    const sent = recordSent();
    try {
      await using host = await openWith('weather', ['acme']);
      const { secrets, pid } = await look(host, 'weather');
      const places = [sent.all(), memoryOf(pid)];
      for (const bytes of places) {
        expect(bytes.includes(secrets['API_KEY'] ?? '')).toBe(true); // So the search would have found it.
        for (const form of formsOf(VALUE)) expect(bytes.includes(form)).toBe(false);
      }
    } finally {
      sent.stop();
    }
  },
);

/** The value's first 24 characters as text, UTF-16, hexadecimal and Base64; whole groups of three bytes, so that Base64 has no tail. */
function formsOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value.slice(0, 24));
  const texts = [bytes.toString('hex'), bytes.toString('base64')].map((text) => Buffer.from(text));
  return [bytes, Buffer.from(bytes.toString(), 'utf16le'), ...texts];
}

/** Keeps a copy of all that this process writes to its sockets, the channels of guests among them. */
function recordSent(): { readonly all: () => Buffer; readonly stop: () => void } {
  const chunks: Buffer[] = [];
  const sockets = Socket.prototype as unknown as { write: (data: string | Uint8Array, ...more: unknown[]) => boolean };
  const write = Reflect.get(sockets, 'write');
  sockets.write = function record(this: unknown, data, ...more) {
    chunks.push(Buffer.from(data)); // A copy: its owner may use it again.
    return Reflect.apply(write, this, [data, ...more]);
  };
  return { all: () => Buffer.concat(chunks), stop: () => void (sockets.write = write) };
}

/** What a process can write to in its memory, which is where everything is that it was ever told. */
function memoryOf(pid: number): Buffer {
  const regions = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return Buffer.concat(
      [...regions].map(([, from = '', to = '']) => readRegion(memory, BigInt(`0x${from}`), BigInt(`0x${to}`))),
    );
  } finally {
    closeSync(memory);
  }
}

function readRegion(memory: number, from: bigint, to: bigint): Buffer {
  const bytes = Buffer.alloc(Number(to - from));
  try {
    return bytes.subarray(0, readSync(memory, bytes, 0, bytes.length, from));
  } catch {
    return Buffer.alloc(0); // The kernel's own, such as what it maps for the clock.
  }
}
