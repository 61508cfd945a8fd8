/**
 * Where servers that may reach the network meet the host: for each a Unix socket in a folder that its user alone can enter. Who listens
 * there, and what it lets out, is the caller's.
 */
import { assertInvariant } from '../../base/host-error.ts';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { inspectPerl, type NodeImage } from '../process/node-image.ts';
import type { PreparedSandbox } from '../process/prepare-sandbox.ts';
import type { Online } from './command.ts';

/** Listens on a Unix socket at this path, for one server; `close` ends what is open, too. */
export type OpenProxy = (path: string) => Promise<{ readonly close: () => Promise<void> }>;

/** A socket that is listened on. */
export type ProxyDoor = { readonly online: Online; readonly close: () => Promise<void> };

/** Opens doors; `uid` is the server's user, undefined for the host's own. */
export type ProxyDoors = { readonly open: (openProxy: OpenProxy, uid: number | undefined) => Promise<ProxyDoor> };

/** Makes it; perl is looked at when the first is opened. */
export function createProxyDoors({
  runDirectory,
  toolset,
}: Pick<PreparedSandbox, 'runDirectory' | 'toolset'>): ProxyDoors {
  let image: NodeImage | undefined;
  return {
    open: async (openProxy, uid) => {
      assertInvariant(toolset.perl.found, 'no server is started without a launcher');
      const perl = (image ??= await inspectPerl(toolset.perl.path));
      const dir = runDirectory.makeTempDir(uid);
      const socket = join(dir, 'egress');
      const listening = await openProxy(socket);
      if (uid !== undefined) chownSync(socket, uid, uid);
      const close = async (): Promise<void> => {
        await listening.close();
        await runDirectory.removeTempDir(dir);
      };
      return { online: { socket, perl }, close };
    },
  };
}
