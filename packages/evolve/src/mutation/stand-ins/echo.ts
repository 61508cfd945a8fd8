/**
 * A stand-in that answers what it was asked: no edit that applies comes of it, which is what it is for.
 */
import { estimatedUsage, type Proposer } from '../proposer.ts';

/**
 * Answers the prompt.
 * @public
 */
export function createEcho(): Proposer {
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      return { text: request.prompt, usage: estimatedUsage(request, request.prompt) };
    },
  };
}
