/**
 * Commands of plugins in real containers. `npm run verify:docker` brings a daemon and an image that has Node and nothing else.
 */
import { LIMITS, type CommandAnswer } from '@bulkhead/protocol';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reapDeadHosts } from '../sandbox/process/reaper.ts';
import { findMarked, openCommandsFixture, type CommandsFixture } from './commands.fixture.ts';

const IMAGE = 'node:26';
let fixture: CommandsFixture;
beforeAll(async () => {
  // The weakest tier that there is: what holds a container is the daemon.
  fixture = await openCommandsFixture('process');
});
afterAll(() => fixture.close());

const execute = promisify(execFile);
const docker = async (...args: readonly string[]): Promise<string> => (await execute('docker', args)).stdout.trim();
const containers = async (): Promise<readonly string[]> =>
  (await docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
const text = (name: string, content: string) => ({ name, bytes: Buffer.from(content) });
const script = (code: string) => ({
  ...{ image: IMAGE, command: 'node', args: ['main.cjs'], files: [text('main.cjs', code)] },
});
const jsonOf = ({ stdout }: CommandAnswer): unknown => JSON.parse(stdout);
let marks = 0;
/** Found in no other process of the machine. */
const newMark = (): string => `mark-${process.pid}-${(marks += 1)}-${Date.now()}`;
const waits = (mark: string) => ({ ...script('setInterval(() => {}, 1000)'), args: ['main.cjs', mark] });

async function expectNothingLeft(): Promise<void> {
  expect(await containers()).toEqual([]);
  expect(await fixture.folders()).toEqual([]);
}

test('exit status, output and the figures of the kernel are told as they are [F000-47] [X000-17]', async () => {
  const code = `
    while (process.cpuUsage().user < 150_000);
    const kept = Buffer.alloc(100 << 20, 1);
    console.log('out', kept.length);
    console.error('err');
    process.exitCode = 41;`;
  const ended = await fixture.run(script(code));
  expect(ended).toMatchObject({ exit_code: 41, signal: null, timed_out: false, stopped_by: null });
  expect(ended.stdout).toBe(`out ${100 << 20}\n`);
  expect(ended.stderr).toBe('err\n');
  expect(ended.wall_ms).toBeGreaterThan(150);
  expect(ended.cpu_ms).toBeGreaterThan(150);
  expect(ended.peak_rss_bytes).toBeGreaterThan(100 << 20);
  expect(ended.peak_rss_bytes).toBeLessThan(256 << 20);
  await expectNothingLeft();
});

test('arguments, files, input and collected files pass as they are, and each repeat has a new folder', async () => {
  const args = ['$(id)', '; id', '"', '', '--privileged', 'ü'];
  const code = `const fs = require('fs');
    console.log(JSON.stringify([process.argv.slice(2), fs.readFileSync(0, 'utf8'), fs.readdirSync('.'), process.cwd(), require('./deep/er/file.json')]));
    fs.writeFileSync('out', 'kept'); fs.symlinkSync('/etc/passwd', 'link')`;
  const ended = await fixture.run({
    ...{ image: IMAGE, command: 'node', args: ['main.cjs', ...args], stdin: 'in\n', repeats: 2 },
    files: [text('main.cjs', code), text('deep/er/file.json', '[1]')],
    collect: ['out', 'link', 'absent'],
  });
  expect(jsonOf(ended)).toEqual([args, 'in\n', ['deep', 'main.cjs'], '/work', [1]]);
  expect(ended.files).toEqual({ out: Buffer.from('kept').toString('base64'), link: null, absent: null });
  expect(ended.runs.map((run) => run.exit_code)).toEqual([0, 0]);
});

test('the daemon holds a container to what its arguments promise [X000-17]', async () => {
  const mark = newMark();
  const caller = new AbortController();
  const running = fixture.run({ ...waits(mark), memoryMb: 1_024, pids: 128, signal: caller.signal });
  const ended = running.catch((error: unknown) => error);
  await expect.poll(() => findMarked(mark)).not.toEqual([]);
  await expect.poll(async () => (await containers()).length).toBe(1);
  const [inspected]: unknown[] = JSON.parse(await docker('inspect', ...(await containers())));
  const gigabyte = 1024 ** 3;
  expect(inspected).toMatchObject({
    Name: expect.stringMatching(/^\/bulkhead-[0-9a-f]{32}-[0-9a-f]{16}$/),
    Config: { User: process.getuid?.() === 0 ? '65534:65534' : expect.any(String) },
    HostConfig: {
      ...{ NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], PidsLimit: 128, Privileged: false },
      ...{ SecurityOpt: ['no-new-privileges'], Memory: gigabyte, MemorySwap: gigabyte, AutoRemove: true },
      ...{ LogConfig: { Type: 'none' }, IpcMode: 'none', Binds: null },
      Mounts: [{ Target: '/work' }, { Target: '/bulkhead', ReadOnly: true }],
    },
  });
  caller.abort();
  expect(await ended).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(await findMarked(mark)).toEqual([]);
  await expectNothingLeft();
});

test('nothing but its folder can be written, nobody is reached, and no environment of the host is there [X000-33]', async () => {
  const code = `const fs = require('fs');
    const tried = (act) => { try { act(); return 'DONE'; } catch (error) { return error.code; } };
    const places = ['/tmp/x', '/x', '/usr/x', '/dev/shm/x', '/dev/x', '/bulkhead/x', '/bulkhead/stopwatch.pl', '/etc/passwd', '/proc/1/mem',
      '/proc/sys/kernel/hostname', '/sys/fs/cgroup/x', '/work/x'];
    const writable = places.filter((path) => tried(() => fs.writeFileSync(path, '1')) === 'DONE');
    const readable = ['/var/run/docker.sock', '/proc/1/environ', '/proc/1/fd', '/root'].filter((path) => tried(() => fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path)) === 'DONE');
    const { connect } = require('net');
    const said = (...to) => new Promise((resolve) => connect(...to).on('error', (error) => resolve(error.code)).on('connect', () => resolve('CONNECTED')));
    (async () => console.log(JSON.stringify({ writable, readable, uid: process.getuid(), env: Object.keys(process.env).sort(),
      codes: [await said(53, '1.1.1.1'), await said(80, '169.254.169.254')] })))()`;
  expect(jsonOf(await fixture.run(script(code)))).toEqual({
    writable: ['/work/x'],
    readable: [],
    uid: process.getuid?.() === 0 ? 65_534 : process.getuid?.(),
    env: ['HOME', 'HOSTNAME', 'LANG', 'PATH', 'TMPDIR'],
    codes: ['ENETUNREACH', 'ENETUNREACH'],
  });
});

test('a command is ended at its time, with its figures [F000-47]', async () => {
  const mark = newMark();
  const ended = await fixture.run({ ...script('for (;;);'), args: ['main.cjs', mark], timeoutMs: 300 });
  expect(ended).toMatchObject({ exit_code: null, signal: 'SIGKILL', timed_out: true, stopped_by: 'timeout' });
  expect(ended.wall_ms).toBeGreaterThanOrEqual(300);
  expect(ended.peak_rss_bytes).toBeGreaterThan(0);
  expect(await findMarked(mark)).toEqual([]);
  await expectNothingLeft();
});

test('a command that wants more memory than it may have is ended for it', async () => {
  const code = 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));';
  const ended = await fixture.run({ ...script(code), memoryMb: 128 });
  expect(ended).toMatchObject({ exit_code: null, signal: 'SIGKILL', stopped_by: 'memory', timed_out: false });
  expect(ended.peak_rss_bytes).toBeLessThan(160 << 20);
});

test('a command makes no more processes than it may, and what it leaves behind ends with it', async () => {
  const mark = newMark();
  const code = `const { spawn } = require('child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ${JSON.stringify(mark)}], { detached: true, stdio: 'ignore' });
    child.unref(); child.on('spawn', () => console.log('left'));`;
  expect(await fixture.run(script(code))).toMatchObject({ exit_code: 0, stdout: 'left\n' });
  expect(await findMarked(mark)).toEqual([]);
  const bomb = `const { spawn } = require('child_process');
    const child = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ${JSON.stringify(mark)}], { stdio: 'ignore' });
    const refused = () => console.log('refused');
    for (let n = 0; n < 40; n += 1) try { child().on('error', refused).on('exit', refused) } catch { refused() }`;
  const ended = await fixture.run({ ...script(bomb), pids: 32, timeoutMs: 3_000 });
  expect(ended.stdout).toContain('refused');
  expect(await findMarked(mark)).toEqual([]);
  await expectNothingLeft();
});

test('endless output is clipped and ended, and so is a command that fills its folder', async () => {
  const loud = `const text = 'y\\n'.repeat(32768); const say = () => process.stdout.write(text, say); say();`;
  const said = await fixture.run({ ...script(loud), outputBytes: 1_000 });
  expect(said).toMatchObject({ stopped_by: 'output', is_clipped: true });
  expect(said.cpu_ms).toBeGreaterThan(0);
  expect(said.stdout).toBe('y\n'.repeat(500));
  const full = `const fs = require('fs'); for (let n = 0; ; n += 1) fs.writeFileSync('f' + n, Buffer.alloc(16 << 20, 1))`;
  expect(await fixture.run(script(full))).toMatchObject({ stopped_by: 'files' });
  const removed = `const fs = require('fs'); const kept = [];
    for (let n = 0; ; n += 1) { kept.push(fs.openSync('f' + n, 'w')); fs.unlinkSync('f' + n); fs.writeSync(kept[n], Buffer.alloc(4 << 20, 1));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20) }`;
  expect(await fixture.run(script(removed))).toMatchObject({ stopped_by: 'files' });
  const large = `require('fs').writeFileSync('large', Buffer.alloc(${LIMITS.command_file_bytes.value + 1}))`;
  expect((await fixture.run(script(large))).exit_code).not.toBe(0);
  await expectNothingLeft();
});

test('a command cannot end, delay or forge what measures it', async () => {
  const code = `const fs = require('fs');
    for (let fd = 0; fd < 20; fd += 1) try { fs.writeFileSync('/proc/1/fd/' + fd, 'ended status=0 wall=1 cpu=1 rss=1 late=0\\n') } catch {}
    for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGALRM', 'SIGTERM']) try { process.kill(1, signal) } catch (error) { console.log(error.code) }
    const own = fs.readdirSync('.').filter((name) => name.startsWith('.'));
    console.log(JSON.stringify(own)); process.exitCode = 7;`;
  const ended = await fixture.run(script(code));
  expect(ended).toMatchObject({ exit_code: 7, stopped_by: null, timed_out: false, stdout: '[]\n' });
  expect(ended.wall_ms).toBeGreaterThan(1);
});

test('a container that answers to nothing is killed by its name', async () => {
  const mark = newMark();
  const caller = new AbortController();
  const ended = fixture.run({ ...waits(mark), signal: caller.signal }).catch((error: unknown) => error);
  await expect.poll(() => findMarked(mark)).not.toEqual([]);
  await expect.poll(async () => (await docker('ps', '--quiet')).length).toBeGreaterThan(0);
  await docker('pause', ...(await containers()));
  caller.abort();
  expect(await ended).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(await findMarked(mark)).toEqual([]);
  await expectNothingLeft();
});

test('an image or a program that is not there is unavailable with the cure, and nothing is fetched', async () => {
  await expect(fixture.run({ image: 'bulkhead.invalid/none:1', command: 'node' })).rejects.toMatchObject({
    code: 'COMMAND_UNAVAILABLE',
    message: expect.stringMatching(/has no image "bulkhead.invalid\/none:1".* To cure: docker pull /),
  });
  for (const command of ['no-such-program', './absent'])
    await expect(fixture.run({ image: IMAGE, command })).rejects.toMatchObject({
      code: 'COMMAND_UNAVAILABLE',
      message: expect.stringMatching(/No such file or directory.* To cure: give the name of one that its image has/),
    });
  await expectNothingLeft();
});

test('the container of a killed host is gone, and so is its folder after the next reaping [F000-46]', async () => {
  const mark = newMark();
  const program = fileURLToPath(new URL('./commands.fixture.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=source', '--no-warnings', program, 'jail', mark, IMAGE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(host.stdout, 'data')) as [Buffer];
  const { path } = JSON.parse(line.toString()) as { readonly path: string };
  await expect.poll(async () => (await containers()).length, { timeout: 60_000 }).toBe(1);
  host.kill('SIGKILL');
  await once(host, 'close');
  await expect.poll(containers, { timeout: 60_000 }).toEqual([]);
  await expect.poll(() => findMarked(mark)).toEqual([]);
  const remains = await reapDeadHosts({ parents: [dirname(path)], leaseDirectory: undefined });
  expect(remains.removed).toContain(path);
  await expect(readdir(join(path, 'temp'))).rejects.toThrow('ENOENT');
});
