import { LIMITS, TIERS, type JsonObject } from '@bulkhead/protocol';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callOf } from '../conformance-fixture.ts';
import type { Sandbox, SandboxReply } from '../sandbox.ts';
import { JAILED_TEMP_DIR, tierObstacle } from './command.ts';
import { openLaunchFixture } from './launch-fixture.ts';
import { missingForTier } from './receipt.ts';
import { openSandboxFixture, type PluginUnderTest, type SandboxFixture } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

/** Tools that are bodies of async functions; `attempt` answers what a body gives, or the code of what it throws. */
const SOURCE = `
import * as fs from 'node:fs';
const attempt = (body) => { try { return body() ?? 'done'; } catch (error) { return error.code ?? error.message; } };
const tool = (name, body) => ({ name, description: name, parameters: { type: 'object' }, execute: async (params, context) => body(params, context.tempDir, context) });
export const main = { default: { tools: [
  tool('where', (params, dir) => ({ dir, found: fs.readdirSync(dir) })),
  tool('write', ({ path, bytes = 1 }, dir) => attempt(() => fs.writeFileSync(dir + path, Buffer.alloc(bytes)))),
  tool('read', ({ path }, dir) => attempt(() => fs.readFileSync(path.replace('DIR', dir), 'utf8').length)),
  tool('list', ({ path }) => attempt(() => fs.readdirSync(path).length)),
  tool('link', ({ to }, dir) => [attempt(() => fs.symlinkSync(to, dir + '/soft')), attempt(() => fs.linkSync(to, dir + '/hard'))]),
  tool('fill', async ({ count, bytes, wait = 5000 }, dir) => {
    try { for (let i = 0; i < count; i += 1) fs.writeFileSync(dir + '/' + i, Buffer.alloc(bytes)); } catch (error) { return error.code; }
    await new Promise((resolve) => setTimeout(resolve, wait));
    return 'filled';
  }),
  tool('hidden', async ({ count, bytes }, dir) => {
    for (let i = 0; i < count; i += 1) {
      const fd = fs.openSync(dir + '/hidden', 'w');
      fs.unlinkSync(dir + '/hidden');
      fs.writeSync(fd, Buffer.alloc(bytes));
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
    return 'hidden';
  }),
  tool('lock', async (params, dir) => { fs.chmodSync(dir, 0); await new Promise((resolve) => setTimeout(resolve, 3000)); return 'locked'; }),
  tool('mess', (params, dir) => {
    fs.mkdirSync(dir + '/a/b/c', { recursive: true });
    fs.writeFileSync(Buffer.concat([Buffer.from(dir + '/a/'), Buffer.from([0xff, 0x0a, 0x20])]), 'x');
    fs.writeFileSync(dir + '/a/b/c/read-only', 'x', { mode: 0o400 });
    fs.chmodSync(dir + '/a/b', 0);
    return 'made';
  }),
] } };`;

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);

describe.each(TIERS_HERE)('a temp folder at tier %s', (tier) => {
  let fixture: SandboxFixture;
  beforeAll(async () => {
    fixture = await openSandboxFixture(tier);
  });
  afterAll(() => fixture.close());

  const isInMemory = tier === 'jail' && toolset.bwrapOptions.has('--size');
  const open = (plugin: PluginUnderTest = {}): Promise<Sandbox> => opened(fixture, { hasTempDir: true, ...plugin });
  const folders = (): readonly string[] => readdirSync(join(fixture.sandbox.runDirectory.path, 'temp'));

  test('is empty, the instance’s own, writable, and gone with it [DESIGN 8][F000-46]', async () => {
    const [one, other] = await Promise.all([open(), open({ tenant: 'rival' })]);
    const [at, elsewhere] = await Promise.all([ask(one, 'where'), ask(other, 'where')]);
    expect(at).toEqual({
      dir: isInMemory ? JAILED_TEMP_DIR : expect.stringMatching(/\/temp\/[0-9a-f]{16}$/),
      found: [],
    });
    if (!isInMemory) expect(elsewhere).not.toEqual(at);
    expect(folders().length).toBe(isInMemory ? 0 : 2);
    expect(await ask(one, 'write', { path: '/mine' })).toBe('done');
    expect(await ask(one, 'read', { path: 'DIR/mine' })).toBe(1);
    expect(await ask(other, 'where')).toEqual(elsewhere);
    await Promise.all([one.close(), other.close()]);
    await expect.poll(folders).toEqual([]);
  });

  test('lets nothing be written beside it, and nothing else be read [FAULTS 35][FAULTS 58]', async () => {
    const [guest, other] = await Promise.all([open(), open({ tenant: 'rival' })]);
    const { dir } = await ask<{ dir: string }>(other, 'where');
    await ask(other, 'write', { path: '/theirs' });
    const refused = ['ERR_ACCESS_DENIED', 'ENOENT'];
    for (const path of ['/../beside', 'beside', '/../../owner.json', '/../../../../../tmp/beside'])
      expect(refused).toContain(await ask(guest, 'write', { path }));
    const readable = ['/etc/passwd', '/proc/self/environ', '/proc/self/fd/3', process.execPath, import.meta.filename];
    for (const path of [...readable, 'DIR/../../owner.json'])
      expect(await ask(guest, 'read', { path })).toBe('ERR_ACCESS_DENIED');
    for (const path of ['/', '/tmp', '/proc']) expect(await ask(guest, 'list', { path })).toBe('ERR_ACCESS_DENIED');
    // In the jail both have the same path, and each its own folder there.
    if (!isInMemory) expect(await ask(guest, 'read', { path: `${dir}/theirs` })).toBe('ERR_ACCESS_DENIED');
    else expect(await ask(guest, 'read', { path: `${dir}/theirs` })).toBe('ENOENT');
    await Promise.all([guest.close(), other.close()]);
  });

  test('takes no link out of it, soft or hard [FAULTS 59]', async () => {
    const guest = await open();
    for (const to of ['/etc/passwd', '../../owner.json', '/proc/1/root'])
      expect(await ask(guest, 'link', { to })).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED']);
    await guest.close();
  });

  test('holds no file above its bound: the kernel refuses it [FAULTS 35]', async () => {
    const guest = await open();
    const bytes = LIMITS.temp_file_bytes.value;
    expect(await ask(guest, 'write', { path: '/full', bytes })).toBe('done');
    expect(await ask(guest, 'write', { path: '/over', bytes: bytes + 1 })).toBe('EFBIG');
    await guest.close();
  });

  test('filled beyond its bytes ends the guest, or is refused by the kernel where it is in memory [FAULTS 35]', async () => {
    const guest = await open({ memoryMb: 256 });
    const reply = await run(guest, 'fill', { count: 12, bytes: 8 * 1024 * 1024 });
    if (isInMemory) expect(reply).toMatchObject({ ok: true, value: 'ENOSPC' });
    else
      expect(reply).toMatchObject({
        ok: false,
        error: { kind: 'crashed', code: 'TEMP_DIR_LIMIT', limit: { name: 'temp_bytes' } },
      });
    await guest.close();
    await expect.poll(folders).toEqual([]);
  });

  test('with more files than its bound ends the guest [FAULTS 35]', async () => {
    const guest = await open();
    expect(await run(guest, 'fill', { count: LIMITS.temp_files.value + 1, bytes: 0 })).toMatchObject({
      ok: false,
      error: {
        kind: 'crashed',
        code: 'TEMP_DIR_LIMIT',
        limit: { name: 'temp_files', allowed: LIMITS.temp_files.value },
      },
    });
    await guest.close();
    await expect.poll(folders).toEqual([]);
  });

  test('within its bounds is left alone', async () => {
    const guest = await open();
    const most = { count: LIMITS.temp_files.value, bytes: 1_000, wait: 600 };
    expect(await run(guest, 'fill', most)).toMatchObject({ ok: true, value: 'filled' });
    await guest.close();
  });

  test('counts files that were removed and are still open', async () => {
    const guest = await open({ memoryMb: 256 });
    const reply = await run(guest, 'hidden', { count: 12, bytes: 8 * 1024 * 1024 });
    expect(reply).toMatchObject({ ok: false, error: { code: isInMemory ? 'PLUGIN_THREW' : 'TEMP_DIR_LIMIT' } });
    await guest.close();
  });

  test('goes with odd names, deep folders and folders that were locked', async () => {
    const guest = await open();
    expect(await ask(guest, 'mess')).toBe('made');
    await guest.close();
    await expect.poll(folders).toEqual([]);
  });

  test('is not there for a guest of the default shape, which may not import fs either', async () => {
    const source = `let code = 'none';
      try { await import('node:' + 'fs'); } catch (error) { code = error.code; }
      export const main = { default: { tools: [{ name: 'look', description: 'd', parameters: { type: 'object' }, execute: async (p, context) => ({ has: 'tempDir' in context && context.tempDir !== undefined, code }) }] } };`;
    const guest = await opened(fixture, {}, source);
    expect(await ask(guest, 'look')).toEqual({ has: false, code: 'IMPORT_REFUSED' });
    await guest.close();
    const failed = await fixture.open("import 'node:fs'; export const main = { default: {} };");
    expect(failed).toMatchObject({ ok: false, error: { code: 'IMPORT_REFUSED' } });
  });

  test('is its own user’s alone, and gives that user’s id to nobody before it is gone', async () => {
    const guest = await open();
    const { uids, runDirectory } = fixture.sandbox;
    const [name] = folders();
    const path = join(runDirectory.path, 'temp', name ?? '');
    const { uid, mode } = lstatSync(path);
    if (name !== undefined) expect(mode & 0o777).toBe(0o700);
    let wasFree = true;
    void guest.died.then(() => {
      const free = Array.from({ length: 1_000 }, () => uids?.acquire()).filter((one) => one !== undefined);
      wasFree = free.includes(uid);
      for (const one of free) uids?.release(one);
    });
    await guest.close();
    expect(wasFree).toBe(false);
    await expect.poll(folders).toEqual([]);
  });
});

test('a spare of the default shape never has a temp folder, and is not given to a plugin that is to have one', async () => {
  const kinds: string[] = [];
  const onOpened = (kind: string): void => void kinds.push(kind);
  const fixture = await openSandboxFixture('process', { spareCount: 1, spareMemoryMb: 64, onOpened });
  await using closing = new AsyncDisposableStack();
  closing.defer(fixture.close);
  await fixture.sandbox.driver.pool.settled();
  expect(readdirSync(join(fixture.sandbox.runDirectory.path, 'temp'))).toEqual([]);
  await opened(fixture, { hasTempDir: true });
  await opened(fixture, {}, 'export const main = { default: { tools: [] } };');
  expect(kinds).toEqual(['cold', 'warm']);
});

test.each(TIERS_HERE)(
  'the self-test finds no more open at tier %s than the one folder that the guest has [FAULTS 56-66]',
  async (tier) => {
    const launches = await openLaunchFixture();
    await using closing = new AsyncDisposableStack();
    closing.defer(launches.close);
    const shape = launches.shapeOf(tier);
    const isInMemory = tier === 'jail' && toolset.bwrapOptions.has('--size');
    const tempDir = isInMemory ? JAILED_TEMP_DIR : launches.runDirectory.makeTempDir(shape.uid);
    const report = await launches.probe(tier, { request: { shape: { ...shape, tempDir } } });
    const one = expect.stringMatching(/^read-only-view: writable-mounts got 1 of \d+ mounts$/);
    expect(missingForTier(tier, report)).toEqual(isInMemory ? [one] : []);
  },
);

async function opened(fixture: SandboxFixture, plugin: PluginUnderTest, source = SOURCE): Promise<Sandbox> {
  const opening = await fixture.open(source, plugin);
  if (!opening.ok) throw new Error(JSON.stringify(opening.error));
  return opening.sandbox;
}

function run(sandbox: Sandbox, name: string, params: JsonObject = {}): Promise<SandboxReply> {
  return sandbox.run(callOf(name, params, { leftMs: 20_000 }));
}

async function ask<Value = unknown>(sandbox: Sandbox, name: string, params: JsonObject = {}): Promise<Value> {
  const reply = await run(sandbox, name, params);
  if (!reply.ok) throw new Error(JSON.stringify(reply.error));
  return reply.value as Value; // Each test says what it expects.
}
