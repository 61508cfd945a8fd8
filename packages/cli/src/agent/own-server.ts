/**
 * A server for one run of an agent: plugin folders in a host of its own, in memory, on loopback; both end with the run.
 */
import { randomBytes } from 'node:crypto';
import { createHost } from '@bulkhead/host';
import { createLog, createServer } from '@bulkhead/server';
import { parseBackend } from '../backend-option.ts';
import { parseGrants } from '../config/grants.ts';
import { pluginFoldersIn } from '../folders-in.ts';
import type { Remote } from '../remote/remote.ts';
import { openStandIn } from '../stand-in.ts';
import type { Terminal } from '../terminal.ts';

/** Options as they were typed. */
export type OwnServerOptions = {
  readonly plugins: readonly string[];
  readonly backend?: string;
  readonly grant?: readonly string[];
};

const STDERR_FD = 2;
const TOKEN_BYTES = 32;

/** Works with a server; what stands in for a language model is there, and `backend` names one that the plugins bring. @throws {UsageError} */
export async function withOwnServer<Answer>(
  { plugins, backend, grant = [] }: OwnServerOptions,
  terminal: Terminal,
  work: (remote: Remote, backend: string | undefined) => Promise<Answer>,
): Promise<Answer> {
  const choice = backend === undefined ? undefined : parseBackend(backend);
  const named = choice?.kind === 'named' ? choice.name : undefined;
  const folders = (await Promise.all(plugins.map(pluginFoldersIn))).flat();
  const standIn = await openStandIn(folders, named === undefined && backend !== undefined ? { backend } : {}, {});
  const log = createLog('silent', STDERR_FD);
  const done = terminal.progress(`installing ${folders.length} plugins`);
  try {
    await using host = await createHost({
      ...{ log, spareCount: 0, measured: 'lately', grants: parseGrants(grant) },
      ...standIn.hostOptions,
    });
    const names: string[] = [];
    for (const folder of folders) names.push((await host.install(folder)).name);
    await standIn.prepare(host, names);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    await using server = await createServer({ host, log, token });
    const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
    done();
    return await work({ server: url, token, tenant: undefined }, named);
  } finally {
    done();
  }
}
