/**
 * The docker executor against a real daemon, by `npm run verify:docker`: the suite that every executor passes, and that docker keeps what
 * the arguments promise. It asks for a daemon and for an image node:26, so it is no part of `npm test`.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createDockerExecutor } from './docker-executor.ts';
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
/** What no working program takes as long as, on a busy machine. */
const PATIENT_S = 40;

const run = promisify(execFile);
const docker = async (...args: readonly string[]): Promise<string> => (await run('docker', args)).stdout.trim();
const containers = async (): Promise<readonly string[]> =>
  (await docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);

async function withExecutor<T>(use: (executor: Executor) => Promise<T>): Promise<T> {
  const executor = createDockerExecutor(PARTS);
  try {
    return await use(executor);
  } finally {
    await executor.close?.();
  }
}

testExecutorConformance('docker', () => {
  const executor = createDockerExecutor(PARTS);
  return Promise.resolve({
    executor,
    implementation: (deed) => `${DEEDS[deed]}\n`,
    [Symbol.asyncDispose]: async () => executor.close?.(),
  });
});

test('the daemon holds a container to what its arguments promise [X002-12] [X000-17]', async () => {
  await withExecutor(async (executor) => {
    await executor.execute(`${DEEDS.answers}\n`, 'run', [1, 2], PATIENT_S, 64);
    const [id, ...others] = await containers();
    expect(others).toEqual([]);
    const [inspected]: unknown[] = JSON.parse(await docker('inspect', id ?? ''));
    const megabytes = 1_048_576;
    expect(inspected).toMatchObject({
      Config: { User: '65534:65534', Image: 'node:26' },
      HostConfig: {
        ...{ NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], PidsLimit: 128, Privileged: false },
        ...{ SecurityOpt: ['no-new-privileges'], Memory: 192 * megabytes, MemorySwap: 192 * megabytes, Binds: null },
      },
    });
  });
  expect(await containers()).toEqual([]);
});

const outcomeOf = (source: string, memMb = 64): Promise<Execution> =>
  withExecutor((executor) => executor.execute(`${source}\n`, 'run', [], PATIENT_S, memMb));

test.for<[deed: string, source: string, type: string]>([
  [
    'fills its memory',
    'export const run = () => { const kept = []; for (;;) kept.push(Buffer.alloc(1e6, 1)); };',
    'out_of_memory',
  ],
  [
    'reads the accounts',
    "import { readFileSync } from 'node:fs'; export const run = () => readFileSync('/etc/passwd', 'utf8');",
    'exception',
  ],
  [
    'writes a file',
    "import { writeFileSync } from 'node:fs'; export const run = () => writeFileSync('/tmp/x', 'x');",
    'exception',
  ],
  [
    'starts a process',
    "import { spawnSync } from 'node:child_process'; export const run = () => String(spawnSync('id').stdout);",
    'exception',
  ],
])('an implementation that %s ends its own run, and no container is left [X002-12]', async ([, source, type]) => {
  expect(await outcomeOf(source)).toMatchObject({ success: false, error_type: type });
  expect(await containers()).toEqual([]);
});

test('whoever asks cannot be killed from within, for it is the first process of its container', async () => {
  const source = 'export const run = () => (process.kill(process.ppid, "SIGKILL"), "it goes on");';
  expect(await outcomeOf(source)).toMatchObject({ success: true, result: 'it goes on' });
});

test('there is nobody to connect to', async () => {
  const source = `import { connect } from 'node:net';
    export const run = () => new Promise((resolve) => connect(53, '1.1.1.1').on('error', ({ code }) => resolve(code)).on('connect', () => resolve('connected')));`;
  expect(await outcomeOf(source)).toMatchObject({
    success: true,
    result: expect.stringMatching(/^(ENETUNREACH|ERR_ACCESS_DENIED)$/),
  });
});

test('whoever is killed while a container runs leaves none', async () => {
  const program = `
    const { createDockerExecutor } = await import(${JSON.stringify(new URL('docker-executor.ts', import.meta.url).href)});
    const executor = createDockerExecutor({
      clock: performance, createNonce: () => 'nonce'.repeat(6),
      startTimer: (ms, run) => { const timer = setTimeout(run, ms); return () => clearTimeout(timer); },
    });
    await executor.execute(${JSON.stringify(`${DEEDS.answers}\n`)}, 'run', [1, 2], ${PATIENT_S}, 64);
    console.log('warm');
    await executor.execute(${JSON.stringify(`${DEEDS.hangs}\n`)}, 'run', [], 600, 64);`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', program]);
  await once(child.stdout, 'data');
  await expect.poll(async () => (await containers()).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(containers).toEqual([]);
});
