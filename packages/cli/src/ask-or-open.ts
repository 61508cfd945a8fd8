/**
 * Verbs that a server answers, or, where none runs, the store itself (DESIGN 10). A server that is named is asked; else the
 * store of BULKHEAD_DATABASE_URL or of the data directory is opened, unless a server holds it, which is asked then.
 */
import { resolve } from 'node:path';
import type { Storage } from '@bulkhead/host';
import { isCodedError } from './coded-error.ts';
import { DEFAULT_DATA, openRemote, type Remote } from './remote/remote.ts';
import type { ServerOptions } from './remote/server-verb.ts';
import type { Terminal } from './terminal.ts';

/** The two ways to an answer. */
export type Ways<Result> = {
  readonly ask: (remote: Remote) => Promise<Result>;
  readonly open: (opened: Opened) => Promise<Result>;
};

/** A store that nobody else holds; `dataDir` is undefined where it is on a database server and the folder is not held. */
export type Opened = { readonly storage: Storage; readonly dataDir: string | undefined };

/** What was typed, and whether the files of the data directory are needed also where the database is on a server. */
export type Asking = { readonly options: ServerOptions; readonly terminal: Terminal; readonly needsData?: boolean };

/** Goes one of the two ways. @throws As that way does. */
export async function askOrOpen<Result>(
  { options, terminal, needsData = false }: Asking,
  ways: Ways<Result>,
): Promise<Result> {
  if (isServerNamed(options)) return askServer(options, ways);
  const { data } = options;
  const { databaseUrl, isStore, withStorage } = await import('./direct-store.ts');
  const log = { warn: (_fields: object, message: string) => terminal.say(message) };
  const place = { ...(data !== undefined && { data }), log, needsData };
  if (data === undefined && !isStore(place)) return askServer(options, ways);
  const isHeld = needsData || databaseUrl(process.env) === undefined;
  const dataDir = isHeld ? resolve(data ?? DEFAULT_DATA) : undefined;
  try {
    return await withStorage(place, (storage) => ways.open({ storage, dataDir }));
  } catch (error) {
    if (isCodedError(error) && error.code === 'DATA_LOCKED') return askServer(options, ways);
    throw error;
  }
}

/** The environment's token alone names no server: it is set beside BULKHEAD_DATABASE_URL, too. */
function isServerNamed({ server, token }: ServerOptions): boolean {
  return (server ?? token ?? process.env['BULKHEAD_SERVER'] ?? '') !== '';
}

async function askServer<Result>(options: ServerOptions, { ask }: Ways<Result>): Promise<Result> {
  return ask(await openRemote(options, process.env));
}
