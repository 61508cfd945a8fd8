/**
 * For tests: a guest process without a sandbox whose program is the test's own, so that it can say and do on its channel
 * what no plugin can. It is started, watched and ended as every guest is.
 */
import { LIMITS, type Tier } from '@bulkhead/protocol';
import { systemClock } from '../../base/clock.ts';
import type { SandboxOpening } from '../sandbox.ts';
import { createPathHider } from './clean-text.ts';
import { spawnGuest } from './guest-handle.ts';
import type { GuestBinding } from './guest-binding.ts';
import { GuestProcess, type GuestProcessOptions } from './guest-process.ts';
import type { PreparedLaunch } from './launcher.ts';
import type { GuestLogLine } from './plugin-log.ts';

/** What a program has at hand: it is CommonJS, and these are in scope. */
const PRELUDE = `
  const fs = require('node:fs');
  const net = require('node:net');
  const channel = new net.Socket({ fd: 3, readable: true, writable: true });
  channel.on('error', () => process.exit(0)).on('close', () => process.exit(0));
  const bytes = (payload, kind = 1, length = payload.length) => {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(length);
    header[4] = kind;
    return Buffer.concat([header, Buffer.from(payload)]);
  };
  const say = (message) => channel.write(bytes(JSON.stringify(message)));
  const hello = () => say({ t: 'hello', protocol: 1, node: process.version });
  const READY = { t: 'ready', metadata: {}, tools: [], hooks: [], exports: ['x'], has_health_check: false };
  const ready = (change) => say({ ...READY, ...change });
  let held = Buffer.alloc(0);
  const heard = { bind: () => ready(), raw: () => undefined, call: () => undefined, abort: () => undefined, close: () => process.exit(0), config: () => undefined };
  const listen = () => channel.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(0)) {
      const payload = held.subarray(5, 5 + held.readUInt32BE(0));
      const kind = held[4];
      held = held.subarray(5 + payload.length);
      if (kind === 2) heard.raw(payload);
      else for (const message of [JSON.parse(payload.toString())].flat()) heard[message.t](message);
    }
  });
`;

/** Starts a guest that runs this program. */
export function startRawGuest(program: string, change: Partial<GuestProcessOptions> = {}): GuestProcess {
  const spawned = spawnGuest(launchOf(program));
  if (!spawned.ok) throw new Error('the test program could not be started');
  const tier: Tier = 'process';
  return new GuestProcess({
    instanceId: 'raw',
    tier,
    handle: spawned.handle,
    clock: systemClock,
    memoryMb: 64,
    bootTimeoutMs: 5_000,
    hidePaths: createPathHider(new Map([[process.execPath, 'node']])),
    wasOutOfMemory: () => false,
    onDropped: () => undefined,
    ...change,
  });
}

/** A launch of that program, with nothing of a sandbox. */
export function launchOf(program: string): PreparedLaunch {
  return {
    file: process.execPath,
    args: ['-e', `${PRELUDE}\n${program}`],
    env: {},
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    statusFd: undefined,
    uid: undefined,
    didSpawn: () => undefined,
    release: () => undefined,
    wasOutOfMemory: () => false,
  };
}

/** Binds an empty plugin. */
export function bindRaw(guest: GuestProcess, change: Partial<GuestBinding> = {}): Promise<SandboxOpening> {
  return guest.bind({
    kind: 'plugin',
    name: 'raw',
    version: '1.0.0',
    tenant: 'acme',
    manifest: {},
    config: {},
    artifact: Buffer.from('//'),
    outputBytesMax: 1024 * 1024,
    initTimeoutMs: 5_000,
    closeGraceMs: LIMITS.shutdown_grace_ms.value,
    ...change,
  });
}

/** Starts a program that is bound at once; `logged` gets its log lines. */
export async function openRawGuest(
  program: string,
  change: Partial<GuestProcessOptions> & { readonly logged?: GuestLogLine[] } = {},
): Promise<GuestProcess> {
  const guest = startRawGuest(`hello(); listen(); ${program}`, change);
  guest.logTo((line) => void change.logged?.push(line));
  await guest.booted;
  const opening = await bindRaw(guest);
  if (!opening.ok) throw new Error(`the raw guest did not open: ${opening.error.message}`);
  return guest;
}
