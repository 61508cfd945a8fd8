/**
 * A server as `bulkhead serve` makes it, in this process: on a database, with the calculator, its log written to nowhere,
 * and the tenants and tokens that a bench asks for.
 */
import { createHost, type Host, type Storage } from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { createLog, createServer } from '@bulkhead/server';
import { openStore } from '@bulkhead/store';
import { openTestServer } from '@bulkhead/store/testing';
import { openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Databases that a server is measured on. */
export const ENGINES = ['pglite', 'postgres'] as const;

/** What a bench chooses; `callsInFlightMax` is the host's default where it is left out. */
export type ToolServerOptions = {
  readonly engine: (typeof ENGINES)[number];
  /** A data directory that is the caller's; else one that goes with the server. */
  readonly dataDir?: string;
  /** Plugin folders; none where they are in the data directory already. */
  readonly plugins?: readonly string[];
  readonly callsInFlightMax?: number;
  /** Told of each question to the storage, by the method's name. */
  readonly didAsk?: (method: string) => void;
};

/** A server that listens on loopback, and the host behind it. */
export type ToolServer = AsyncDisposable & {
  readonly host: Host;
  readonly port: number;
  /** Makes a tenant with plugins enabled, those of the options unless it is told which; returns it with an admin's token. */
  readonly addTenant: (name: string, plugins?: readonly string[]) => Promise<BenchTenant>;
};

/** A tenant, and the text of an admin's token. */
export type BenchTenant = { readonly tenant: string; readonly token: string };

/** The repository's calculator. */
export const CALCULATOR = fileURLToPath(new URL('../../plugins/calculator', import.meta.url));
/** The platform token. */
export const PLATFORM = 'the-platform-token-of-a-bench-on-loopback';

/** Opens host, database and server; all of it goes when it is disposed of. */
export async function openToolServer(options: ToolServerOptions): Promise<ToolServer> {
  const { engine, plugins = [CALCULATOR], callsInFlightMax, didAsk } = options;
  await using cleanup = new AsyncDisposableStack();
  const dataDir = options.dataDir ?? (await ownDirectory(cleanup));
  const url = engine === 'postgres' ? await cleanup.use(await openTestServer()).createDatabase() : undefined;
  // Never closed: the log writes its last lines when everything else has gone.
  const log = createLog('info', openSync('/dev/null', 'w'));
  const host = await createHost({
    dataDir,
    storage: async () => watched(await openStore({ url, dataDir, log }), didAsk),
    tenants: 'explicit',
    log,
    ...(callsInFlightMax !== undefined && { callsInFlightMax }),
  });
  cleanup.use(host);
  const names: string[] = [];
  for (const dir of plugins) {
    const release = await host.install(dir, { tenant: DEFAULT_TENANT });
    if (release.state !== 'INITIALIZED') throw new Error(`${release.name} is ${release.state}: ${release.reason}`);
    names.push(release.name);
  }
  const server = cleanup.use(await createServer({ host, log, token: PLATFORM }));
  const at = await server.listen({ host: '127.0.0.1', port: 0 });
  const addTenant = async (name: string, enabled: readonly string[] = names): Promise<BenchTenant> => {
    const { id: tenant } = await host.tenants.create({ name });
    for (const plugin of enabled) await host.registrations.enable(plugin, { tenant });
    return { tenant, token: (await host.tokens.issue({ tenant, role: 'admin' })).text };
  };
  const kept = cleanup.move();
  return { host, port: Number(new URL(at.url).port), addTenant, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function ownDirectory(cleanup: AsyncDisposableStack): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function watched(storage: Storage, didAsk: ToolServerOptions['didAsk']): Storage {
  if (didAsk === undefined) return storage;
  return new Proxy(storage, {
    get: (target, method: keyof Storage) => {
      didAsk(method);
      return target[method];
    },
  });
}

/** Writes a request as the bytes that the client of a bench sends again and again. */
export function requestOf(path: string, token: string, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = [
    `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${token}`,
    ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${text.length}`]),
  ];
  return `${headers.join('\r\n')}\r\n\r\n${text}`;
}
