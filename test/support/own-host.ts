/**
 * A host together with the generation token of its guests, for tests that look at processes.
 */
import { createHost, type Host, type HostOptions } from '@bulkhead/host';
import { runFoldersOf } from './remains.ts';

export type OwnHost = AsyncDisposable & { readonly host: Host; readonly token: string; readonly runFolder: string };

/** Opens a host; not to be called twice at once in one process, because the new run folder is how it is told apart. */
export async function openOwnHost(options: HostOptions): Promise<OwnHost> {
  const before = new Set((await runFoldersOf(process.pid)).map(({ path }) => path));
  const host = await createHost(options);
  const own = (await runFoldersOf(process.pid)).find(({ path }) => !before.has(path));
  if (own === undefined) throw new Error('the host made no run folder');
  return { host, token: own.token, runFolder: own.path, [Symbol.asyncDispose]: () => host.close() };
}
