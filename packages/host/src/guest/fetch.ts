/**
 * `fetch` in a guest (DESIGN 6): the same as everywhere to the plugin, and asks to the host for what goes over the wire. No socket
 * is opened here, and none could be.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** As the host answers it. */
type Head = {
  readonly url: string;
  readonly status: number;
  readonly headers: [string, string][];
  readonly is_redirected: boolean;
};
type Piece = { readonly data?: string; readonly done?: true };

/** A body travels in pieces of at most so many bytes. */
const PIECE_BYTES = 192 * 1024;
const WITHOUT_BODY = [204, 205, 304];

/** Makes it; `Request` and `Response` are loaded when it is first called, which takes 20 ms. */
export function createGuestFetch(ask: Ask): typeof fetch {
  let lastNumber = 0;

  return async (input, init) => {
    const asked = new Request(input, init);
    asked.signal.throwIfAborted();
    lastNumber += 1;
    const request = lastNumber;
    // What becomes of this nobody waits for: the request is over for the plugin.
    const leave = (): void => void ask('egress', 'leave', { request }).catch(() => undefined);
    asked.signal.addEventListener('abort', leave, { once: true });
    const over = (): void => asked.signal.removeEventListener('abort', leave);
    try {
      await writeBody(asked, async (data) => {
        asked.signal.throwIfAborted();
        await ask('egress', 'write', { request, data });
      });
      asked.signal.throwIfAborted();
      const head = (await ask('egress', 'send', { request, ...headOf(asked) })) as unknown as Head; // The host's own.
      const hasBody = asked.method !== 'HEAD' && !WITHOUT_BODY.includes(head.status);
      if (hasBody)
        return responseOf(
          head,
          bodyOf({ signal: asked.signal, over, leave, read: () => ask('egress', 'read', { request }) }),
        );
      over();
      leave();
      return responseOf(head, null);
    } catch (error) {
      over();
      leave(); // What was written before it failed.
      throw asked.signal.aborted ? asked.signal.reason : asFetchHasIt(error);
    }
  };
}

function headOf({ url, method, headers, redirect }: Request): JsonObject {
  const own = new Headers(headers);
  if (!own.has('accept')) own.set('accept', '*/*');
  if (!own.has('user-agent')) own.set('user-agent', 'bulkhead');
  return { url, method, headers: [...own].map(([name, value]) => [name, value]), redirect };
}

async function writeBody({ body }: Request, write: (data: string) => Promise<unknown>): Promise<void> {
  if (body === null) return;
  for await (const piece of body) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES)
      await write(
        Buffer.from(piece.buffer, piece.byteOffset + at, Math.min(PIECE_BYTES, piece.length - at)).toString('base64'),
      );
  }
}

type Reading = {
  readonly signal: AbortSignal;
  readonly over: () => void;
  readonly leave: () => void;
  readonly read: () => Promise<unknown>;
};

/** Asks for a piece when one is wanted, so that a plugin which does not read holds the other side up. */
function bodyOf({ signal, over, leave, read }: Reading): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (stream) => {
        try {
          const { data } = (await read()) as Piece; // The host's own.
          if (data !== undefined) return stream.enqueue(new Uint8Array(Buffer.from(data, 'base64')));
          over();
          stream.close();
        } catch (error) {
          over();
          stream.error(signal.aborted ? signal.reason : asFetchHasIt(error));
        }
      },
      cancel: () => {
        over();
        leave();
      },
    },
    { highWaterMark: 0 },
  );
}

function responseOf({ url, status, headers, is_redirected }: Head, body: ReadableStream<Uint8Array> | null): Response {
  const response = new Response(body, { status, headers });
  Object.defineProperties(response, { url: { value: url }, redirected: { value: is_redirected } });
  return response;
}

/** Where the network failed `fetch` throws a TypeError, by which libraries know what may be tried again. */
function asFetchHasIt(error: unknown): unknown {
  const isNetworks = error instanceof Error && 'code' in error && error.code === 'EGRESS_FAILED';
  return isNetworks ? new TypeError('fetch failed', { cause: error }) : error;
}
