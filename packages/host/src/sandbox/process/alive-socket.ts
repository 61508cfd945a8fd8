/**
 * A proof of life that the kernel keeps: a socket on a path accepts connections for as long as its owner lives, and
 * refuses them from the moment it is gone. It holds across containers that share a folder but not their process ids,
 * where a pid proves nothing. Carries no byte.
 */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { systemCodeOf } from '../../base/host-error.ts';

/** Opens the socket for this process; it keeps no process running. */
export async function openAliveSocket(path: string): Promise<{ readonly close: () => Promise<void> }> {
  const server = createServer((connection) => connection.on('error', ignore).destroy());
  server.listen(path).unref();
  await once(server, 'listening');
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => void (await once(server.close(), 'close'));
  return { close: () => (closing ??= close()) };
}

/** Tells whether the owner of the socket lives; only a refusal, or no socket, says that it does not. */
export async function isAnswering(path: string): Promise<boolean> {
  const connection = createConnection(path);
  try {
    await once(connection, 'connect');
    return true;
  } catch (error) {
    return !['ECONNREFUSED', 'ENOENT'].includes(systemCodeOf(error) ?? '');
  } finally {
    connection.on('error', ignore).destroy();
  }
}

/** Whoever asked has gone without waiting; that says nothing. */
const ignore = (): void => undefined;
