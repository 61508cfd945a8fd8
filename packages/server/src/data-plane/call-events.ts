/**
 * A call whose answer is read while it runs, as server-sent events: `chunk` with a piece of the result, `bytes` with one in base64,
 * `progress`, and at the end `outcome`. A call that ends badly before it gave anything is answered as any other is, with its status.
 *
 * E1: A client that reads slowly holds the plugin up, and nothing else: nothing is kept for it but what the stream keeps.
 */
import type { FastifyReply } from 'fastify';
import type { CallRequest, Host } from '@bulkhead/host';
import { LIMITS, type Outcome } from '@bulkhead/protocol';
import { EVENT_STREAM_BEAT, EVENT_STREAM_HEAD, eventText, whenDrained } from '../answer/event-stream.ts';

const MEDIA_TYPE = 'text/event-stream';

/** Tells whether a client asks for events. */
export function wantsEvents(accept: string | undefined): boolean {
  return accept?.split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === MEDIA_TYPE) === true;
}

/** Runs the call and writes its events; `isWritten` is false where its outcome is still to be answered. */
export async function streamCall(
  host: Host,
  request: CallRequest,
  reply: FastifyReply,
): Promise<{ readonly outcome: Outcome; readonly isWritten: boolean }> {
  const response = reply.raw;
  const timer = setInterval(() => write(EVENT_STREAM_BEAT), LIMITS.log_follow_beat_ms.value);
  function write(text: string): void {
    if (!response.headersSent) {
      reply.hijack();
      response.on('error', () => undefined); // A client that went away; the call is cancelled by it.
      response.writeHead(200, EVENT_STREAM_HEAD);
    }
    response.write(text);
  }
  const onProgress: CallRequest['onProgress'] = (progress) => {
    if (!response.writableNeedDrain) write(eventText('progress', progress));
  };
  try {
    const stream = host.stream({ ...request, onProgress });
    for await (const chunk of stream) {
      const isBytes = chunk instanceof Uint8Array;
      write(isBytes ? eventText('bytes', Buffer.from(chunk).toString('base64')) : eventText('chunk', chunk));
      await whenDrained(response);
    }
    const outcome = await stream.outcome;
    if (!outcome.ok && !response.headersSent) return { outcome, isWritten: false };
    write(eventText('outcome', outcome));
    response.end();
    return { outcome, isWritten: true };
  } finally {
    clearInterval(timer);
  }
}
