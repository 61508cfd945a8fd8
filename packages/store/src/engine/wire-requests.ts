/**
 * Cuts what a PostgreSQL client writes into requests that can be executed one after another. PGlite answers whatever it is
 * given at once and says that it is ready for more at the end of it, so a request has to be whole: up to and with its Sync,
 * or one simple query. COPY from the client and flushes between are not known here.
 *
 * @see https://www.postgresql.org/docs/18/protocol-message-formats.html
 */

/** Bytes of the length field; it counts itself, and not the byte before it that names the message. */
const LENGTH_BYTES = 4;

/** Sync, simple Query, Terminate. */
const ENDS: ReadonlySet<number> = new Set(['S', 'Q', 'X'].map((name) => name.charCodeAt(0)));

/** Returns a function that takes bytes as they come and returns the requests that they complete, each in its own buffer. */
export function createRequestCutter(): (bytes: Uint8Array) => readonly Uint8Array<ArrayBuffer>[] {
  let rest: Buffer = Buffer.alloc(0);
  let isStarted = false; // The first message has no name, only a length.
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const requests: Uint8Array<ArrayBuffer>[] = [];
    for (let end = endOfRequest(rest, isStarted); end !== undefined; end = endOfRequest(rest, isStarted)) {
      requests.push(new Uint8Array(rest.subarray(0, end))); // A copy: it is handed to another thread.
      rest = rest.subarray(end);
      isStarted = true;
    }
    return requests;
  };
}

/** Offset behind the first whole request, or undefined where there is none yet. */
function endOfRequest(bytes: Buffer, isStarted: boolean): number | undefined {
  if (!isStarted) return endOfMessage(bytes, 0);
  let at: number | undefined = 0;
  while (at !== undefined) {
    const isLast = ENDS.has(bytes[at] ?? 0);
    at = endOfMessage(bytes, at + 1);
    if (isLast) return at;
  }
  return undefined;
}

function endOfMessage(bytes: Buffer, lengthAt: number): number | undefined {
  if (bytes.length < lengthAt + LENGTH_BYTES) return undefined;
  const end = lengthAt + bytes.readUInt32BE(lengthAt);
  return bytes.length < end ? undefined : end;
}
