import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertNothingLeaks, findLeaks, GUEST_MARKER, openRun, type Run, runEnvironment } from './leak-guard.ts';

const LISTENER = `
  require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;
const WAITER = `console.log('up'); setInterval(() => {}, 1e6);`;

let run: Run;
let children: ChildProcess[];

beforeEach(async () => {
  run = await openRun();
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map(end));
  await assertNothingLeaks(run);
});

test('a child that carries the mark of the run is a leak until it has ended', async () => {
  const child = await start(WAITER, { env: { ...process.env, ...runEnvironment(run) } });
  expect(await findLeaks(run)).toContainEqual(lineOf(child));
  await end(child.process);
  expect(await findLeaks(run)).not.toContainEqual(lineOf(child));
});

test('the port on which a child of the run listens is named', async () => {
  const child = await start(LISTENER, { env: { ...process.env, ...runEnvironment(run) } });
  expect(await findLeaks(run)).toContain(`listening port ${child.firstLine}`);
});

test('a guest is found by its marker although its environment is empty', async () => {
  const guest = await start(WAITER, { env: {}, args: [GUEST_MARKER] });
  expect(await findLeaks(run)).toContainEqual(lineOf(guest));
});

test('a guest that was there before the run is not the run’s leak', async () => {
  const guest = await start(WAITER, { env: {}, args: [GUEST_MARKER] });
  const later = await openRun();
  expect(await findLeaks(later)).not.toContainEqual(lineOf(guest));
  await assertNothingLeaks(later);
});

test('a file left in the temporary folder is named, and the folder is removed all the same', async () => {
  const broken = await openRun();
  await writeFile(join(broken.directory, 'left.txt'), 'x');
  await expect(assertNothingLeaks(broken, 0)).rejects.toThrow(`file ${join(broken.directory, 'left.txt')}`);
  await expect(access(broken.directory)).rejects.toThrow('ENOENT');
});

function lineOf(started: Started): unknown {
  return expect.stringMatching(`^process ${started.process.pid}: `);
}

type Started = { readonly process: ChildProcess; readonly firstLine: string };

async function start(code: string, { env, args = [] }: { env: NodeJS.ProcessEnv; args?: string[] }): Promise<Started> {
  const child = spawn(process.execPath, ['-e', code, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk] = await once(child.stdout, 'data');
  return { process: child, firstLine: String(chunk).trim() };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
