/** `bulkhead dev` as an author has it: a process, a folder that is saved into, lines that are typed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Finding } from '@bulkhead/protocol';
import { answering, makeFolder, run, start, writePlugin, type Folder, type Running } from './cli-fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

type Event = {
  readonly event: string;
  readonly url?: string;
  readonly token?: string | null;
  readonly token_file?: string | null;
  readonly version?: string;
  readonly tools?: readonly string[];
  readonly findings?: readonly Finding[];
  readonly serving?: string | null;
  readonly text?: string;
  readonly outcome?: { readonly ok: boolean; readonly value?: unknown };
  readonly lines?: readonly string[];
};

type Developed = AsyncDisposable &
  Running & {
    readonly dir: string;
    readonly events: () => readonly Event[];
    readonly type: (line: string) => void;
    readonly save: (name: string, text: string) => Promise<void>;
    /** Waits for the nth event of a kind. */
    readonly nth: (kind: string, count: number) => Promise<Event>;
  };

async function develop(folder: Folder, main: string, more: readonly string[] = []): Promise<Developed> {
  const dir = await writePlugin(folder.path, { name: 'edited', main, manifest: { main: 'main.ts' } });
  await writeFile(join(dir, 'main.ts'), main);
  const running = start(['dev', dir, '--json', ...more], { stdin: 'pipe' });
  const events = (): readonly Event[] =>
    running
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Event); // The tests look at what is inside.
  const nth = async (kind: string, count: number): Promise<Event> => {
    const found = (): readonly Event[] => events().filter(({ event }) => event === kind);
    await expect.poll(() => found().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
    return found()[count - 1] ?? { event: 'none' };
  };
  const dispose = async (): Promise<void> => {
    running.child.kill('SIGTERM');
    await running.ended;
  };
  return {
    ...running,
    dir,
    events,
    nth,
    type: (line) => void running.child.stdin?.write(`${line}\n`),
    save: (name, text) => writeFile(join(dir, name), text),
    [Symbol.asyncDispose]: dispose,
  };
}

async function ask({ url, token }: Event): Promise<unknown> {
  const response = await fetch(`${url}/v1/tools/edited/answer/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"params":{}}',
  });
  return ((await response.json()) as { readonly value?: unknown }).value; // The tests look at what is inside.
}

test('a saved file is served without a restart, on a loopback port with a token of its own', async () => {
  await using folder = await makeFolder();
  await using dev = await develop(folder, answering(1));
  const ready = await dev.nth('ready', 1);
  expect(ready).toMatchObject({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    token: expect.stringMatching(/^.{32,}$/),
    token_file: null,
  });
  expect(await dev.nth('loaded', 1)).toMatchObject({ plugin: 'edited', version: '1.0.0', tools: ['answer'] });
  expect(await ask(ready)).toBe(1);
  await dev.save('main.ts', answering(2));
  expect(await dev.nth('loaded', 2)).toMatchObject({ version: expect.stringMatching(/^1\.0\.0\+/) });
  expect(await ask(ready)).toBe(2);
});

const GOOD = answering(1);
const MANIFEST = `{"name":"edited","version":"1.0.0","description":"x","author":"x",\n"nmae":1}`;

test.each([
  ['a wrong manifest', 'plugin.json', MANIFEST, 'MANIFEST_INVALID', 'plugin.json#/nmae', 2],
  ['a syntax error', 'main.ts', `${GOOD}\nconst = 1;\n`, 'PARSE_ERROR', 'main.ts', 3],
  ['a throw at import', 'main.ts', `\nthrow new Error('boom');\n${GOOD}`, 'LOAD_FAILED', 'main.ts', 2],
  ['a forbidden import', 'main.ts', `import 'node:fs';\n${GOOD}`, 'IMPORT_REFUSED', 'main.ts', 1],
  ['a missing dependency', 'main.ts', `\n\nimport 'zood';\n${GOOD}`, 'PLUGIN_UNAVAILABLE', 'main.ts', 3],
])('%s is told with file, line and cure, the last good release serves, and mending brings it up', async (...row) => {
  const [, file, text, id, path, line] = row;
  await using folder = await makeFolder();
  await using dev = await develop(folder, GOOD);
  const ready = await dev.nth('ready', 1);
  await dev.nth('loaded', 1);
  await dev.save(file, text);
  const { findings, serving } = await dev.nth('failed', 1);
  expect(findings).toMatchObject([{ id, severity: 'error', path, line, hint: expect.stringMatching(/.{10}/) }]);
  expect(serving).toBe('1.0.0');
  expect(await ask(ready)).toBe(1);
  if (file === 'plugin.json')
    await writePlugin(folder.path, { name: 'edited', main: '', manifest: { main: 'main.ts' } });
  await dev.save('main.ts', answering(2));
  await dev.nth('loaded', 2);
  await expect.poll(() => ask(ready)).toBe(2);
});

test('a plugin that hangs at import is told of while it hangs, and its mending is served', async () => {
  await using folder = await makeFolder();
  await using dev = await develop(folder, GOOD);
  const ready = await dev.nth('ready', 1);
  await dev.nth('loaded', 1);
  await dev.save('main.ts', `for (;;);\n${GOOD}`);
  await dev.nth('waiting', 1);
  expect(await ask(ready)).toBe(1);
  const { findings } = await dev.nth('failed', 1);
  expect(findings).toMatchObject([{ id: 'INIT_TIMEOUT', path: 'main.ts', hint: expect.stringMatching(/.{10}/) }]);
  await dev.save('main.ts', answering(2));
  await dev.nth('loaded', 2);
  expect(await ask(ready)).toBe(2);
});

test('a plugin that is wrong from the start is served once it is mended', async () => {
  await using folder = await makeFolder();
  await using dev = await develop(folder, 'nonsense(');
  expect(await dev.nth('failed', 1)).toMatchObject({ serving: null });
  await dev.save('main.ts', answering(3));
  await dev.nth('loaded', 1);
  expect(await ask(await dev.nth('ready', 1))).toBe(3);
});

test('a type error is told with file, line and cure, and so is its end; what was saved is served', async () => {
  await using folder = await makeFolder();
  await using dev = await develop(folder, GOOD);
  await dev.nth('loaded', 1);
  await dev.save('main.ts', `${answering(2)}\nexport const wrong: number = 'text';\n`);
  expect((await dev.nth('types', 1)).findings).toMatchObject([
    { id: 'TYPE_ERROR', severity: 'error', path: 'main.ts', line: 3, message: expect.stringContaining('TS2322') },
  ]);
  expect(await ask(await dev.nth('ready', 1))).toBe(2);
  await dev.save('main.ts', answering(3));
  expect(await dev.nth('types', 2)).toEqual({ event: 'types', findings: [] });
});

const LOUD = `export default { tools: [{ name: 'add', description: 'Adds.',
  parameters: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
  execute({ a }, { logger }) { logger.info('adding'); console.log('printed'); return { sum: a + 1 }; } }] };`;

test('piped lines call tools, list them and end the server with 0; what the plugin says comes as it says it', async () => {
  await using folder = await makeFolder();
  await using dev = await develop(folder, LOUD);
  await dev.nth('loaded', 1);
  dev.type('add {"a":41}');
  expect(await dev.nth('outcome', 1)).toMatchObject({ tool: 'add', outcome: { ok: true, value: { sum: 42 } } });
  await dev.nth('log', 2);
  expect(dev.events().flatMap(({ event, text }) => (event === 'log' ? [text] : []))).toEqual(
    expect.arrayContaining(['adding', 'printed']),
  );
  dev.type('.tools');
  expect(await dev.nth('said', 1)).toEqual({ event: 'said', lines: ['add {"a":2}  Adds.'] });
  dev.type('ad {}');
  expect((await dev.nth('said', 2)).lines).toEqual(['there is no tool ad; did you mean add; it offers add']);
  dev.type('.reload');
  await dev.nth('loaded', 2);
  dev.type('.quit');
  expect(await dev.ended).toMatchObject({ code: 0, stderr: 'measuring the sandbox ...\n' });
});

test('for people the events are lines: where it serves, what loaded, outcomes, and what to mend', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'shown', main: answering(7) });
  const running = start(['dev', dir], { stdin: 'pipe' });
  await expect.poll(() => running.stdout(), { timeout: 30_000 }).toContain('● shown 1.0.0  answer');
  running.child.stdin?.write('answer\n');
  await expect.poll(() => running.stdout()).toMatch(/^7\nok \d+ ms$/m);
  await writeFile(join(dir, 'main.js'), 'throw new Error("no");');
  await expect.poll(() => running.stdout(), { timeout: 30_000 }).toMatch(/● not loaded {2}1\.0\.0 goes on serving/);
  expect(running.stdout()).toMatch(/^main\.js:1 {2}error {2}LOAD_FAILED {2}Error: no$/m);
  running.child.stdin?.write('.quit\n');
  const { code, stdout } = await running.ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001B');
});

test('with --data the token and what was configured outlive the server', async () => {
  await using folder = await makeFolder();
  const data = ['--data', join(folder.path, 'data')];
  const first = await develop(folder, GOOD, data);
  expect(await first.nth('ready', 1)).toMatchObject({ token: null, token_file: join(folder.path, 'data/token') });
  await first.nth('loaded', 1);
  await first[Symbol.asyncDispose]();
  await using second = await develop(folder, GOOD, data);
  expect(await second.nth('loaded', 1)).toMatchObject({ version: '1.0.0' });
});

/** Gives the server a task, and does it as a worker would. */
async function giveAndDo({ url, token }: Event): Promise<void> {
  const send = async (method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return (await response.json()) as Readonly<Record<string, unknown>>; // The tests look at what is inside.
  };
  const { id } = await send('POST', '/v1/tasks', { kind: 'render', requires: ['cpu'] });
  const claim = { worker_id: 'w1', tags: ['cpu'], lease_ms: 60_000, wait_ms: 0 };
  const { lease } = await send('POST', '/v1/worker/claim', claim);
  const by = { worker_id: 'w1', handler_version: 'render 1.0.0', image_tag: 'test' };
  const result = { ...by, task_id: id, status: 'ok', data: {}, created_at: '2026-01-01T12:00:00Z', attempts: 1 };
  expect(await send('POST', '/v1/worker/complete', { lease, result })).toEqual({ lease: 'held' });
  expect(await send('GET', `/v1/tasks/${String(id)}?wait_ms=30000`)).toMatchObject({ state: 'done' });
  const cancelled = String((await send('POST', '/v1/tasks', { kind: 'render' }))['id']);
  await send('DELETE', `/v1/tasks/${cancelled}`);
  expect(await send('GET', '/api/v1/audit')).toMatchObject({
    entries: expect.arrayContaining([
      expect.objectContaining({ action: 'task.cancel', resource: `task ${cancelled}`, actor: 'platform' }),
    ]),
  });
}

test.each([
  ['in memory', []],
  ['in the data folder', ['--data', 'data']],
])('it has a queue, %s: a task is given, done by a worker, and cancelled', async (_where, more) => {
  await using folder = await makeFolder();
  const line = more.map((word) => (word === 'data' ? join(folder.path, word) : word));
  await using dev = await develop(folder, GOOD, line);
  const ready = await dev.nth('ready', 1);
  await giveAndDo({ ...ready, token: ready.token ?? (await readFile(join(folder.path, 'data/token'), 'utf8')).trim() });
  dev.type('.quit');
  expect((await dev.ended).code).toBe(0);
});

test('a folder that is not there is wrong usage', async () => {
  const { code, stderr } = await run(['dev', './not-there']);
  expect(stderr).toContain('./not-there is no folder');
  expect(code).toBe(2);
});
