/**
 * Who asks. Identity is read here and nowhere else: from the bearer token, and for the platform token from the header
 * `x-bulkhead-tenant`. Tokens are compared as SHA-256 digests in constant time, and are never kept, logged or answered.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HostError } from '@bulkhead/host';
import { DEFAULT_TENANT, type TenantId } from '@bulkhead/protocol';

/**
 * `nobody` gave no token and may see what is public; `unknown` gave one that is not right, and may see no more; `platform`
 * holds the server's own token and acts for `tenant`.
 */
export type Principal =
  { readonly kind: 'nobody' | 'unknown' } | { readonly kind: 'platform'; readonly tenant: TenantId };

/** Answers who sent a request; never throws. */
export type Recognize = (headers: IncomingHttpHeaders) => Principal;

/** Shorter tokens can be guessed (DESIGN 14). */
export const TOKEN_CHARACTERS_MIN = 32;

const NOBODY: Principal = { kind: 'nobody' };
const UNKNOWN: Principal = { kind: 'unknown' };
const PLATFORM: Principal = { kind: 'platform', tenant: DEFAULT_TENANT };
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/**
 * Creates the check for one platform token.
 *
 * @throws {HostError} `CONFIG_INVALID` when the token has fewer than {@link TOKEN_CHARACTERS_MIN} characters.
 */
export function createRecognize(token: string): Recognize {
  if (token.length < TOKEN_CHARACTERS_MIN) {
    throw new HostError('CONFIG_INVALID', {
      message: `the platform token has ${token.length} characters; expected at least ${TOKEN_CHARACTERS_MIN}`,
      hint: 'Set BULKHEAD_TOKEN to a longer random text, or leave it out to have one made.',
    });
  }
  const expected = digestOf(token);
  return (headers) => {
    const presented = BEARER.exec(headers.authorization ?? '')?.[1];
    if (presented === undefined) return NOBODY;
    return timingSafeEqual(digestOf(presented), expected) ? PLATFORM : UNKNOWN;
  };
}

/**
 * Requires the platform token and a tenant that exists.
 *
 * @throws {HostError} `AUTH_REQUIRED` for whoever does not hold the token; `TENANT_NOT_FOUND` where the header names
 *   another tenant than `default`, the only one that this server knows.
 */
export function assertMayAct(principal: Principal, headers: IncomingHttpHeaders): void {
  if (principal.kind !== 'platform') throw new HostError('AUTH_REQUIRED');
  const tenant = headers['x-bulkhead-tenant'];
  if (tenant !== undefined && tenant !== DEFAULT_TENANT) throw new HostError('TENANT_NOT_FOUND');
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
