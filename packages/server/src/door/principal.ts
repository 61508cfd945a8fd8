/**
 * Who asks. Identity is read here and nowhere else: from the bearer token, and for the platform token from the header
 * `x-bulkhead-tenant`. Tokens are compared as SHA-256 digests in constant time, and are never logged or answered; a connection's
 * last one is kept while it lasts.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { HostError, type HealthView, type Host, type TokenRow } from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';

/**
 * `nobody` gave no token and may see what is public; `unknown` gave one that is not right, and may see no more; `platform`
 * holds the server's own token; `tenant` one of a tenant's.
 */
export type Principal =
  { readonly kind: 'nobody' | 'unknown' | 'platform' } | { readonly kind: 'tenant'; readonly token: TokenRow };

/** Answers who sent a request; never throws. */
export type Recognize = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => Principal;

/**
 * Who may use a route: everybody; whoever holds a token of at least that role, or the platform's; a worker's token, or the
 * platform's; the platform's alone.
 */
export type Access = 'public' | 'viewer' | 'operator' | 'admin' | 'worker' | 'platform';

/** Whoever was let in: for whom they act, with which scopes (undefined: all), and their name in the audit log. */
export type Caller = {
  readonly tenant: string;
  readonly scopes: readonly string[] | undefined;
  readonly actor: string;
  readonly isPlatform: boolean;
};

/**
 * Shorter tokens can be guessed (DESIGN 14).
 *
 * @internal
 */
export const TOKEN_CHARACTERS_MIN = 32;

const TENANT_TOKEN_START = 'bh_';
const TENANT_HEADER = 'x-bulkhead-tenant';
const NOBODY: Principal = { kind: 'nobody' };
const UNKNOWN: Principal = { kind: 'unknown' };
const PLATFORM: Principal = { kind: 'platform' };
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
/** What each role may do includes what those before it may; a worker's token opens none of these, and they nothing of a worker's. */
const LADDER: readonly string[] = ['viewer', 'operator', 'admin'];

/**
 * Creates the check for the platform's token and those of tenants.
 *
 * @throws {HostError} `CONFIG_INVALID` when the token has fewer than {@link TOKEN_CHARACTERS_MIN} characters.
 */
export function createRecognize(token: string, tokens: Pick<Host['tokens'], 'recognize' | 'isStanding'>): Recognize {
  if (token.length < TOKEN_CHARACTERS_MIN) {
    throw new HostError('CONFIG_INVALID', {
      message: `the platform token has ${token.length} characters; expected at least ${TOKEN_CHARACTERS_MIN}`,
      hint: 'Set BULKHEAD_TOKEN to a longer random text, or leave it out to have one made.',
    });
  }
  const expected = digestOf(token);
  const lastOn = new WeakMap<Socket, Presented>();
  return ({ headers: { authorization }, socket }) => {
    if (authorization === undefined) return NOBODY;
    const last = lastOn.get(socket);
    if (last !== undefined && isSame(last, authorization) && isStanding(last.principal, tokens)) return last.principal;
    const principal = principalOf(authorization, { expected, tokens });
    if (principal.kind === 'tenant' || principal.kind === 'platform') {
      lastOn.set(socket, { bytes: Buffer.from(authorization, 'latin1'), principal });
    }
    return principal;
  };
}

/**
 * What a connection presented last, and whose it was. Hashing a token for each request cost a twentieth of a call. A proxy's
 * connections carry requests of many callers, so what is presented now is compared with this in constant time, too.
 */
type Presented = { readonly bytes: Buffer; readonly principal: Principal };

function isSame({ bytes }: Presented, authorization: string): boolean {
  return authorization.length === bytes.length && timingSafeEqual(bytes, Buffer.from(authorization, 'latin1'));
}

function isStanding(principal: Principal, tokens: Pick<Host['tokens'], 'isStanding'>): boolean {
  return principal.kind !== 'tenant' || tokens.isStanding(principal.token);
}

function principalOf(
  authorization: string,
  right: { readonly expected: Buffer; readonly tokens: Pick<Host['tokens'], 'recognize'> },
): Principal {
  const presented = BEARER.exec(authorization)?.[1];
  if (presented === undefined) return NOBODY;
  // Its form is no secret: most requests bring a tenant's token, and are spared the platform's digest.
  const row = presented.startsWith(TENANT_TOKEN_START) ? right.tokens.recognize(presented) : undefined;
  if (row !== undefined) return { kind: 'tenant', token: row };
  return timingSafeEqual(digestOf(presented), right.expected) ? PLATFORM : UNKNOWN;
}

/**
 * Lets a principal in to a route, or says why not.
 *
 * @throws {HostError} `AUTH_REQUIRED` without a token; `ROLE_TOO_LOW` for a token that may not do this; `TENANT_NOT_FOUND`
 *   where the platform's header names a tenant that is not there. A tenant's token acts for its own tenant, whatever the
 *   header says.
 */
export function admitCaller(
  principal: Principal,
  access: Exclude<Access, 'public'>,
  { headers, tenants }: { readonly headers: IncomingHttpHeaders; readonly tenants: Pick<Host['tenants'], 'find'> },
): Caller {
  if (principal.kind === 'platform') {
    return { tenant: tenantOf(headers, tenants), scopes: undefined, actor: 'platform', isPlatform: true };
  }
  if (principal.kind !== 'tenant') throw new HostError('AUTH_REQUIRED');
  const { id, role, tenant_id: tenant, scopes } = principal.token;
  if (!isOpenTo(role, access)) throw tooLow(role, access);
  return { tenant, scopes: scopes ?? undefined, actor: `token ${id}`, isPlatform: false };
}

/**
 * What somebody sees of health (DESIGN 9): the platform all of it; a tenant its own scope, with what its calls threw; all
 * others public plugins, over all scopes. A worker's token is a tenant's, too.
 */
export function healthViewFor(principal: Principal, showReasons: boolean): HealthView {
  if (principal.kind === 'platform') return { showThrownText: true, showPlaces: true };
  if (principal.kind !== 'tenant') return { showThrownText: showReasons, isOutside: true };
  return { scope: principal.token.tenant_id, showThrownText: true, isOutside: true };
}

/** Who was let in to the route that runs. */
export function callerOf({ caller }: { readonly caller: Caller | undefined }): Caller {
  if (caller === undefined) throw new Error('a route that is not public has a caller');
  return caller;
}

/** Whose tasks the one that was let in may reach: its tenant's; those of all, undefined, where the platform names no tenant. */
export function reachOf(request: Pick<FastifyRequest, 'caller' | 'headers'>): string | undefined {
  const { isPlatform, tenant } = callerOf(request);
  return isPlatform && request.headers[TENANT_HEADER] === undefined ? undefined : tenant;
}

function tenantOf(headers: IncomingHttpHeaders, tenants: Pick<Host['tenants'], 'find'>): string {
  const word = headers[TENANT_HEADER];
  if (word === undefined) return DEFAULT_TENANT;
  const tenant = typeof word === 'string' ? tenants.find(word) : undefined;
  if (tenant === undefined) throw new HostError('TENANT_NOT_FOUND');
  return tenant.id;
}

function isOpenTo(role: string, access: string): boolean {
  const step = LADDER.indexOf(access);
  return step === -1 ? role === access : LADDER.indexOf(role) >= step;
}

function tooLow(role: string, access: string): HostError {
  const needed = access === 'platform' ? 'the platform token' : `the role ${access}`;
  return new HostError('ROLE_TOO_LOW', { message: `the token has the role ${role}; this needs ${needed}` });
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
