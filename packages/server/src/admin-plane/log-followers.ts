/**
 * Streams of log lines as server-sent events. Chosen over a long poll because a line then needs no request of its own, and
 * because clients that know events reconnect by themselves, with the last id that they saw (`Last-Event-ID`).
 *
 *   line added ─▶ once a turn: read after the cursor ─▶ write, until the client is slow ─▶ drained: read on
 *
 * F1: Nothing is buffered for a client but one page: a slow one reads on from the journal, and is told of a gap.
 * F2: A stream ends when its client goes away, reads nothing for two beats, may no longer read, or the server drains.
 * F3: There are at most `log_followers` streams, and `log_followers_of_tenant` of one tenant.
 */
import type { ServerResponse } from 'node:http';
import { HostError, type PluginLogPage } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { EVENT_STREAM_BEAT, EVENT_STREAM_HEAD } from '../answer/event-stream.ts';

/** One stream. */
export type Follower = {
  readonly tenant: string;
  readonly response: ServerResponse;
  /** Reads the lines after a cursor; the newest ones without. */
  readonly read: (after: string | undefined) => PluginLogPage;
  /** Calls back after each new line until the returned function is called. */
  readonly watch: (didAdd: () => void) => () => void;
  /** Whether whoever opened the stream may still read it; asked at each beat. */
  readonly isAllowed: () => boolean;
  readonly after: string | undefined;
};

/** The streams of one server. */
export type Followers = {
  /** @throws {HostError} `HOST_OVERLOADED` where there are too many (F3); nothing was written then. */
  readonly open: (follower: Follower) => void;
  /** Ends every stream, and those that come later after their first page. */
  readonly drain: () => void;
};

// A stream that was ended leaves nothing for a server that drains to wait for.
const HEAD = { ...EVENT_STREAM_HEAD, connection: 'close' } as const;

/** Makes an empty set of streams; `beatMs` is of the limits table but in tests. */
export function createFollowers(beatMs: number = LIMITS.log_follow_beat_ms.value): Followers {
  const open = new Map<ServerResponse, string>();
  let isDraining = false;
  return {
    open: (follower) => {
      insistOnRoom([...open.values()], follower.tenant);
      const { response } = follower;
      open.set(response, follower.tenant);
      response.once('close', () => open.delete(response));
      stream(follower, beatMs);
      if (isDraining) response.end();
    },
    drain: () => {
      isDraining = true;
      for (const response of open.keys()) response.end();
    },
  };
}

function insistOnRoom(tenants: readonly string[], tenant: string): void {
  const own = tenants.filter((one) => one === tenant).length;
  const all = LIMITS.log_followers.value;
  const ofTenant = LIMITS.log_followers_of_tenant.value;
  if (tenants.length < all && own < ofTenant) return;
  const [allowed, observed] = own < ofTenant ? [all, tenants.length + 1] : [ofTenant, own + 1];
  throw new HostError('HOST_OVERLOADED', {
    message: `${allowed} streams of log lines are open already`,
    hint: 'End one, or read page by page without follow.',
    limit: { name: 'log_followers', allowed, observed, unit: 'streams' },
  });
}

function stream({ response, read, watch, isAllowed, after }: Follower, beatMs: number): void {
  let cursor = after;
  let isDue = false;
  let silentBeats = 0;

  function pump(): void {
    isDue = false;
    // A page that is full is followed by the next one at once (F1).
    while (!response.writableEnded && !response.writableNeedDrain) {
      const page = read(cursor);
      cursor = page.next;
      if (page.lines.length === 0 && !page.has_gap) return;
      response.write(eventsOf(page));
    }
  }

  /** Lines that come together leave in one write. */
  function pumpSoon(): void {
    if (isDue) return;
    isDue = true;
    setImmediate(pump);
  }

  function beat(): void {
    silentBeats = response.writableNeedDrain ? silentBeats + 1 : 0;
    if (silentBeats > 1) response.destroy();
    else if (isAllowed()) response.write(EVENT_STREAM_BEAT);
    else response.end();
  }

  response.writeHead(200, HEAD);
  response.flushHeaders();
  const stop = watch(pumpSoon);
  const timer = setInterval(beat, beatMs).unref();
  response.on('drain', pumpSoon);
  response.on('error', () => undefined); // A client that went away; `close` follows.
  response.once('close', () => {
    stop();
    clearInterval(timer);
  });
  pump();
}

function eventsOf({ lines, has_gap: hasGap }: PluginLogPage): string {
  const gap = hasGap ? 'event: gap\ndata: {}\n\n' : '';
  return gap + lines.map((line) => `id: ${line.cursor}\ndata: ${JSON.stringify(line)}\n\n`).join('');
}
