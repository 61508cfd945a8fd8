/**
 * `--backend` of `call`, `test` and `serve`: recorded by one, played back by the others, with real plugins in their sandboxes.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ContractOutcome, Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeFolder, run, serve, writePlugin, type Folder } from './cli-fixture.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const KEY = 'canary-49f0a7c1d2e8-key';

function tool(name: string, code: string): string {
  return `{ name: '${name}', description: 'Asks.', parameters: { type: 'object' }, execute: async (params, context) => { ${code} } }`;
}

let folder: Folder;
let cassette: string;
let weather: string;
let keyed: string;
let writer: string;
let at: string;
let asked = 0;
/** A service inside, which the operator of a server lets plugins reach. */
const service = createServer((request, response) => {
  asked += 1;
  response.end(JSON.stringify({ rain: true, path: request.url }));
});

beforeAll(async () => {
  folder = await makeFolder();
  cassette = join(folder.path, 'weather.json');
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  at = `127.0.0.1:${(service.address() as AddressInfo).port}`; // A TCP server has one.
  const get = (url: string, init = '{}'): string => `return await (await fetch(${url}, ${init})).json();`;
  const internet = { required_permissions: ['internet'], network: { allow: [at] } };
  weather = await writePlugin(join(folder.path, 'weather'), {
    name: 'weather',
    main: `export default { tools: [${tool('now', get(`'http://${at}/' + (params.path ?? 'now')`))}] };`,
    manifest: internet,
  });
  const headers = `{ headers: { authorization: 'Bearer ' + context.secrets.WEATHER_KEY } }`;
  keyed = await writePlugin(join(folder.path, 'keyed'), {
    name: 'keyed',
    main: `export default { tools: [${tool('now', get(`'https://api.example.com/now'`, headers))}] };`,
    manifest: {
      required_permissions: ['internet', 'secrets'],
      network: { allow: ['api.example.com:443'] },
      secrets: { WEATHER_KEY: { hosts: ['api.example.com:443'] } },
    },
  });
  writer = await writePlugin(join(folder.path, 'writer'), {
    name: 'writer',
    main: `export default { tools: [${tool('tell', `return (await context.llm.generate(params.prompt ?? 'Tell.')).text;`)},
      ${tool('twice', `return [(await context.llm.generate('1')).text, (await context.llm.generate('2')).text];`)}] };`,
    manifest: { required_permissions: ['llm'] },
  });
});
afterAll(async () => {
  await new Promise((done) => service.close(done));
  await folder[Symbol.asyncDispose]();
});

async function call(dir: string, name: string, more: readonly string[] = []): Promise<Outcome> {
  const { stdout } = await run(['call', dir, name, '--json', ...more]);
  return JSON.parse(stdout) as Outcome; // What the verb prints.
}

async function writeJson(name: string, value: unknown): Promise<string> {
  const file = join(folder.path, name);
  await writeFile(file, JSON.stringify(value));
  return file;
}

/** What a plugin sent and was answered, as a cassette has it. */
function exchange(url: string, headers: object, body: object): object {
  return {
    format: 1,
    exchanges: [
      {
        request: { method: 'GET', url, headers, body: { lines: [''] } },
        response: { status: 200, headers: { 'content-type': 'application/json' }, body: { json: body } },
      },
    ],
  };
}

test('what a server’s plugin fetches is recorded where that is asked for, and a folder’s call is answered from it', async () => {
  const env = { BULKHEAD__EGRESS__PRIVATE_HOSTS: at };
  const args = ['--plugins', weather, '--data', join(folder.path, 'data'), '--grant', 'weather=internet'];
  {
    await using served = await serve([...args, '--backend', `cassette:${cassette}`, '--record'], { env });
    const { token_file: tokenFile, url } = served.ready;
    const token = (await readFile(tokenFile ?? '', 'utf8')).trim();
    const { stdout } = await run(['call', 'weather', 'now', '--json', '--server', url, '--token', token]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, value: { rain: true, path: '/now' } });
  }
  expect(JSON.parse(await readFile(cassette, 'utf8'))).toMatchObject({
    exchanges: [{ request: { url: `http://${at}/now` } }],
  });
  const before = asked;
  const replayed = ['--grant', 'internet', '--backend', `cassette:${cassette}`];
  expect(await call(weather, 'now', replayed)).toMatchObject({ ok: true, value: { rain: true, path: '/now' } });
  expect(await call(weather, 'now', [...replayed, '--params', '{"path":"later"}'])).toMatchObject({
    ok: false,
    error: {
      kind: 'tool_error',
      message: expect.stringContaining('no exchange that is left of the cassette is GET') as string,
    },
  });
  expect(asked).toBe(before);
});

test('in replay the secrets of a folder have values of no matter', async () => {
  const url = 'https://api.example.com/now';
  const headers = { authorization: 'Bearer {{WEATHER_KEY}}' };
  const file = await writeJson('keyed.json', exchange(url, headers, { rain: false }));
  const replayed = ['--grant', 'internet,secrets', '--backend', `cassette:${file}`];
  expect(await call(keyed, 'now', replayed)).toMatchObject({ ok: true, value: { rain: false } });
});

test('a recording that a plugin made nothing of is a cassette without exchanges', async () => {
  const file = join(folder.path, 'new.json');
  const recorded = ['--grant', 'internet', '--backend', `cassette:${file}`, '--record'];
  // No operator lets this folder's plugin reach inside.
  expect(await call(weather, 'now', recorded)).toMatchObject({ ok: false });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ exchanges: [] });
});

test('a secret is given by the name of its variable, and none that was not named', async () => {
  const args = ['call', keyed, 'now', '--json', '--grant', 'internet,secrets'];
  const env = { WEATHER_KEY: KEY };
  const unnamed = JSON.parse((await run(args, { env })).stdout) as Outcome; // What the verb prints.
  expect(unnamed).toMatchObject({ ok: false, error: { code: 'SECRET_MISSING' } });
  const missing = await run([...args, '--secret', 'NOT_THERE'], { env });
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('names NOT_THERE') as string });
});

test('a language model answers as the script says, in its order or by its conditions', async () => {
  const answers = ['One.', { match: 'weather', text: 'Rain.' }, { text: 'Three.' }];
  const file = await writeJson('answers.json', answers);
  const scripted = ['--grant', 'llm', '--backend', `scripted:${file}`];
  expect(await call(writer, 'tell', scripted)).toMatchObject({ ok: true, value: 'One.' });
  expect(await call(writer, 'twice', scripted)).toMatchObject({ ok: true, value: ['One.', '2'] });
  expect(await call(writer, 'tell', ['--grant', 'llm'])).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('no plugin with a backend') as string },
  });
});

test('contract tests of a plugin are run with what stands in', async () => {
  const url = 'https://api.example.com/now';
  const file = await writeJson('contracts.json', exchange(url, {}, { rain: true }));
  const { code, stdout } = await run(['test', keyed, '--json', '--backend', `cassette:${file}`]);
  const report = JSON.parse(stdout) as { readonly ok: boolean; readonly contracts: readonly ContractOutcome[] }; // Its form.
  expect(report.contracts.filter(({ ok }) => !ok)).toEqual([]);
  expect([code, report.ok]).toEqual([0, true]);
});

test.for([
  [['call', '.', 'x', '--record'], '--record needs --backend cassette:FILE'],
  [['call', '.', 'x', '--backend', 'tape:x'], 'expected scripted:FILE, cassette:FILE'],
  [['call', '.', 'x', '--backend', 'scripted:nowhere.json'], 'nowhere.json, which --backend names, cannot be read'],
  [['call', 'served', 'now', '--backend', 'cassette:x.json'], '--backend is for a plugin folder'],
  [['test', '.', '--backend', 'fast'], 'expected scripted:FILE or cassette:FILE'],
  [['serve', '--backend', 'scripted:x.json'], 'a server takes no --backend scripted:FILE'],
] as const)('%s is wrong usage', async ([args, words]) => {
  expect(await run([...args], { cwd: folder.path })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(words) as string,
  });
});

test('a cassette that is not there is said', async () => {
  const { code, stderr } = await run(['call', weather, 'now', '--backend', 'cassette:nowhere.json']);
  expect(stderr).toContain('nowhere.json" cannot be read');
  expect(code).not.toBe(0);
  expect(existsSync('nowhere.json')).toBe(false);
});
