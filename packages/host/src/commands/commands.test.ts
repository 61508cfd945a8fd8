import { LIMITS, type CommandAnswer } from '@bulkhead/protocol';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reapDeadHosts } from '../sandbox/process/reaper.ts';
import { findMarked, openCommandsFixture, sleeping, type CommandsFixture } from './commands.fixture.ts';

const fixtures = new Map<string, CommandsFixture>();
beforeAll(async () => {
  for (const tier of ['confined', 'jail'] as const) fixtures.set(tier, await openCommandsFixture(tier));
});
afterAll(async () => {
  await Promise.all([...fixtures.values()].map((fixture) => fixture.close()));
});

const TIERS = ['confined', 'jail'] as const;
const at = (tier: string): CommandsFixture => {
  const fixture = fixtures.get(tier);
  if (fixture === undefined) throw new Error(`no fixture of tier ${tier}`);
  return fixture;
};
const text = (name: string, content: string) => ({ name, bytes: Buffer.from(content) });
const script = (code: string) => ({ command: 'node', args: ['main.cjs'], files: [text('main.cjs', code)] });
let marks = 0;
/** Found in no other process of the machine. */
const newMark = (): string => `mark-${process.pid}-${(marks += 1)}-${Date.now()}`;
const jsonOf = ({ stdout }: CommandAnswer): unknown => JSON.parse(stdout);

test.for(TIERS)(
  'exit status, output and figures of a command are told as they are, at tier %s [F000-47]',
  async (tier) => {
    const code = `
    while (process.cpuUsage().user < 150_000);
    const kept = Buffer.alloc(100 << 20, 1);
    console.log('out', kept.length);
    console.error('err');
    process.exitCode = 41;`;
    const ended = await at(tier).run(script(code));
    expect(ended).toMatchObject({ exit_code: 41, signal: null, timed_out: false, stopped_by: null });
    expect(ended.stdout).toBe(`out ${100 << 20}\n`);
    expect(ended.stderr).toBe('err\n');
    expect(ended.wall_ms).toBeGreaterThan(150);
    expect(ended.cpu_ms).toBeGreaterThan(100);
    expect(ended.peak_rss_bytes).toBeGreaterThan(100 << 20);
    expect(await at(tier).folders()).toEqual([]);
  },
);

test.for(TIERS)('a signal that ends a command is named, at tier %s', async (tier) => {
  const ended = await at(tier).run({ command: 'sh', args: ['-c', 'kill -SEGV $$'] });
  expect(ended).toMatchObject({ exit_code: null, signal: 'SIGSEGV', stopped_by: null });
});

test.for(TIERS)(
  'arguments, files and input reach a command as they are, and no shell reads them, at tier %s',
  async (tier) => {
    const args = ['$(id)', '; id', '"', '{data}', '', '*', 'ü'];
    const code = `console.log(JSON.stringify({
    args: process.argv.slice(2), input: require('fs').readFileSync(0, 'utf8'), deep: require('./deep/er/file.json'),
  }))`;
    const files = [text('main.cjs', code), text('deep/er/file.json', '[1]')];
    const ended = await at(tier).run({ command: 'node', args: ['main.cjs', ...args], files, stdin: 'in\n' });
    expect(jsonOf(ended)).toEqual({ args, input: 'in\n', deep: [1] });
  },
);

test.for(TIERS)('a command sees its folder and five variables of an environment, at tier %s', async (tier) => {
  const code = `console.log(JSON.stringify([require('fs').readdirSync('.'), Object.keys(process.env).sort()]))`;
  expect(jsonOf(await at(tier).run(script(code)))).toEqual([['main.cjs'], ['HOME', 'LANG', 'PATH', 'TMPDIR']]);
});

test.for(TIERS)(
  'each repeat has a new folder and its own figures, and a failure is the last, at tier %s',
  async (tier) => {
    const code = `const fs = require('fs'); if (fs.existsSync('left')) process.exit(9); fs.writeFileSync('left', 'x')`;
    const { runs } = await at(tier).run({ ...script(code), repeats: 3 });
    expect(runs.map((run) => run.exit_code)).toEqual([0, 0, 0]);
    expect(new Set(runs.map((run) => run.wall_ms)).size).toBe(3);
    const failed = await at(tier).run({ ...script('process.exit(1)'), repeats: 3 });
    expect(failed.runs).toHaveLength(1);
  },
);

test.for(TIERS)('a command is ended at its time, with its figures, at tier %s [F000-47]', async (tier) => {
  const mark = newMark();
  const ended = await at(tier).run({ command: 'node', args: ['-e', 'for (;;);', mark], timeoutMs: 300 });
  expect(ended).toMatchObject({ exit_code: null, signal: 'SIGKILL', timed_out: true, stopped_by: 'timeout' });
  expect(ended.wall_ms).toBeGreaterThanOrEqual(300);
  expect(ended.peak_rss_bytes).toBeGreaterThan(0);
  expect(await findMarked(mark)).toEqual([]);
});

test.for(TIERS)('a command that wants more memory than it may have gets none, at tier %s', async (tier) => {
  const code = 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));';
  const ended = await at(tier).run({ ...script(code), memoryMb: 64 });
  expect(ended.exit_code).not.toBe(0);
  expect(ended.peak_rss_bytes ?? 0).toBeLessThan(400 << 20);
});

test('the memory of all processes of a command counts together', async () => {
  const code = 'for (1 .. 8) { next if fork; my $size = 60; my $held = "x" x ($size << 20); sleep 60 } sleep 60';
  const ended = await at('jail').run({ command: 'perl', args: ['-e', code], memoryMb: 64, timeoutMs: 30_000 });
  expect(ended.timed_out).toBe(false);
  expect(ended.stopped_by).toBe('memory');
});

test('a command makes as many processes as it may and no more, and none of them is left', async () => {
  const mark = newMark();
  const code =
    'my $n = 0; for (1 .. 500) { my $p = fork; last unless defined $p; if (!$p) { sleep 300; exit } $n++ } print $n';
  const ended = await at('jail').run({ command: 'perl', args: ['-e', code, mark], pids: 16 });
  expect(ended.exit_code).toBe(0);
  expect(Number(ended.stdout)).toBeGreaterThan(5);
  expect(Number(ended.stdout)).toBeLessThan(20);
  expect(await findMarked(mark)).toEqual([]);
});

test('a fork bomb ends at its time and leaves nothing', async () => {
  const mark = newMark();
  // Not a shell: one that cannot fork ends, which the first may, too, where what it started was faster.
  const bomb = `while (1) { fork } # ${mark}`;
  const ended = await at('jail').run({ command: 'perl', args: ['-e', bomb], pids: 32, timeoutMs: 1_000 });
  expect(ended).toMatchObject({ timed_out: true, stopped_by: 'timeout' });
  expect(await findMarked(mark)).toEqual([]);
  expect(await at('jail').folders()).toEqual([]);
});

test('confined, a command can start no process', async () => {
  const ended = await at('confined').run({ command: 'perl', args: ['-e', 'print defined(fork) ? "made" : $!'] });
  expect(ended.stdout).toBe('Operation not permitted');
});

test('what a command leaves in the background ends with it', async () => {
  const mark = newMark();
  const stays = `perl -e 'sleep 300' ${mark}`;
  const leaving = `(trap '' HUP TERM; (${stays}) & ) & setsid ${stays} & echo started`;
  const ended = await at('jail').run({ command: 'sh', args: ['-c', leaving] });
  expect(ended).toMatchObject({ exit_code: 0, stdout: 'started\n', timed_out: false });
  expect(ended.wall_ms).toBeLessThan(10_000);
  expect(await findMarked(mark)).toEqual([]);
});

test('the time of all processes of a command counts, also of those that nobody waited for', async () => {
  const burn = `my $until = times() + 0.3; 1 while (times())[0] < $until`;
  const code = `if (!fork) { if (!fork) { ${burn}; open my $f, '>', 'done'; exit } exit } wait; select undef, undef, undef, 0.02 until -e 'done'`;
  const ended = await at('jail').run({ command: 'perl', args: ['-e', code] });
  expect(ended.exit_code).toBe(0);
  expect(ended.cpu_ms).toBeGreaterThan(250);
});

test.for(TIERS)('endless output is clipped and ended, at tier %s', async (tier) => {
  const ended = await at(tier).run({ command: 'yes', outputBytes: 1_000 });
  expect(ended).toMatchObject({ stopped_by: 'output', timed_out: false, is_clipped: true });
  expect(ended.stdout).toBe('y\n'.repeat(500));
});

test.for(TIERS)('a command that fills its folder is ended, at tier %s', async (tier) => {
  const code = `const fs = require('fs'); for (let n = 0; ; n += 1) fs.writeFileSync('f' + n, Buffer.alloc(16 << 20, 1))`;
  const ended = await at(tier).run(script(code));
  expect(ended.exit_code).not.toBe(0);
  expect(ended.stopped_by).toBe('files');
  expect(await at(tier).folders()).toEqual([]);
});

test.for(TIERS)('nothing of the host can be read or written, at tier %s', async (tier) => {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-test-data-'));
  await writeFile(join(dir, 'secret'), 'secret', { mode: 0o644 });
  const reads = [
    '/etc/shadow',
    '/etc/passwd',
    '/root',
    '/proc/1/environ',
    `/proc/${process.pid}/environ`,
    join(dir, 'secret'),
    '/tmp',
  ];
  const writes = [
    '/tmp/x',
    '/x',
    '/usr/x',
    '/dev/shm/x',
    '/bulkhead/x',
    '../x',
    '/proc/self/oom_score_adj',
    join(dir, 'x'),
  ];
  const code = `const fs = require('fs');
    const tried = (act) => { try { act(); return 'DONE'; } catch (error) { return error.code; } };
    const read = (path) => fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path);
    console.log(JSON.stringify([
      ...${JSON.stringify(reads)}.filter((path) => tried(() => read(path)) === 'DONE'),
      ...${JSON.stringify(writes)}.filter((path) => tried(() => fs.writeFileSync(path, '1')) === 'DONE'),
    ]))`;
  try {
    const seen = jsonOf(await at(tier).run(script(code))) as string[];
    // In a pid namespace of its own these are its own first process, and itself.
    expect(seen.filter((path) => path !== '/proc/1/environ' && path !== '/proc/self/oom_score_adj')).toEqual([]);
    expect(await readdir(dir)).toEqual(['secret']);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.for(TIERS)('no network can be reached, at tier %s [X000-33]', async (tier) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const code = `const said = (socket) => new Promise((resolve) => socket.on('error', (error) => resolve(error.code)).on('connect', () => resolve('CONNECTED')));
    const { connect } = require('net');
    const udp = require('dgram');
    (async () => {
      const codes = [await said(connect(${port}, '127.0.0.1')), await said(connect(53, '1.1.1.1')), await said(connect('\\0abstract'))];
      try { codes.push(await said(udp.createSocket('udp4').bind())); } catch (error) { codes.push(error.code); }
      console.log(JSON.stringify(codes));
    })()`;
  const codes = jsonOf(await at(tier).run(script(code))) as string[];
  expect(codes).toHaveLength(4);
  for (const got of codes) expect(['EACCES', 'EPERM', 'ECONNREFUSED', 'ENETUNREACH']).toContain(got);
  expect(connections).toBe(0);
  server.close();
});

test.for(TIERS)('collected are plain files alone: no link is followed, at tier %s', async (tier) => {
  const code = `const fs = require('fs');
    fs.mkdirSync('a/b', { recursive: true });
    fs.writeFileSync('a/b/plain', 'kept');
    fs.symlinkSync('/etc/passwd', 'link');
    fs.symlinkSync('/etc', 'folder');
    fs.symlinkSync('a', 'inner');
    fs.linkSync('a/b/plain', 'hard');`;
  const collect = ['a/b/plain', 'link', 'folder/passwd', 'inner/b/plain', 'a', 'absent', 'a/b/plain/x'];
  const { files, exit_code: exitCode } = await at(tier).run({ ...script(code), collect });
  expect(exitCode).toBe(tier === 'jail' ? 0 : exitCode);
  const kept = Buffer.from('kept').toString('base64');
  const absent = Object.fromEntries(collect.slice(1).map((name) => [name, null]));
  expect(files).toEqual({ 'a/b/plain': kept, ...absent });
});

test('more than the bound of collected files is refused', async () => {
  const code = `require('fs').writeFileSync('large', Buffer.alloc(${LIMITS.command_files_bytes.value + 1}))`;
  await expect(at('jail').run({ ...script(code), collect: ['large'] })).rejects.toMatchObject({
    code: 'SERVICE_QUOTA_EXCEEDED',
  });
  expect(await at('jail').folders()).toEqual([]);
});

test('a command cannot forge its figures, and is told as ended by the host where it ends what measures it', async () => {
  const forge = `for fd in 3 4 5 6 7 8 9; do echo 'ended status=0 wall=1 cpu=1 rss=1 late=0' > /proc/$PPID/fd/$fd; done 2>/dev/null; exit 7`;
  expect(await at('jail').run({ command: 'sh', args: ['-c', forge] })).toMatchObject({
    exit_code: 7,
    stopped_by: null,
  });
  const ends = await at('jail').run({ command: 'sh', args: ['-c', 'kill -9 $PPID; sleep 60'] });
  expect(ends).toMatchObject({ exit_code: null, signal: 'SIGKILL', stopped_by: 'supervisor' });
  const confined = await at('confined').run(
    script(`try { process.kill(process.ppid, 9) } catch (error) { console.log(JSON.stringify(error.code)) }`),
  );
  expect(jsonOf(confined)).toBe('EPERM');
});

test.for(TIERS)('a command whose signal is aborted is ended and leaves nothing, at tier %s', async (tier) => {
  const mark = newMark();
  const caller = new AbortController();
  const running = at(tier).run({ ...sleeping(mark), signal: caller.signal });
  const ended = running.catch((error: unknown) => error);
  await expect.poll(() => findMarked(mark)).not.toEqual([]);
  caller.abort();
  expect(await ended).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(await findMarked(mark)).toEqual([]);
  expect(await at(tier).folders()).toEqual([]);
});

test('four commands of a tenant run at once, others wait their turn, and too many are refused', async () => {
  const { run } = at('confined');
  const mark = newMark();
  const caller = new AbortController();
  const { commands_at_once: atOnce, commands_waiting: waiting } = LIMITS;
  const all = Array.from({ length: atOnce.value + waiting.value }, () =>
    run({ ...sleeping(mark), signal: caller.signal }).catch((error: unknown) => error),
  );
  // Each is the program and what measures it, which has the mark among its arguments, too.
  await expect.poll(async () => (await findMarked(mark)).length).toBe(2 * atOnce.value);
  await expect(run({ command: 'true' })).rejects.toMatchObject({ code: 'HOST_OVERLOADED' });
  expect(await run({ command: 'true', tenant: 'other' })).toMatchObject({ exit_code: 0 });
  caller.abort();
  for (const ended of await Promise.all(all)) expect(ended).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(await run({ command: 'true' })).toMatchObject({ exit_code: 0 });
});

test('a program that is not there, or that the sandbox does not show, is unavailable with the cure', async () => {
  await expect(at('jail').run({ command: 'no-such-program' })).rejects.toMatchObject({
    code: 'COMMAND_UNAVAILABLE',
    message: expect.stringMatching(/"no-such-program" .* To cure: install no-such-program there/),
  });
  await expect(at('jail').run({ command: './absent' })).rejects.toMatchObject({
    code: 'COMMAND_UNAVAILABLE',
    message: expect.stringContaining('No such file or directory'),
  });
});

test('at tier process no command is run, and the cure is named', async () => {
  const weak = await openCommandsFixture('process');
  await expect(weak.run({ command: 'true' })).rejects.toMatchObject({
    code: 'COMMAND_UNAVAILABLE',
    message: expect.stringMatching(/has "process"\. To cure: .*bubblewrap/),
  });
  await weak.close();
});

test('where the data directory lies among the programs of the machine, no command is run', async () => {
  const exposed = await openCommandsFixture('jail', '/usr/share');
  await expect(exposed.run({ command: 'true' })).rejects.toMatchObject({
    code: 'COMMAND_UNAVAILABLE',
    message: expect.stringContaining('data directory'),
  });
  await exposed.close();
});

test('what a command used is charged to its tenant', async () => {
  await at('jail').run({ ...script('while (process.cpuUsage().user < 100_000);'), tenant: 'payer' });
  const charge = at('jail').charged.find(([tenant]) => tenant === 'payer');
  expect(charge?.[1]).toBeGreaterThan(100);
});

test.for(TIERS)(
  'the command of a killed host is gone, and so is its folder after the next reaping, at tier %s [F000-46]',
  async (tier) => {
    const mark = newMark();
    const program = fileURLToPath(new URL('./commands.fixture.ts', import.meta.url));
    const host = spawn(process.execPath, ['--conditions=source', '--no-warnings', program, tier, mark], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout, 'data')) as [Buffer];
    const { path } = JSON.parse(line.toString()) as { readonly path: string };
    expect(await readdir(join(path, 'temp'))).toHaveLength(1);
    host.kill('SIGKILL');
    await once(host, 'close');
    await expect.poll(() => findMarked(mark)).toEqual([]);
    const remains = await reapDeadHosts({ parents: [dirname(path)], leaseDirectory: undefined });
    expect(remains.removed).toContain(path);
  },
);
