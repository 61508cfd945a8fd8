/**
 * What the self-test tries to reach: a file, a link, a folder and listeners of the host, all reachable where there is
 * no sandbox. Without them a refusal could not be told from a target that is not there.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ProbeInput } from './probe.ts';

/** Input that does not depend on the guest; the driver adds its shape and its own file. */
export type ProbeTargets = {
  readonly input: Omit<ProbeInput, 'guest_path' | 'memory_mb' | 'open_files_max'>;
  /** Closes the listeners. The files go with the run folder. */
  readonly close: () => Promise<void>;
};

/**
 * Lays out the targets.
 *
 * @param directory - A folder that every user can pass through, such as the run folder; `targets` is made in it.
 * @param token - Makes the abstract socket's name this host's own.
 */
export async function openProbeTargets(directory: string, token: string): Promise<ProbeTargets> {
  const path = join(directory, 'targets');
  const secretText = `secret of ${token}`;
  await mkdir(path);
  await chmod(path, 0o777);
  await writeFile(join(path, 'secret'), secretText, { mode: 0o644 });
  await chmod(join(path, 'secret'), 0o644);
  await symlink(join(path, 'secret'), join(path, 'link'));
  const tcp = await listen({ port: 0, host: '127.0.0.1' });
  const unix = await listen({ path: join(path, 'socket') });
  await chmod(join(path, 'socket'), 0o777);
  const abstractName = `bulkhead-probe-${token}`;
  const abstract = await listen({ path: `\0${abstractName}` });
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const servers = [tcp, unix, abstract];
  return {
    input: {
      ...(await describeHost()),
      secret_path: join(path, 'secret'),
      secret_text: secretText,
      link_path: join(path, 'link'),
      writable_path: path,
      tcp_port: portOf(tcp),
      udp_port: udp.address().port,
      unix_path: join(path, 'socket'),
      abstract_name: abstractName,
    },
    close: async () => {
      udp.close();
      await Promise.all(servers.map((server) => once(server.close(), 'close')));
    },
  };
}

const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'mnt', 'uts'] as const;

type HostInput = Pick<ProbeInput, 'host_pid' | 'host_start_time' | 'host_uid' | 'host_hostname' | 'host_namespaces'>;

async function describeHost(): Promise<HostInput> {
  const stat = await readFile('/proc/self/stat', 'utf8');
  const links = NAMESPACES.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)] as const);
  return {
    host_pid: process.pid,
    host_start_time: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]),
    host_uid: process.getuid?.() ?? -1,
    host_hostname: hostname(),
    host_namespaces: Object.fromEntries(await Promise.all(links)),
  };
}

async function listen(options: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.on('error', ignore).destroy()).listen(options);
  await once(server, 'listening');
  return server;
}

/** The one who connects is gone before it was greeted; that says nothing. */
const ignore = (): void => undefined;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
