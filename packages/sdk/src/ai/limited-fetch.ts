/**
 * A bound for what a provider answers: libraries gather what has no end until the memory is gone, and every other call of the instance
 * with it.
 */
import { ProviderError } from '../llm-backend.ts';

/** A long answer of 100,000 tokens, told one by one, has some 30 MB. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Fetches as `fetch` does, for a provider of the AI SDK, and fails where an answer has more than so many bytes.
 *
 * @param bytesMax - 64 MiB where it is left out.
 * @experimental
 */
export function limitedFetch(bytesMax: number = ANSWER_BYTES_MAX): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counting(bytesMax)), { status, statusText, headers });
  };
}

function counting(bytesMax: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform: (piece, stream) => {
      bytes += piece.length;
      if (bytes > bytesMax) throw new ProviderError(`the provider’s answer has more than ${bytesMax} bytes`);
      stream.enqueue(piece);
    },
  });
}
