/**
 * Who listens to which channel of NOTIFY. Pure bookkeeping; the engines connect it to their sessions.
 */

/**
 * What a listener hears. After a `gap` any number of notices may have been missed: read again what they would tell of.
 *
 * @internal
 */
export type Heard = { readonly kind: 'notice'; readonly payload: string } | { readonly kind: 'gap' };

/**
 * Told of each notice, in the order of the commits that sent them, and of each gap; a notice may come before the first gap. It must not throw.
 *
 * @internal
 */
export type Listener = (heard: Heard) => void;

/** Listeners by channel. */
export type Listeners = {
  /** Adds one; the returned function takes it away and tells whether its channel is now without any. */
  readonly add: (channel: string, listener: Listener) => () => boolean;
  readonly channels: () => readonly string[];
  readonly tell: (channel: string, payload: string) => void;
  /** Tells everybody that notices may have been missed. */
  readonly tellGap: () => void;
};

/** Longer names are cut off by PostgreSQL, and then two channels are one. */
const CHANNEL_BYTES_MAX = 63;

/** Creates an empty list. */
export function createListeners(): Listeners {
  const byChannel = new Map<string, Set<Listener>>();
  return {
    add: (channel, listener) => {
      assertChannel(channel);
      const entry: Listener = (heard) => listener(heard); // The same function may listen twice.
      const listeners = byChannel.get(channel) ?? new Set();
      byChannel.set(channel, listeners.add(entry));
      return () => {
        listeners.delete(entry);
        const isLast = listeners.size === 0 && byChannel.get(channel) === listeners;
        if (isLast) byChannel.delete(channel);
        return isLast;
      };
    },
    channels: () => [...byChannel.keys()],
    tell: (channel, payload) => {
      for (const listener of byChannel.get(channel) ?? []) listener({ kind: 'notice', payload });
    },
    tellGap: () => {
      for (const listener of [...byChannel.values()].flatMap((each) => [...each])) listener({ kind: 'gap' });
    },
  };
}

/** Letters, digits and low lines need no quotes. */
function assertChannel(channel: string): void {
  if (!/^[a-z_][a-z0-9_]*$/.test(channel) || channel.length > CHANNEL_BYTES_MAX) {
    throw new TypeError(`channel "${channel}" is no plain name of at most ${CHANNEL_BYTES_MAX} characters`);
  }
}
