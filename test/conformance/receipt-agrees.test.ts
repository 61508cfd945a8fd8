/**
 * The receipt says which layers hold. Two witnesses that know nothing of the self-test look for themselves: a plugin, by
 * what a plugin can reach; and a probe for which the import rule is lifted, by what is below that rule.
 */
import { createHost } from '@bulkhead/host';
import type { Receipt, Tier } from '@bulkhead/protocol';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../packages/host/src/base/clock.ts';
import { silentLog } from '../../packages/host/src/base/log.ts';
import { openProcessSandbox } from '../../packages/host/src/sandbox/process/open-process-sandbox.ts';
import { installableFolder } from '../chaos/matrix/hostile-folders.ts';
import { openScratch, writeFiles, type Scratch } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';

const built = (name: string): string => fileURLToPath(new URL(`../../packages/host/dist/${name}`, import.meta.url));
const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/bulkhead.js', import.meta.url));
const run = promisify(execFile);
const MEMORY_MB = 96;

/** What there is to be found; all of it can be reached by this process, so that a refusal is a refusal. */
type Target = {
  readonly secret: string;
  readonly folder: string;
  readonly port: number;
  readonly unix: string;
  readonly abstract: string;
};

let scratch: Scratch;
let servers: readonly Server[];
let target: Target;

beforeAll(async () => {
  scratch = await openScratch('witness', 0o777);
  await writeFiles(scratch.path, { secret: 'a secret' });
  const unix = join(scratch.path, 'socket');
  const abstract = `witness-${process.pid}`;
  servers = await Promise.all([{ port: 0, host: '127.0.0.1' }, { path: unix }, { path: `\0${abstract}` }].map(listen));
  const address = servers[0]?.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  target = { secret: join(scratch.path, 'secret'), folder: scratch.path, port, unix, abstract };
});

afterAll(async () => {
  for (const server of servers) server.close();
  await scratch[Symbol.asyncDispose]();
});

async function listen(options: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy()).listen(options);
  await once(server, 'listening');
  return server;
}

describe.each(await tiersHere())('at tier %s', (tier: Tier) => {
  test('a plugin reaches no file, no process, no child and no network', async () => {
    await using host = await createHost({ tierMax: tier });
    await host.install(await installableFolder('look-for-authority', scratch.path));
    const { port, unix, abstract, secret } = target;
    const params = { port, unix, abstract, secret };
    const outcome = await host.call({ plugin: 'look-for-authority', tool: 'attack', params });
    expect(outcome).toMatchObject({ ok: true, value: { network: [], files: [], processes: [], children: [] } });
  });

  test('a probe without the import rule finds refused exactly what the receipt says holds', async () => {
    const { receipt, found } = await witness(tier);
    const layers = Object.keys(found);
    const claimed = receipt.layers.filter(({ name }) => layers.includes(name));
    expect(claimed).toHaveLength(layers.length);
    const seen = layers.map((name) => ({ name, holds: found[name]?.length === 0, obtained: found[name] }));
    const said = layers.map((name) => ({ name, holds: claimed.find((layer) => layer.name === name)?.holds }));
    expect(seen.map(({ name, holds }) => ({ name, holds }))).toEqual(said);
  });
});

test('what doctor prints, and the receipt of a host’s plugins, is what the probe finds', async () => {
  const { found } = await witness('jail');
  const { stdout } = await run(process.execPath, [COMMAND, 'doctor', '--json']);
  const printed = JSON.parse(stdout) as Receipt; // The command's documented form.
  await using host = await createHost();
  for (const receipt of [printed, host.receipt]) {
    expect(receipt.tier).toBe(printed.tier);
    const held = receipt.layers.filter(({ name }) => name in found).map(({ name, holds }) => [name, holds]);
    expect(Object.fromEntries(held)).toEqual(
      Object.fromEntries(Object.entries(found).map(([name, obtained]) => [name, obtained.length === 0])),
    );
  }
});

type Found = Readonly<Record<string, readonly string[]>>;

/** Runs the probe in a guest that is started exactly as a plugin's is. */
async function witness(tierMax: Tier): Promise<{ readonly receipt: Receipt; readonly found: Found }> {
  const sandbox = await openProcessSandbox({
    clock: systemClock,
    log: silentLog,
    guestPath: built('guest.cjs'),
    probePath: built('probe.js'),
    spareCount: 0,
    tierMax,
    onOpened: () => undefined,
    onDropped: () => undefined,
    onSaid: () => undefined,
  });
  try {
    const opening = await sandbox.driver.open({
      shape: { memoryMb: MEMORY_MB },
      cpuMsMax: 60_000,
      binding: {
        kind: 'probe',
        name: 'witness',
        version: '1.0.0',
        tenant: 'default',
        manifest: {},
        config: {},
        artifact: await readFile(new URL('../../fixtures/hostile/independent-probe.js', import.meta.url)),
        outputBytesMax: 1024 * 1024,
        initTimeoutMs: 10_000,
        closeGraceMs: 2_000,
      },
    });
    if (!opening.ok) throw new Error(opening.error.message);
    const reply = await opening.sandbox.run({
      target: 'export',
      name: 'default',
      args: [{ ...target, ...(await describeHost()), memoryMb: MEMORY_MB }],
      deadline: systemClock.now() + 30_000,
      timeoutMs: 30_000,
      isFullTime: true,
      signal: undefined,
    });
    await opening.sandbox.close();
    if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
    return { receipt: sandbox.receipt, found: reply.value as Found }; // The probe's own form.
  } finally {
    await sandbox.close();
  }
}

async function describeHost(): Promise<{ readonly pid: number; readonly startTime: string; readonly uid: number }> {
  const stat = await readFile('/proc/self/stat', 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid: process.pid, startTime, uid: process.getuid?.() ?? -1 };
}
