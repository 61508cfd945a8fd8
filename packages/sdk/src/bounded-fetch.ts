/**
 * A bound for what comes back of a request: libraries gather what has no end until the memory is gone, and every other call of the
 * instance with it.
 */

/**
 * Fetches as `fetch` does, and fails where an answer has more than so many bytes.
 *
 * @param tooLarge - Makes what is thrown then.
 * @internal
 */
export function boundedFetch(bytesMax: number, tooLarge: () => Error): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counting(bytesMax, tooLarge)), { status, statusText, headers });
  };
}

function counting(
  bytesMax: number,
  tooLarge: () => Error,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform: (piece, stream) => {
      bytes += piece.length;
      if (bytes > bytesMax) throw tooLarge();
      stream.enqueue(piece);
    },
  });
}
