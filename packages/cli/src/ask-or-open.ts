/**
 * Verbs that a server answers, or, where none runs, the store itself (DESIGN 10). A server that is named is asked; else the
 * store of BULKHEAD_DATABASE_URL or of the data directory is opened, unless a server holds it, which is asked then.
 */
import { resolve } from 'node:path';
import type { Storage } from '@bulkhead/host';
import type { StoreWithTasks } from '@bulkhead/store';
import { isCodedError } from './coded-error.ts';
import { databaseUrl } from './database-url.ts';
import type * as DirectStore from './direct-store.ts';
import type { DirectPlace } from './direct-store.ts';
import { DEFAULT_DATA, openRemote, type Remote } from './remote/remote.ts';
import type { ServerOptions } from './remote/server-verb.ts';
import type { Terminal } from './terminal.ts';

/** The two ways to an answer. */
export type Ways<Result, Open = Opened> = {
  readonly ask: (remote: Remote) => Promise<Result>;
  readonly open: (opened: Open) => Promise<Result>;
};

/** A store that nobody else holds; `dataDir` is undefined where it is on a database server and the folder is not held. */
export type Opened = { readonly storage: Storage; readonly dataDir: string | undefined };

/** What was typed, and whether the files of the data directory are needed also where the database is on a server. */
export type Asking = { readonly options: ServerOptions; readonly terminal: Terminal; readonly needsData?: boolean };

/** Goes one of the two ways. @throws As that way does. */
export function askOrOpen<Result>(asking: Asking, ways: Ways<Result>): Promise<Result> {
  const { options, needsData = false } = asking;
  return goEitherWay(asking, {
    ask: ways.ask,
    open: ({ withStorage }, place) => {
      const isHeld = needsData || databaseUrl(process.env) === undefined;
      const dataDir = isHeld ? resolve(options.data ?? DEFAULT_DATA) : undefined;
      return withStorage(place, (storage) => ways.open({ storage, dataDir }));
    },
  });
}

/** The same for what needs the queue of tasks. @throws As the way does that it goes. */
export function askOrOpenQueue<Result>(asking: Asking, ways: Ways<Result, StoreWithTasks>): Promise<Result> {
  return goEitherWay(asking, {
    ask: ways.ask,
    open: ({ withStoreAndTasks }, place) => withStoreAndTasks(place, ways.open),
  });
}

type EitherWay<Result> = {
  readonly ask: (remote: Remote) => Promise<Result>;
  readonly open: (store: typeof DirectStore, place: DirectPlace) => Promise<Result>;
};

async function goEitherWay<Result>(
  { options, terminal, needsData = false }: Asking,
  ways: EitherWay<Result>,
): Promise<Result> {
  if (isServerNamed(options)) return askServer(options, ways);
  const { data } = options;
  const store = await import('./direct-store.ts');
  const log = { warn: (_fields: object, message: string) => terminal.say(message) };
  const place = { ...(data !== undefined && { data }), log, needsData };
  if (data === undefined && !store.isStore(place)) return askServer(options, ways);
  try {
    return await ways.open(store, place);
  } catch (error) {
    if (isCodedError(error) && error.code === 'DATA_LOCKED') return askServer(options, ways);
    throw error;
  }
}

/** The environment's token alone names no server: it is set beside BULKHEAD_DATABASE_URL, too. */
function isServerNamed({ server, token }: ServerOptions): boolean {
  return (server ?? token ?? process.env['BULKHEAD_SERVER'] ?? '') !== '';
}

async function askServer<Result>(options: ServerOptions, { ask }: Pick<EitherWay<Result>, 'ask'>): Promise<Result> {
  return ask(await openRemote(options, process.env));
}
