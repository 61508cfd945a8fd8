/**
 * One HTTP exchange as the library has it, made of Fastify's and made into it again. Calls are many and small, so what is known already
 * is not made again: a body that was parsed is no stream, and an answer that is whole is sent as one piece.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a client that left is no error of; one object, because a new one for each request costs its stack. */
const GONE = new Error('the client has gone');

/** A request for the library, and the end of its connection. */
export type WebExchange = {
  readonly request: Request;
  /** Calls the listener when the exchange is over, however it went. */
  readonly onOver: (listener: () => void) => void;
};

/** Begins one; its signal aborts where the client leaves before it was answered. */
export function beginExchange(asked: FastifyRequest, reply: FastifyReply): WebExchange {
  const leaving = new AbortController();
  const { raw } = reply;
  const onOver = (listener: () => void): void => {
    if (raw.closed) listener();
    else raw.once('close', listener);
  };
  onOver(() => {
    if (!raw.writableFinished) leaving.abort(GONE);
  });
  return { request: asWebRequest(asked, leaving.signal), onOver };
}

/** The body was read and bounded already, and is given beside; of the rest these are all that is looked at. */
function asWebRequest({ raw, method, url }: FastifyRequest, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  if (method === 'POST') return { method, headers, signal, url: `http://localhost${url}` } as unknown as Request; // See above.
  return new Request(new URL(url, 'http://localhost'), { method, headers, signal });
}

/** Sends what the library answered. No status of this server is 500 (S2): what fails in between is a bad gateway. */
export async function sendResponse(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  const status = response.status < 500 ? response.status : 502;
  void reply.code(status).headers(Object.fromEntries(response.headers));
  const { body } = response;
  if (body === null) return reply.send();
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  return reply.send(isStream ? body : Buffer.from(await response.arrayBuffer()));
}

/** The head of an answer leaves with its first bytes; a stream on which there is no news yet would not be open before. */
export function opened(response: Response): Response {
  const { status, headers, body } = response;
  if (body === null || headers.get('content-type') !== 'text/event-stream') return response;
  const beginning = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from(': open\n\n')),
  });
  return new Response(body.pipeThrough(beginning), { status, headers });
}
