import { TIERS, isTierAtLeast, type Tier } from '@bulkhead/protocol';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { GUEST_MARKER } from '../../../../../tools/leak-guard.ts';
import { silentLog } from '../../base/log.ts';
import { callOf } from '../conformance-fixture.ts';
import type { Sandbox } from '../sandbox.ts';
import { tierObstacle } from './command.ts';
import { leaseUsers, likelyTier, prepareSandbox } from './prepare-sandbox.ts';
import { openMachineNotes, type MachineNotes } from './machine-notes.ts';
import { findProcesses } from './process-table.ts';
import { GUEST_FILE, openSandboxFixture, type PluginUnderTest, type SandboxFixture } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const tiers = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
const strongest = tiers.at(-1) ?? 'process';

const PLUGIN = `
  const tool = (name, execute) => ({ name, description: 'd', parameters: { type: 'object' }, execute });
  const hoard = [];
  export const main = { default: { tools: [
    tool('echo', (params) => params),
    tool('log', ({ lines }, { logger }) => { for (let n = 0; n < lines; n += 1) logger.info('line ' + n, { tenant: 'other' }); }),
    tool('error', () => { throw new Error(new Error('x').stack); }),
    tool('abort', () => process.abort()),
    tool('spin', () => { for (;;); }),
    tool('grow', ({ mib }) => { hoard.push(Buffer.alloc(mib * 2 ** 20, 1)); }),
  ] } };
`;

let fixture: SandboxFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

async function openPlugin(tier: Tier, plugin?: PluginUnderTest): Promise<Sandbox> {
  fixture = await openSandboxFixture(tier);
  const opening = await fixture.open(PLUGIN, plugin);
  if (!opening.ok) throw new Error(opening.error.message);
  return opening.sandbox;
}

test('what was prepared by another is used, and left to it', async () => {
  const prepared = await prepareSandbox({ guestPath: GUEST_FILE, log: silentLog });
  expect(likelyTier(prepared.toolset, 'jail')).toBe(strongest);
  fixture = await openSandboxFixture(strongest, { prepared });
  expect(fixture.sandbox.runDirectory).toBe(prepared.runDirectory);
  const opening = await fixture.open(PLUGIN);
  if (!opening.ok) throw new Error(opening.error.message);
  expect(await opening.sandbox.run(callOf('echo', { a: 1 }))).toMatchObject({ ok: true, value: { a: 1 } });
  await fixture.close();
  expect(existsSync(prepared.runDirectory.path)).toBe(true);
  await prepared.close();
  expect(existsSync(prepared.runDirectory.path)).toBe(false);
});

test('what was measured lately is not measured again, and guests run at the tier that it says', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-notes-'));
  const kept = openMachineNotes({ dir, wallTime: Date.now });
  const measured: string[] = [];
  const notes: MachineNotes = {
    ...kept,
    recall: (what, files, measure) =>
      kept.recall(what, files, () => {
        measured.push(what);
        return measure();
      }),
  };
  const first = await openSandboxFixture(strongest, { notes });
  await first.close();
  expect(measured).toContain(`tier ${strongest}`);
  const { length } = measured;
  fixture = await openSandboxFixture(strongest, { notes });
  expect(measured).toHaveLength(length);
  expect(fixture.sandbox.receipt).toEqual(first.sandbox.receipt);
  const opening = await fixture.open(PLUGIN);
  if (!opening.ok) throw new Error(opening.error.message);
  expect(await opening.sandbox.run(callOf('echo', { a: 1 }))).toMatchObject({ ok: true, value: { a: 1 } });
  await rm(dir, { recursive: true });
});

test.each(TIERS)('no tier above %s is likely where none stronger is wanted', (tier) => {
  expect(likelyTier(toolset, tier)).toBe(tiers.findLast((each) => isTierAtLeast(tier, each)));
});

describe.each(tiers)('at tier %s', (tier) => {
  test('every process of a guest carries the mark by which the leak guard knows guests', async () => {
    const sandbox = await openPlugin(tier);
    const token = fixture?.sandbox.runDirectory.token ?? '';
    const { pid } = sandbox.diagnose();
    const marked = await findProcesses(({ argv }) => argv.some((text) => text.includes(token)));
    expect(marked).toContain(pid);
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain(GUEST_MARKER);
  });

  test('[FAULTS-39] a kill ends every process of a guest within a second', async () => {
    const sandbox = await openPlugin(tier);
    const token = fixture?.sandbox.runDirectory.token ?? '';
    const reply = await sandbox.run(callOf('spin', {}, { leftMs: 50 }));
    expect(reply).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
    await sandbox.died;
    // Those inside are killed by the kernel as the one that was started ends, and may be on their way out when it is gone.
    const left = () => findProcesses(({ argv }) => argv.some((text) => text.includes(token)));
    await expect.poll(left, { timeout: 1_000 }).toEqual([]);
  });

  test('no path of the server is in errors, crash reports or the diagnosis', async () => {
    const sandbox = await openPlugin(tier);
    const { staged, runDirectory } = fixture?.sandbox ?? {};
    const paths = [staged?.node, staged?.guest, runDirectory?.path, process.execPath, process.cwd()];
    const thrown = await sandbox.run(callOf('error'));
    const crash = await sandbox.run(callOf('abort'));
    expect(crash).toMatchObject({ error: { code: 'GUEST_CRASHED' } });
    const { last_output } = sandbox.diagnose();
    const told = [thrown, crash].map((reply) => (reply.ok ? '' : reply.error.message) + reply.stdout + reply.stderr);
    for (const path of paths) expect(`${told.join('\n')}${last_output}`).not.toContain(path);
    expect(told[0]).toMatch(/ at guest:1:\d+/);
  });

  test('the watchdog finds the process of Node itself', async () => {
    const sandbox = await openPlugin(tier);
    await expect.poll(() => sandbox.diagnose().rss_bytes).toBeGreaterThan(30 * 1024 * 1024);
  });

  test('[FAULTS-9] a plugin that leaks is seen as worn before it fails', async () => {
    const sandbox = await openPlugin(tier, { memoryMb: 64 });
    await expect.poll(() => sandbox.diagnose().rss_bytes).not.toBeNull();
    for (let call = 0; call < 13; call += 1) {
      expect(await sandbox.run(callOf('grow', { mib: 4 }))).toMatchObject({ ok: true });
    }
    await sandbox.worn;
    expect(await sandbox.run(callOf('echo', { a: 1 }))).toMatchObject({ ok: true });
  });
});

test('what a plugin logs reaches the log with who it was, and a flood of lines ends nobody', async () => {
  const sandbox = await openPlugin(strongest, { name: 'logger', tenant: 'acme' });
  expect(await sandbox.run(callOf('log', { lines: 50_000 }))).toMatchObject({ ok: true });
  const lines = fixture?.logged().filter(({ message }) => message.startsWith('line')) ?? [];
  expect(lines).toHaveLength(99);
  const source = { plugin: 'logger', tenant: 'acme', instance_id: sandbox.instanceId };
  expect(lines[0]).toEqual({ level: 'info', message: 'line 0', fields: { ...source, fields: { tenant: 'other' } } });
  await sandbox.close();
});

test('a spare of the pool opens a plugin warm, and a sandbox of its own each; the self-test opens none', async () => {
  const opened: string[] = [];
  fixture = await openSandboxFixture(strongest, { spareCount: 1, onOpened: (kind) => void opened.push(kind) });
  await fixture.sandbox.driver.pool.settled();
  expect(opened).toEqual([]);
  for (const _ of [1, 2]) expect(await fixture.open(PLUGIN, { memoryMb: 512 })).toMatchObject({ ok: true });
  expect(opened).toEqual(['warm', 'cold']);
});

test('a host without ids to give does not start, and says what cures it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'leases-'));
  await chmod(directory, 0o777);
  await expect(leaseUsers({ directory })).rejects.toMatchObject({
    code: 'SANDBOX_TOO_WEAK',
    message: expect.stringContaining('can be written by others'),
    hint: `Make ${directory} a folder of root's with mode 0700, or start the host as another user than root.`,
  });
  await rm(directory, { recursive: true });
});
