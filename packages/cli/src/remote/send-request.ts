/**
 * One request to a server, by Node's own client: `fetch` takes twice as long to load as the whole command line. Follows no
 * redirect, since no Bulkhead sends one and a token is sent to whom it was meant for alone.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** What is sent; by GET where no method is named. The signal ends the request and the reading of its answer. */
export type SentRequest = {
  readonly method?: string;
  readonly headers?: Readonly<OutgoingHttpHeaders>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
};

/** The head of an answer has come; its body is a stream that the caller reads to its end. */
export type Answer = { readonly status: number; readonly isOk: boolean; readonly stream: IncomingMessage };

/** Sends it and waits for the head of the answer. @throws The system's error where nobody answers. */
export async function sendRequest(url: URL, { body, ...options }: SentRequest): Promise<Answer> {
  // An import would read all that the module exports, and `http.WebSocket` is the client that is to be left out.
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(url, options, resolve).on('error', reject).end(body);
  const stream = await promise;
  const { statusCode: status = 0 } = stream;
  return { status, isOk: status >= 200 && status < 300, stream };
}
