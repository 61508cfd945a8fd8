/**
 * What every stream of server-sent events of this server has in common (WHATWG HTML, "Server-sent events").
 */
import type { ServerResponse } from 'node:http';

/** The head of a stream. */
export const EVENT_STREAM_HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies of the nginx family hold a stream back otherwise.
  'x-accel-buffering': 'no',
} as const;

/** A comment, which says that the stream lives. */
export const EVENT_STREAM_BEAT = ': \n\n';

/** One event; JSON has no line breaks, so that its data is one line. */
export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Resolves once the client has read what was written, or has gone. */
export async function whenDrained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain || response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve).once('close', resolve);
  await promise;
  response.off('drain', resolve).off('close', resolve);
}
