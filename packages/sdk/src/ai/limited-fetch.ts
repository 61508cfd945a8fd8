/**
 * A bound for what a provider answers: libraries gather what has no end until the memory is gone, and every other call of the instance
 * with it.
 */
import { boundedFetch } from '../bounded-fetch.ts';
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
  return boundedFetch(bytesMax, () => new ProviderError(`the provider’s answer has more than ${bytesMax} bytes`));
}
