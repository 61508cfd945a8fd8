/**
 * Counts wrong tokens by client address, and says how a request that holds one is refused (FAULTS 106). A token is
 * compared before anything is counted, so that nobody who holds the right one is ever held back by a neighbour behind
 * the same address. What it bounds is work and noise: that nobody guesses a token is the length of tokens.
 */
import { HostError, type Log } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Counts one wrong token; resolves, always, to `AUTH_REQUIRED` or to `AUTH_ATTEMPTS_EXCEEDED` with the time to wait. */
export type RefuseToken = (request: FastifyRequest) => Promise<HostError>;

/**
 * Makes the counter. It remembers at most `LIMITS.token_failure_addresses` addresses and has no timer; IPv6 addresses
 * count by their /64, since one client has a whole one.
 */
export async function openTokenGate(app: FastifyInstance, log: Pick<Log, 'warn'>): Promise<RefuseToken> {
  await app.register(rateLimit, {
    global: false,
    max: LIMITS.token_failures.value,
    timeWindow: LIMITS.token_failure_window_ms.value,
    cache: LIMITS.token_failure_addresses.value,
    keyGenerator: addressOf,
  });
  const count = app.createRateLimit();
  return async (request) => {
    const counted = await count(request).catch(() => undefined); // The token is wrong all the same; its count is lost.
    if (counted === undefined || counted.isAllowed) return new HostError('AUTH_REQUIRED');
    // Once for each window: a guesser must not fill the log.
    if (!counted.isExceeded && counted.remaining === 0) {
      log.warn({ address: counted.key }, 'too many wrong tokens from one address');
    }
    return counted.isExceeded ? heldBack(counted.ttl) : new HostError('AUTH_REQUIRED');
  };
}

/** The address of a connection that is gone already is not known; all of those are one. */
function addressOf(request: FastifyRequest): string {
  const ip: string | undefined = request.ip;
  return ip === undefined ? 'gone' : normalizeIP(ip);
}

function heldBack(leftMs: number): HostError {
  const { value: allowed } = LIMITS.token_failures;
  return new HostError('AUTH_ATTEMPTS_EXCEEDED', {
    message: `more than ${allowed} wrong tokens came from this address; it is refused for ${Math.ceil(leftMs / 1_000)} s`,
    limit: { name: 'retry_after_ms', allowed: 0, observed: leftMs, unit: 'ms' },
  });
}
