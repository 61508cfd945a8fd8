/**
 * The security review of handlers at run time: what it asks of an author the sandbox and the tags enforce.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHost, withImpliedTags, type AuditedResult, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { discoverHandlers } from './discover-handlers.ts';
import { createHandlerFolders, handlerSource, taskOf, type HandlerFolders } from './handlers.fixture.ts';
import { runTask } from './run-task.ts';

let host: Host;
let folders: HandlerFolders;
let server: Server;
let address: string;
let requests = 0;

/** Asks the address that the task names, in every way there is. */
const ASK = `
  const said = [];
  const { address } = task.payload;
  try { said.push('fetch ' + (await fetch('http://' + address)).status); } catch (error) { said.push('fetch refused'); }
  try { dial(address); said.push('net'); } catch { said.push('net refused'); }
  try { new WebSocket('ws://' + address); said.push('socket'); } catch { said.push('socket refused'); }
  return done(task, 'ok', { said });`;
const DIALLER = `import { connect } from 'node:net';
export const dial = (address) => connect(Number(address.split(':')[1]), '127.0.0.1');`;
const KEEP = `
  const { writeFile } = await import('node:fs/promises');
  const file = context.tempDir + '/kept.txt';
  await writeFile(file, 'secret');
  return done(task, 'ok', { file });`;
const entry = (name: string): object => ({ entry_points: { task_handlers: { [name]: './main.ts#Run' } } });

beforeAll(async () => {
  folders = await createHandlerFolders();
  server = createServer((_request, response) => {
    requests += 1;
    response.end('leaked');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens on TCP.
  host = await createHost({ spareCount: 0, privateHosts: [address] });
  await host.install(await writeAsking('quiet', ['cpu'], entry('quiet')));
  const online = { ...entry('online'), required_permissions: ['internet'], network: { allow: [address] } };
  await host.install(await writeAsking('online', ['cpu', 'internet'], online), { grant: ['internet'] });
});

/** What the review refuses in its own files, it does in a dependency, of which the review only warns. */
async function writeAsking(name: string, provides: readonly string[], manifest: object): Promise<string> {
  const code = `import { dial } from 'dialler';\n${handlerSource('Run', { provides, handle: ASK })}`;
  const dir = await folders.write(name, code, manifest);
  const dialler = join(dir, 'node_modules/dialler');
  await mkdir(dialler, { recursive: true });
  await writeFile(
    join(dialler, 'package.json'),
    '{"name":"dialler","version":"1.0.0","license":"MIT","type":"module"}',
  );
  await writeFile(join(dialler, 'index.js'), DIALLER);
  return dir;
}

afterAll(async () => {
  await host.close();
  server.close();
  await folders[Symbol.asyncDispose]();
});

async function run(on: Host, requires: readonly string[], allow: readonly string[]): Promise<AuditedResult> {
  return runTask(taskOf({ payload: { address }, requires }), {
    ...{ host: on, tenant: 'default', ...(await discoverHandlers(on, { tenant: 'default', allow })) },
    ...{ workerTags: withImpliedTags(['cpu', 'internet']), workerId: 'w', imageTag: 'here', clock: { now: () => 0 } },
  });
}

test('a handler without the tag internet reaches no address, and nobody hears of it [F000-44] [X000-33]', async () => {
  const { status, data, handler_version } = await run(host, ['cpu'], ['quiet']);
  expect({ status, handler_version }).toEqual({ status: 'ok', handler_version: 'quiet 1.0.0' });
  expect(data['said']).toEqual(['fetch refused', 'net refused', 'socket refused']);
  expect(requests).toBe(0);
});

test('one whose manifest allows a host, and that was granted internet, reaches that host [F000-44]', async () => {
  const { status, data, handler_version } = await run(host, ['internet'], ['online', 'quiet']);
  expect({ status, handler_version }).toEqual({ status: 'ok', handler_version: 'online 1.0.0' });
  expect(data['said']).toContain('fetch 200');
  expect(requests).toBeGreaterThan(0);
});

test('temporary files of a handler are gone with its host [F000-46]', async () => {
  const own = await createHost({ spareCount: 0 });
  const source = handlerSource('Run', { handle: KEEP }).replace('handle(task: any)', 'handle(task: any, context: any)');
  const dir = await folders.write('keeper', source, { ...entry('keeper'), required_permissions: ['temp_dir'] });
  await own.install(dir, { grant: ['temp_dir'] });
  const { status, data } = await run(own, ['cpu'], ['keeper']);
  const file = data['file'] as string; // As the handler above has it.
  expect({ status, file }).toEqual({ status: 'ok', file: expect.stringContaining('kept.txt') });
  await own.close();
  expect(existsSync(file)).toBe(false);
});
