/**
 * A real server on a real host with real guests, for the tests beside this file; and bytes on a raw socket, for what no
 * well-behaved client sends.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, createMemoryStorage, type Host, type Storage, type TaskQueue } from '@bulkhead/host';
import { createFailingStorage, type FailingStorage } from '@bulkhead/host/testing';
import type { Outcome, PluginHealth } from '@bulkhead/protocol';
import { openTestStorage } from '@bulkhead/store/testing';
import { createServer, type PublicReasons, type Server } from './server.ts';

/** The repository's own plugins. */
export const REPOSITORY = join(import.meta.dirname, '../../..');
/** A platform token. */
export const TOKEN = 'a-platform-token-that-is-long-enough';

/** One line of the log. */
export type LogLine = {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** A server under test; `port` is where raw sockets connect. */
export type TestServer = AsyncDisposable & {
  readonly host: Host;
  readonly server: Server;
  readonly storage: FailingStorage;
  readonly url: string;
  readonly port: number;
  readonly logged: readonly LogLine[];
};

/** What a test changes; `at` is the address to bind. */
export type TestServerOptions = {
  readonly plugins?: readonly string[];
  readonly publicReasons?: PublicReasons;
  readonly at?: string;
  /** Opened for the server, which closes it; in memory where it is left out. */
  readonly storage?: Storage;
  /** The queue of its tasks, which the test closes; none where it is left out. */
  readonly tasks?: TaskQueue;
  /** What its plugins may reach inside, too. */
  readonly privateHosts?: readonly string[];
  /** Whether it lends recorded calls to repairs. */
  readonly lendsRecordings?: boolean;
};

/** Where a server's state may be, each with how a test opens one. */
export const STORAGES: readonly (readonly [where: string, open: () => Promise<Storage>])[] = [
  ['in memory', async () => createMemoryStorage()],
  ['on PGlite', () => openTestStorage('pglite')],
  ['on PostgreSQL', () => openTestStorage('postgres')],
];

/** Starts host and server with the plugin folders that are named. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const logged: LogLine[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    logged.push({ level, message, fields: { ...fields } });
  };
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const storage = createFailingStorage(options.storage ?? createMemoryStorage());
  const { privateHosts = [] } = options;
  const host = await createHost({ storage, log, privateHosts });
  for (const dir of options.plugins ?? []) await host.install(dir);
  const { publicReasons = 'auto', at = '127.0.0.1', tasks, lendsRecordings = false } = options;
  const given = { host, log, token: TOKEN, publicReasons, lendsRecordings };
  const server = await createServer({ ...given, ...(tasks !== undefined && { tasks }) });
  const { url } = await server.listen({ host: at, port: 0 });
  const close = async (): Promise<void> => {
    await server.close();
    await host.close();
  };
  return { host, server, storage, url, port: Number(new URL(url).port), logged, [Symbol.asyncDispose]: close };
}

/** Calls a tool as the platform. */
export function callTool(url: string, tool: string, body: unknown): Promise<Response> {
  return fetch(`${url}/v1/tools/${tool}/call`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
}

/** Reads a body that the server promises to be an Outcome. */
export async function outcomeOfResponse(response: Response): Promise<Outcome> {
  return (await response.json()) as Outcome; // Tests look at what is inside.
}

/** Asks for the health of one plugin. */
export async function healthOf(url: string, plugin: string): Promise<PluginHealth> {
  return (await (await fetch(`${url}/v1/plugins/${plugin}/health`)).json()) as PluginHealth; // Tests look at what is inside.
}

/** Writes a tool call as bytes; `more` are further header lines. */
export function request(tool: string, body: string, more = ''): string {
  const head = `POST /v1/tools/${tool}/call HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${TOKEN}\r\n${more}`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Opens a connection and sends bytes; the caller ends it. */
export function send(port: number, bytes: string | Uint8Array): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.on('error', () => undefined); // A reset is an end like any other; `close` follows.
  return socket;
}

/** Sends bytes and returns all that comes back until the server ends the connection. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = send(port, bytes);
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => (answer += text));
  socket.on('close', () => resolve(answer));
  return promise;
}

/** Statuses of all answers in what came back on one connection. */
export function statusesOf(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}

/** Writes a plugin of one JavaScript file below a folder, which is removed with the returned handle. */
export async function writePlugin(name: string, main: string, manifest: object = {}): Promise<TestPlugin> {
  const parent = await mkdtemp(join(tmpdir(), 'bulkhead-plugin-'));
  const dir = join(parent, name);
  await mkdir(dir);
  const fields = { name, version: '1.0.0', description: `${name}.`, author: 'A test', ...manifest };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(fields));
  await writeFile(join(dir, 'main.js'), main);
  return { dir, [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }) };
}

/** A plugin folder of a test. */
export type TestPlugin = AsyncDisposable & { readonly dir: string };
