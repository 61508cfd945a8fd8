/**
 * The TCP ports on which a process listens, as the kernel has them.
 */
import { readFile, readdir, readlink } from 'node:fs/promises';

/** State of a listening socket in /proc/net/tcp (TCP_LISTEN). */
const LISTENING = '0A';

/** Lists the ports of a process, sorted. */
export async function listeningPorts(pid: number | 'self'): Promise<readonly number[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')));
  const sockets = tables.flatMap((table) => table.trim().split('\n').slice(1)).map((line) => line.trim().split(/\s+/));
  return sockets
    .filter(([, , , state, , , , , , inode = '']) => state === LISTENING && inodes.has(inode))
    .map(([, address = '']) => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16))
    .toSorted((a, b) => a - b);
}
