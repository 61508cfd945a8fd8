import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, writePlugin, TOKEN, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `export default { tools: [
  { name: 'say', description: 'Says it everywhere.', parameters: { type: 'object' }, execute: ({ text }, context) => {
    context.logger.warn('logged ' + text, { about: text });
    console.log('printed ' + text);
    console.error('\\u001b[31mcomplained\\u001b[0m ' + text);
    return {};
  } },
  { name: 'fail', description: 'Throws.', parameters: { type: 'object' }, execute: () => { throw new Error('no such city'); } },
  { name: 'exit', description: 'Dies.', parameters: { type: 'object' }, execute: () => { void Promise.reject(new Error('lost')); return new Promise(() => undefined); } },
] };`;

let started: TestServer;
let admin: Admin;
let plugin: TestPlugin;
beforeAll(async () => {
  plugin = await writePlugin('talker', MAIN);
  started = await startServer();
  await started.host.install(plugin.dir, { tenant: 'default' });
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

type Line = {
  readonly source: string;
  readonly level: string | null;
  readonly text: string;
  readonly cursor: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly call_id: string | null;
};
type Page = { readonly lines: readonly Line[]; readonly next: string; readonly has_gap: boolean };
type Tenant = {
  readonly id: string;
  readonly token: string;
  readonly call: (tool: string, text?: string) => Promise<string>;
  readonly logs: (query?: string) => Promise<Page>;
};

const LOGS = '/api/v1/plugins/talker/logs';

/** A new tenant that has the plugin; `call` resolves once the lines of the call are in the log. */
async function newTenant(name: string): Promise<Tenant> {
  const id = await admin.makeTenant(name);
  const token = await admin.makeToken(id, 'admin');
  await admin.ask('POST', '/api/v1/plugins/talker/enable', { token });
  const logs = async (query = ''): Promise<Page> =>
    (await admin.ask('GET', LOGS + query, { token })).body as unknown as Page; // Its schema.
  const call = async (tool: string, text = ''): Promise<string> => {
    const { body } = await admin.ask('POST', `/v1/tools/talker/${tool}/call`, { token, body: { params: { text } } });
    return (body['call'] as { readonly call_id: string }).call_id; // Its schema.
  };
  return { id, token, call, logs };
}

test('a tenant’s admin reads what the plugin logged and printed for it, clean, and nobody else’s lines', async () => {
  const acme = await newTenant('acme');
  const paper = await newTenant('paper');
  await acme.call('say', 'A');
  await paper.call('say', 'B');
  const said = async ({ logs }: Tenant) =>
    (await logs()).lines
      .filter(({ source }) => source !== 'state')
      .map(({ source, level, text }) => [source, level, text]);
  await expect
    .poll(() => said(acme).then((lines) => lines.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))))
    .toEqual([
      ['logger', 'warn', 'logged A'],
      ['stderr', null, 'complained A'],
      ['stdout', null, 'printed A'],
    ]);
  await expect.poll(() => said(paper).then((lines) => lines.length)).toBe(3);
  expect(JSON.stringify(await paper.logs())).not.toContain(' A');
  const asPlatform = await admin.ask('GET', LOGS, { headers: { 'x-bulkhead-tenant': 'paper' } });
  expect(asPlatform.body).toEqual(await paper.logs());
  expect(JSON.stringify((await admin.ask('GET', LOGS)).body)).not.toMatch(/printed [AB]/);
});

test('what went wrong is in the log: the error with its stack, the death, the transition with its reason', async () => {
  const acme = await newTenant('failing');
  const failed = await acme.call('fail');
  await acme.call('exit');
  await expect
    .poll(async () => (await acme.logs()).lines.map(({ source, level, text }) => `${source} ${level} ${text}`))
    .toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^host error .*no such city/),
        expect.stringMatching(/^host error an instance ended: GUEST_/),
        expect.stringMatching(/^state error RUNNING -> FAILED: .*no such city/),
        expect.stringMatching(/^state info LOADED -> INITIALIZED/),
      ]),
    );
  const thrown = (await acme.logs()).lines.find(({ text }) => text.includes('no such city'));
  expect(thrown).toMatchObject({ call_id: failed, fields: { code: 'PLUGIN_THREW' } });
  expect(thrown?.fields?.['stack']).toMatch(/at .*main\.js:\d+/);
});

test('a tenant reads of its errors while the plugin fails for another one all the time', async () => {
  const loud = await newTenant('loud');
  const quiet = await newTenant('quiet');
  await quiet.call('say', 'ready');
  let isOver = false;
  const flood = (async () => {
    while (!isOver) await loud.call('fail');
  })();
  const failed = await quiet.call('fail');
  isOver = true;
  await flood;
  const lines = (await quiet.logs()).lines.filter(({ call_id }) => call_id === failed);
  expect(lines).toMatchObject([{ source: 'host', level: 'error', fields: { code: 'PLUGIN_THREW' } }]);
});

test('pages go on after a cursor; one of an earlier server begins again and says that lines are missing', async () => {
  const acme = await newTenant('pages');
  for (const text of ['1', '2', '3']) await acme.call('say', text);
  await expect
    .poll(async () => (await acme.logs('?limit=1000')).lines.filter(({ text }) => text.endsWith('3')))
    .toHaveLength(3);
  const all = await acme.logs();
  expect(all.next).toBe(all.lines.at(-1)?.cursor);
  const first = await acme.logs(`?after=${all.lines[0]?.cursor}&limit=2`);
  expect(first).toEqual({ lines: all.lines.slice(1, 3), next: all.lines[2]?.cursor, has_gap: false });
  expect(await acme.logs(`?after=${first.next}`)).toEqual({
    lines: all.lines.slice(3),
    next: all.next,
    has_gap: false,
  });
  expect((await acme.logs('?limit=2')).lines).toEqual(all.lines.slice(-2));
  expect(await acme.logs(`?after=${all.next}`)).toEqual({ lines: [], next: all.next, has_gap: false });
  expect(await acme.logs('?after=00000000.7')).toMatchObject({ lines: all.lines, has_gap: true });
});

test('a query that does not fit is 422 and names its field; an unknown plugin 404; a lower role 403', async () => {
  const { token, id } = await newTenant('refused');
  for (const query of ['limit=0', 'limit=x', 'after=7', 'follow=yes'])
    expect(await admin.ask('GET', `${LOGS}?${query}`, { token })).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED', detail: expect.stringMatching(/^the query’s field "(limit|after|follow)"/) },
    });
  expect(await admin.ask('GET', '/api/v1/plugins/ghost/logs', { token })).toMatchObject({
    status: 404,
    body: { detail: "Plugin 'ghost' is not registered for this tenant" },
  });
  expect(await admin.ask('GET', '/api/v1/plugins/ghost/logs')).toMatchObject({ status: 404 });
  for (const role of ['viewer', 'operator', 'worker'])
    expect(await admin.ask('GET', LOGS, { token: await admin.makeToken(id, role) })).toMatchObject({ status: 403 });
});

type Stream = AsyncDisposable & {
  readonly status: number;
  readonly text: () => string;
  readonly ended: Promise<void>;
};

/** Follows a log; disposing it goes away as a client does. */
async function openStream(
  token: string,
  headers: Readonly<Record<string, string>> = {},
  url = started.url,
): Promise<Stream> {
  const gone = new AbortController();
  const response = await fetch(`${url}${LOGS}?follow=true`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: gone.signal,
  });
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  };
  const ended = read().catch(() => undefined); // Its own abort.
  return {
    status: response.status,
    text: () => text,
    ended,
    [Symbol.asyncDispose]: async () => {
      gone.abort();
      await ended;
    },
  };
}

test('followed, lines come as events with their cursors, and a client that comes back goes on where it was', async () => {
  const acme = await newTenant('follower');
  await using first = await openStream(acme.token);
  await acme.call('say', 'one');
  await expect.poll(first.text).toMatch(/id: [0-9a-f]{8}\.\d+\ndata: \{.*"text":"printed one".*\}\n\n/);
  for (const last of ['complained one', 'logged one', 'RUNNING -> INITIALIZED'])
    await expect.poll(first.text).toContain(last);
  const ids = [...first.text().matchAll(/^id: (.+)$/gm)].map((match) => match[1] ?? '');
  await first[Symbol.asyncDispose]();
  await acme.call('say', 'two');
  await using second = await openStream(acme.token, { 'last-event-id': ids.at(-1) ?? '' });
  await expect.poll(second.text).toContain('complained two');
  expect(second.text()).not.toMatch(/one|gap/);
  await using late = await openStream(acme.token, { 'last-event-id': '00000000.3' });
  await expect.poll(late.text).toMatch(/^event: gap\ndata: \{\}\n\nid: .+\ndata: .+/);
});

test('a tenant has a bounded number of streams, and those of clients that went away are not counted', async () => {
  const { token } = await newTenant('many');
  const other = await newTenant('few');
  await using streams = new AsyncDisposableStack();
  const opened: Stream[] = [];
  for (let count = 0; count < 16; count += 1) opened.push(streams.use(await openStream(token)));
  expect((await openStream(token)).status).toBe(429);
  expect(await admin.ask('GET', `${LOGS}?follow=true`, { token })).toMatchObject({
    status: 429,
    body: { code: 'HOST_OVERLOADED', detail: '16 streams of log lines are open already' },
  });
  streams.use(await openStream(other.token));
  await opened[0]?.[Symbol.asyncDispose]();
  await expect
    .poll(async () => {
      const again = streams.use(await openStream(token));
      return again.status;
    })
    .toBe(200);
});

test('a server that drains ends its streams, and so closes', async () => {
  await using own = await startServer({ plugins: [plugin.dir] });
  await using stream = await openStream(TOKEN, {}, own.url);
  await expect.poll(stream.text).toContain('INITIALIZED');
  await own.server.close();
  await stream.ended;
});
