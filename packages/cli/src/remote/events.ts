/**
 * Reads the server-sent events of a Bulkhead: what its streams write, which is one line of data for each event. The
 * well-known library for it has an export condition named "source", as our own packages do in a checkout, and is no
 * JavaScript there.
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One event; `event` is `message` where the server names none. */
export type ServerEvent = { readonly event: string; readonly data: string };

/** Yields events until the stream ends. @throws Where the connection breaks. */
export async function* readEvents(input: Readable): AsyncGenerator<ServerEvent> {
  let event = 'message';
  // A broken connection is told of by the iteration below.
  const lines = createInterface({ input: input.on('error', () => undefined) });
  for await (const line of lines) {
    const [, field, value = ''] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') yield { event, data: value };
    if (line === '') event = 'message';
  }
  if (input.errored !== null) throw input.errored;
}
