/**
 * `bulkhead render` with the handler that comes with the command, and a queue that speaks as the server's does.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, type Ended, type Folder } from './cli-fixture.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, 'hello.txt.tmpl'), 'Hello, {{name}}.\n{{#list}}\n- {{.}}\n{{/list}}\n');
  await writeFile(join(folder.path, 'vars.json'), '{"name": "Ada", "list": [1, 2]}');
  await writeFile(join(folder.path, 'sort.py'), 'def sort(items):\n    return items\n');
  await mkdir(join(folder.path, 'build'));
});
afterAll(() => folder[Symbol.asyncDispose]());

const RENDERED = 'Hello, Ada.\n- 1\n- 2\n';
function render(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return run(['render', '--template', 'hello.txt.tmpl', ...line.split(' ')], { cwd: folder.path, env });
}

test('a template is rendered by the handler that comes with the command [X000-18] [X000-20]', async () => {
  expect(await render('--vars vars.json')).toEqual({ code: 0, signal: null, stdout: RENDERED, stderr: '' });
  const { code, stdout } = await render('--vars {"name":"Bob","list":[]} --out build/ --sync --json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    rendered: 'Hello, Bob.\n',
    output: 'build/hello.txt',
    execution: expect.objectContaining({
      status: 'ok',
      handler_version: 'render 1.0.0',
      data: { rendered: 'Hello, Bob.\n', dest: 'build/hello.txt' },
    }),
  });
  expect(await readFile(join(folder.path, 'build/hello.txt'), 'utf8')).toBe('Hello, Bob.\n');
  expect(await render('--vars vars.json --out a.txt')).toMatchObject({ code: 0, stderr: 'a.txt: 20 characters\n' });
  expect(await readFile(join(folder.path, 'a.txt'), 'utf8')).toBe(RENDERED);
});

test('a dry run writes nothing', async () => {
  expect(await render('--vars vars.json --out dry.txt --dry-run')).toMatchObject({ code: 0, stdout: RENDERED });
  expect(await readdir(folder.path)).not.toContain('dry.txt');
});

test('a variable that is missing ends with 1 and is named, and nothing is written', async () => {
  const { code, stderr } = await render('--vars {"list":[]} --out none.txt');
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('line 1: there is no variable name') });
  expect(await readdir(folder.path)).not.toContain('none.txt');
});

test.each([
  ['--vars gone.json', 'gone.json'],
  ['--vars {"a"', '--vars is not JSON'],
  ['--vars vars.json --sync --queue', 'name one'],
  ['--vars vars.json --wait', '--wait is for --queue'],
  ['--vars vars.json --out no/where.txt', 'no/where.txt cannot be written (ENOENT)'],
  ['--template gone.tmpl', 'gone.tmpl cannot be read'],
])('%s ends with 2', async (line, message) => {
  expect(await render(line)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

type Queue = AsyncDisposable & { readonly url: string; readonly asked: readonly Asked[] };
type Asked = {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly body: JsonObject | null;
};

/** A server that takes tasks and has done them at the second time of asking. */
async function openQueue(answer: JsonObject): Promise<Queue> {
  const asked: Asked[] = [];
  let looks = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headers } = request;
      asked.push({
        method,
        url,
        token: headers.authorization ?? '',
        body: body === '' ? null : (JSON.parse(body) as JsonObject),
      });
      if (method === 'GET') looks += 1;
      const view = looks === 1 ? { state: 'active' } : answer;
      response.writeHead(method === 'POST' ? 202 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(method === 'POST' ? { id: 'abcdef0123456789' } : view));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

test('with --queue the task is given to the server, and its id is the result [X000-20]', async () => {
  await using queue = await openQueue({});
  const ended = await render('--vars vars.json --out build/ --queue', {
    BULKHEAD_SERVER: queue.url,
    BULKHEAD_TOKEN: 'mine',
  });
  expect(ended).toEqual({ code: 0, signal: null, stdout: 'abcdef0123456789\n', stderr: '' });
  expect(queue.asked).toEqual([
    {
      ...{ method: 'POST', url: '/v1/tasks', token: 'Bearer mine' },
      body: {
        kind: 'render',
        requires: ['cpu'],
        payload: {
          template: expect.stringContaining('{{name}}'),
          vars: { name: 'Ada', list: [1, 2] },
          dest: 'build/hello.txt',
        },
      },
    },
  ]);
});

test('with --wait what came of it is written', async () => {
  await using queue = await openQueue({ state: 'done', result: { status: 'ok', data: { rendered: 'by a worker' } } });
  const ended = await render(`--vars vars.json --out b.txt --queue --wait --json --server ${queue.url} --token mine`);
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    id: 'abcdef0123456789',
    state: 'done',
    rendered: 'by a worker',
    output: 'b.txt',
  });
  expect(await readFile(join(folder.path, 'b.txt'), 'utf8')).toBe('by a worker');
  expect(queue.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /v1/tasks',
    'GET /v1/tasks/abcdef0123456789?wait_ms=1000',
    'GET /v1/tasks/abcdef0123456789?wait_ms=30000',
  ]);
});

test('a task that is dead ends with 1 and its reason', async () => {
  await using queue = await openQueue({ state: 'dead', reason: 'no attempt is left' });
  const { code, stderr } = await render(`--vars vars.json --queue --wait --server ${queue.url} --token mine`);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('the task is dead: no attempt is left'),
  });
});

const mutate = (line: string): Promise<Ended> =>
  run(['mutate', ...`--target-file sort.py --entry-fn sort ${line}`.split(' ')], { cwd: folder.path });

test('a mutation can be given to the queue, too, and is shown and written with --wait [X000-20]', async () => {
  const data = {
    source: 'def sort(items):\n    return sorted(items)\n',
    diff: '--- a/sort.py\n+++ b/sort.py\n@@ -2,1 +2,1 @@\n-    return items\n+    return sorted(items)\n',
    summary: { lines_added: 1, lines_removed: 1, hunks: 1 },
    ...{ usage: { input_tokens: 9, output_tokens: 4, cost_usd: 0 }, refusals: [], execute_task: null },
  };
  const done = { state: 'done', result: { status: 'ok', data, handler_version: 'patch_mutator 1.0.0' } };
  await using queue = await openQueue(done);
  const { code, stdout, stderr } = await mutate(`--queue --wait --backend mock --server ${queue.url} --token mine`);
  expect(code).toBe(0);
  expect(stdout).toContain('+    return sorted(items)');
  expect(stderr).toContain('sort_mutated.py: 1 line added, 1 removed, in 1 hunk');
  expect(stderr).toContain('done by patch_mutator 1.0.0');
  expect(await readFile(join(folder.path, 'sort_mutated.py'), 'utf8')).toBe(data.source);
  expect(queue.asked[0]?.body).toEqual({
    kind: 'mutate',
    requires: ['cpu', 'llm'],
    payload: { source: 'def sort(items):\n    return items\n', entry_fn: 'sort', file: 'sort.py', backend: 'mock' },
  });
});

test('a dry run prints the task in place of giving it, and asks no server', async () => {
  const { code, stdout } = await mutate('--queue --dry-run');
  expect({ code, task: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    task: { kind: 'mutate', requires: ['cpu', 'llm'] },
  });
});
