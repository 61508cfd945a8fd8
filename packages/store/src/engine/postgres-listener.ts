/**
 * LISTEN on a PostgreSQL server, on a connection of its own that is replaced whenever it is lost. Notices sent in between
 * are gone, so every beginning is told as a gap. It never sends any and never rejects: a server that is away is waited for.
 *
 *   idle ──first listener──▶ connecting ──LISTEN answered──▶ listening ──lost, or silent──▶ waiting ──delay──▶ connecting
 *                                └──────────refused──────────────────────────────────────────▲
 *   any ──close──▶ closed
 */
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { createListeners, type Listener } from './listeners.ts';

/** Listens until it is closed. */
export type PostgresListener = {
  readonly listen: (channel: string, listener: Listener) => () => void;
  /** Ends the connection. Idempotent. */
  readonly close: () => Promise<void>;
};

/** First delay after a loss; doubled up to the last with each attempt that fails. */
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 1_000;

/** A connection whose other end vanished without a word is found by asking. */
const ASK_EVERY_MS = 5_000;
const ANSWER_TIMEOUT_MS = 2_000;

const ignore = (): void => undefined;

/** Opens a listener; it connects with the first channel. */
export function openPostgresListener(config: ClientConfig): PostgresListener {
  const listeners = createListeners();
  const closing = new AbortController();
  let current: Client | undefined;
  let running: Promise<void> | undefined;
  const session = async (): Promise<void> => {
    await using connection = await connect(config, closing.signal);
    const { client } = connection;
    client.on('notification', ({ channel, payload = '' }) => listeners.tell(channel, payload));
    current = client; // From here on, a channel that is added is listened to by whoever adds it.
    try {
      for (const channel of listeners.channels()) await client.query(`listen ${channel}`);
      listeners.tellGap();
      await sessionEnd(client);
    } finally {
      current = undefined;
    }
  };
  return {
    listen: (channel, listener) => {
      const remove = listeners.add(channel, listener);
      running ??= keepSession(session, closing.signal);
      void current?.query(`listen ${channel}`).then(() => listener({ kind: 'gap' }), ignore); // Lost: the next one listens.
      return () => {
        if (remove()) void current?.query(`unlisten ${channel}`).catch(ignore);
      };
    },
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

type Connection = AsyncDisposable & { readonly client: Client };

/** Connects; the connection is cut when it is disposed of and when the signal says so, whatever the other end does. */
async function connect(config: ClientConfig, signal: AbortSignal): Promise<Connection> {
  const socket = new Socket();
  const cut = (): void => void socket.destroy();
  signal.addEventListener('abort', cut);
  const client = new Client({ ...config, query_timeout: ANSWER_TIMEOUT_MS, stream: () => socket });
  client.on('error', ignore); // Its loss is seen as the end of the connection.
  const dispose = async (): Promise<void> => {
    signal.removeEventListener('abort', cut);
    cut();
  };
  try {
    await client.connect();
    return { client, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Resolves when the connection is lost, or does not answer any more. */
async function sessionEnd(client: Client): Promise<void> {
  const ended = new AbortController();
  client.once('end', () => ended.abort());
  while (!ended.signal.aborted) {
    await pause(ASK_EVERY_MS, undefined, { signal: ended.signal }).catch(ignore);
    await client.query('select 1').catch(() => ended.abort());
  }
}

async function keepSession(session: () => Promise<void>, signal: AbortSignal): Promise<void> {
  let delayMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    const isHeld = await session().then(
      () => true,
      () => false, // Refused: the server is away, and is asked again.
    );
    delayMs = isHeld ? RETRY_FIRST_MS : Math.min(delayMs * 2, RETRY_LAST_MS);
    await pause(delayMs, undefined, { signal }).catch(ignore);
  }
}
