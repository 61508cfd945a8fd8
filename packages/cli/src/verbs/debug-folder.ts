/**
 * `bulkhead debug DIR`: a plugin folder in the sandbox with a debugger's port in front of it. Only here is a guest started with an
 * inspector; nothing of it is reached from `serve` or over HTTP.
 *
 *   debug host -> read the folder -> port -> start an instance -> (lines, debuggers) -> signal or .quit -> closed
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { createDebugHost, type Inspector } from '@bulkhead/host';
import { capabilitiesOf } from '@bulkhead/protocol';
import { createLog } from '@bulkhead/server';
import { parsePermissions } from '../config/grants.ts';
import { openInspectorServer } from '../debug/inspector-server.ts';
import { createDevScreen } from '../dev/dev-screen.ts';
import { openDevSession } from '../dev/dev-session.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { nextSignal } from '../shutdown.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Arguments and options as they were typed. */
export type DebugFolderOptions = {
  readonly dir: string;
  readonly port?: number;
  readonly grant?: readonly string[];
  readonly json?: boolean;
};

const PORT_MAX = 65_535;
const STDERR_FD = 2;

/** Debugs until a signal or `.quit`, and answers 0; 1 where the plugin does not load. */
export async function debugFolder(options: DebugFolderOptions, terminal: Terminal): Promise<number> {
  const dir = folderOf(options.dir);
  const port = portOf(options.port);
  const screen = createDevScreen(options.json === true, terminal);
  const { promise: quit, resolve: didQuit } = Promise.withResolvers<string>();
  const stop = Promise.race([nextSignal(createLog('silent', STDERR_FD)), quit]);
  let offer: (inspector: Inspector) => void = () => undefined;
  await using debugged = await openHost(dir, (inspector) => offer(inspector), terminal);
  const { host, start } = debugged;
  const grant = capabilitiesOf((options.grant ?? []).flatMap(parsePermissions));
  const session = openDevSession({ host, dir, grant, tell: screen.tell });
  if (!(await session.read())) return EXIT_FAILED;
  const onDebugger = (is: 'attached' | 'detached'): void => screen.tell({ event: 'debugger', is });
  const server = await openInspectorServer({ port, title: `Bulkhead: ${options.dir}`, onDebugger });
  const { promise: didStart, resolve: started } = Promise.withResolvers<void>();
  offer = (inspector) => {
    server.offer(inspector);
    started();
  };
  start(session.name());
  await Promise.race([didStart, stop]);
  const { ws, devtools } = server;
  const { tier, debug = false } = host.receipt;
  screen.tell({ event: 'debugging', folder: options.dir, tier, debug, ws, devtools });
  const read = async (): Promise<void> => {
    if (await session.read()) start(session.name());
  };
  screen.open(session, { read, quit: () => didQuit('.quit') });
  await stop;
  screen.close();
  session.close();
  await server.close();
  return EXIT_OK;
}

function folderOf(dir: string): string {
  if (existsSync(dir) && statSync(dir).isDirectory()) return realpathSync(dir);
  throw new UsageError(`${dir} is no folder`, 'Name a plugin folder, or a plugin of a running server.');
}

function portOf(port = 0): number {
  if (Number.isInteger(port) && port >= 0 && port <= PORT_MAX) return port;
  throw new UsageError(`--port is ${port}; expected a whole number from 0 to ${PORT_MAX}`);
}

async function openHost(
  dir: string,
  onInspector: (inspector: Inspector) => void,
  terminal: Terminal,
): ReturnType<typeof createDebugHost> {
  const done = terminal.progress('measuring the sandbox');
  return createDebugHost({ dir, onInspector }).finally(done);
}
