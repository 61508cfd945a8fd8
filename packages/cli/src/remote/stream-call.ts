/**
 * Calls a tool of a running server and prints what it gives while it runs.
 */
import { text } from 'node:stream/consumers';
import type { JsonValue, Outcome, Progress } from '@bulkhead/protocol';
import type { CallPrinter } from '../call-printer.ts';
import { callPath, openAnswer, outcomeOf, tokenHeaders, type RemoteCall } from './ask.ts';
import { readEvents } from './events.ts';
import { NoAnswerError } from './no-answer-error.ts';
import type { Remote } from './remote.ts';

/**
 * Reads the call's events; a server that has nothing to stream answers the outcome alone.
 *
 * @throws As `callRemote`, and {@link NoAnswerError} where the connection breaks before the outcome.
 */
export async function streamRemote(remote: Remote, called: RemoteCall, printer: CallPrinter): Promise<Outcome> {
  const headers = { ...tokenHeaders(remote), 'content-type': 'application/json', accept: 'text/event-stream' };
  const init = { method: 'POST', headers, body: JSON.stringify(called.body) };
  const { stream } = await openAnswer(remote.server, callPath(called), init);
  const isStream = stream.headers['content-type']?.startsWith('text/event-stream') === true;
  if (!isStream) return outcomeOf(remote.server, await text(stream));
  try {
    for await (const { event, data } of readEvents(stream)) {
      if (event === 'outcome') return outcomeOf(remote.server, data);
      await print(event, JSON.parse(data) as JsonValue, printer); // The server's own events, by their names.
    }
  } catch (cause) {
    if (cause instanceof NoAnswerError) throw cause;
    throw brokenOff(remote, cause);
  }
  throw brokenOff(remote);
}

async function print(event: string, data: JsonValue, printer: CallPrinter): Promise<void> {
  if (event === 'chunk') await printer.chunk(data);
  else if (event === 'bytes' && typeof data === 'string') await printer.chunk(Buffer.from(data, 'base64'));
  else if (event === 'progress') printer.progress(data as Progress);
}

function brokenOff({ server }: Remote, cause?: unknown): NoAnswerError {
  return new NoAnswerError(`${server} broke off the stream before the call had ended`, {
    hint: 'Its log says what became of the call; `bulkhead debug` lists the last ones.',
    cause,
  });
}
