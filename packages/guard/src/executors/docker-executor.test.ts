/**
 * The docker executor where no daemon is: what runs in a container is shown with the same program under plain Node, started and ended by a
 * stand-in for the docker command. That docker keeps what the arguments promise is shown by docker-executor.docker-test.ts.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDockerExecutor, dockerRunArgs, type DockerExecutorOptions } from './docker-executor.ts';
import { createDockerStandIn, type DockerStandIn } from './docker-stand-in.fixture.ts';
import { DEEDS, testExecutorConformance } from './executor-conformance.ts';
import type { Execution, Executor } from './executor.ts';

const PARTS = {
  clock: performance,
  startTimer: (delayMs: number, didElapse: () => void) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
  createNonce: () => randomBytes(16).toString('hex'),
};

let docker: DockerStandIn;
let dir: string;
beforeAll(async () => {
  docker = await createDockerStandIn();
  dir = await mkdtemp(join(tmpdir(), 'guard-implementations-'));
});
afterAll(async () => {
  await docker[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

async function withExecutor<T>(
  use: (executor: Executor) => Promise<T>,
  more: Partial<DockerExecutorOptions> = {},
): Promise<T> {
  const executor = createDockerExecutor({ ...PARTS, command: docker.command, ...more });
  try {
    return await use(executor);
  } finally {
    await executor.close?.();
  }
}
const runOnce = (source: string, memMb = 64, more: Partial<DockerExecutorOptions> = {}): Promise<Execution> =>
  withExecutor((executor) => executor.execute(`${source}\n`, 'run', [], 20, memMb), more);

testExecutorConformance('docker stand-in', async () => {
  const standIn = await createDockerStandIn();
  const executor = createDockerExecutor({ ...PARTS, command: standIn.command });
  return {
    executor,
    implementation: (deed) => `${DEEDS[deed]}\n`,
    [Symbol.asyncDispose]: async () => {
      await executor.close?.();
      await standIn[Symbol.asyncDispose]();
    },
  };
});

test('a container has no network, no writable files, no capabilities, and bounds [X002-12]', () => {
  const args = dockerRunArgs({ name: 'n', image: 'node:26', memMb: 100.5 });
  expect(args.slice(0, -1)).toEqual([
    ...['run', '--interactive', '--rm', '--name', 'n', '--network', 'none', '--read-only', '--cap-drop', 'ALL'],
    ...['--security-opt', 'no-new-privileges', '--pids-limit', '128', '--memory', '229m', '--memory-swap', '229m'],
    ...['--user', '65534:65534', '--tmpfs', '/tmp:rw,noexec,nosuid,nodev,uid=65534,size=16m', '--workdir', '/tmp'],
    ...['--log-driver', 'none', '--entrypoint', 'node', 'node:26', '-e'],
  ]);
});

test('a path at which no program is blames no implementation [F002-17]', async () => {
  await withExecutor(async (executor) => {
    for (const path of [join(dir, 'none.ts'), 'sort.mjs', './sort'])
      expect(await executor.execute(path, 'run', [], 1, 64)).toMatchObject({
        error_type: 'invalid_input',
        error: expect.stringContaining(`no file ${JSON.stringify(path)}`),
      });
    const large = `export const run = () => 1; //${'x'.repeat(1_048_576)}\n`;
    expect(await executor.execute(large, 'run', [], 1, 64)).toMatchObject({ error_type: 'invalid_input' });
  });
});

test('an image that would be an option of docker is refused [X002-12]', () => {
  expect(() => createDockerExecutor({ ...PARTS, image: '--privileged' })).toThrow('option image is "--privileged"');
});

test('where no daemon answers, or there is no command, it is unavailable, with the cure [X002-12]', async () => {
  // The real command where it is installed, with a daemon's address at which nobody is; else what it would say.
  const lost = join(dir, 'docker-without-daemon');
  const said = 'docker: Cannot connect to the Docker daemon. Is the docker daemon running?';
  const asked = `exec docker --host unix://${join(dir, 'none.sock')} "$@"`;
  await writeFile(
    lost,
    `#!/bin/sh\nif command -v docker > /dev/null; then ${asked}; fi\necho '${said}' >&2\nexit 125\n`,
  );
  await chmod(lost, 0o755);
  const real = await runOnce(DEEDS.answers, 64, { command: lost });
  expect(real).toMatchObject({ success: false, error_type: 'unavailable', error_code: 'UNAVAILABLE' });
  expect(real.error).toMatch(/daemon running.*Start the docker daemon/s);
  const none = await runOnce(DEEDS.answers, 64, { command: join(dir, 'nothing-here') });
  expect(none).toMatchObject({ error_code: 'UNAVAILABLE', error: expect.stringContaining('Install docker') });
});

test('one container serves an implementation case after case, and each content has its own [F002-7]', async () => {
  const counting = (by: number): string => `let n = 0; export const run = (): number => (n += ${by});\n`;
  const file = join(dir, 'counting.ts');
  await writeFile(file, counting(1));
  await withExecutor(
    async (executor) => {
      const results = async (path: string) => {
        const all = await Promise.all([1, 2, 3].map(() => executor.execute(path, 'run', [], 20, 64)));
        return all.map(({ result, error }) => Number(result ?? error)).toSorted((one, other) => one - other);
      };
      expect(await results(file)).toEqual([1, 2, 3]);
      expect(await results(counting(10))).toEqual([10, 20, 30]);
      await writeFile(file, counting(100));
      expect(await results(file)).toEqual([100, 200, 300]);
    },
    { warmMax: 1 },
  );
});

test('what is printed is told with the case that printed it, clipped, and what it took [F002-13] [F002-14]', async () => {
  await withExecutor(async (executor) => {
    const source = "export function run(text) { console.log(text); console.error('e' + text); return text.length; }\n";
    const say = (text: string) => executor.execute(source, 'run', [text], 20, 64);
    expect(await say('one')).toMatchObject({
      result: 3,
      stdout: 'one\n',
      stderr: 'eone\n',
      cpu_ms: expect.any(Number),
    });
    const many = await say('x'.repeat(100_000));
    expect(many).toMatchObject({ result: 100_000, stdout: 'x'.repeat(65_536) });
    expect(many.peak_rss_bytes).toBeGreaterThan(1_000_000);
  });
});

test('an implementation may answer what it likes, but not how long that took', async () => {
  await withExecutor(async (executor) => {
    const forged = `({ id }) => process.send({ id, json: '"early"', duration_ms: 0, stdout: 'forged' })`;
    const source = `process.on('message', ${forged}); export const run = async () => 'late';\n`;
    const run = () => executor.execute(source, 'run', [], 20, 64);
    expect(await run()).toMatchObject({ result: 'late' });
    const second = await run();
    expect(second).toMatchObject({ success: true, stdout: '' });
    expect(second.duration_ms).toBeGreaterThan(0);
  });
});

test('whoever waits when it is closed is told that the run was called off', async () => {
  await using standIn = await createDockerStandIn();
  const executor = createDockerExecutor({ ...PARTS, command: standIn.command });
  const run = (deed: 'answers' | 'hangs') => executor.execute(`${DEEDS[deed]}\n`, 'run', [1, 2], 20, 64);
  const running = [run('hangs'), run('hangs')];
  await expect.poll(standIn.calls).toEqual([expect.arrayContaining(['run'])]);
  await executor.close?.();
  for (const execution of await Promise.all(running))
    expect(execution).toMatchObject({ success: false, error_type: 'cancelled' });
  expect(await run('answers')).toMatchObject({ success: false, error_type: 'unavailable' });
});

test.for<[string, string]>([
  [
    "import { readFileSync } from 'node:fs'; export const run = () => readFileSync('/proc/' + process.ppid + '/environ', 'utf8');",
    'exception',
  ],
  [
    "import { writeFileSync } from 'node:fs'; export const run = () => writeFileSync('/proc/' + process.ppid + '/fd/1', 'x');",
    'exception',
  ],
  [
    "import { spawnSync } from 'node:child_process'; export const run = () => String(spawnSync('id').stdout);",
    'exception',
  ],
  [
    "export const run = () => { process.send({ id: 1, json: '7', error_type: 'infrastructure' }); throw new Error('mine'); };",
    'exception',
  ],
  ['JSON.stringify = () => \'{"forged":1}\'; export const run = () => () => 1;', 'parse_error'],
  ['export const run = () => { process.kill(process.ppid, "SIGKILL"); for (;;); };', 'out_of_memory'],
  [
    'export const run = () => { const kept = []; for (;;) kept.push(new Array(1e6).fill(kept.length)); };',
    'out_of_memory',
  ],
  ["throw new Error('at load');", 'exception'],
  ['export const other = 1;', 'exception'],
  ['this is no program', 'exception'],
])('code that means harm or is none ends its own run, held against it: %s', async ([source, type]) => {
  expect(await runOnce(source)).toMatchObject({ success: false, error_type: type });
});
