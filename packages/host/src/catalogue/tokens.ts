/**
 * Tokens of tenants. A token is `bh_<id>_<secret>`; of it only the SHA-256 digest is kept, and its text is shown once.
 *
 *   issue ─▶ text, shown once ─▶ recognize ─▶ the row, while the digest fits and it has not expired ─▶ revoke
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { permissionKindOf } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { CatalogueChange, Role, TokenRow } from '../storage/catalogue-port.ts';
import { EMBEDDER, audited } from './audited.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * What a new token may do; `scopes` left out means all of its role's, `expiresAt` left out means never.
 *
 * @public
 */
export type NewToken = {
  readonly tenant: string;
  readonly role: Role;
  readonly scopes?: readonly string[];
  /** ISO 8601, in the future. */
  readonly expiresAt?: string;
};

/**
 * A token that was just made: the only time that its text is seen.
 *
 * @public
 */
export type IssuedToken = { readonly row: TokenRow; readonly text: string };

/**
 * The tokens of one host. Writes reject with `STORAGE_UNAVAILABLE` and change nothing; `by` is the actor for the audit log.
 *
 * @public
 */
export type Tokens = {
  /** @throws {HostError} `TENANT_NOT_FOUND`; `VALIDATION_FAILED` for a role, scope or time that is none. */
  readonly issue: (wanted: NewToken, by?: string) => Promise<IssuedToken>;
  /** Revokes a token; from now on it is refused here, and on other nodes within a second. @returns false where there is none. */
  readonly revoke: (id: string, by?: string) => Promise<boolean>;
  /** Tells whose a token is; undefined for one that is wrong, expired or revoked. O(1), in constant time for each. */
  readonly recognize: (text: string) => TokenRow | undefined;
  /** Tells whether a token that was recognized is neither revoked nor expired since; whoever kept its text need not hash it again. */
  readonly isStanding: (row: TokenRow) => boolean;
  readonly find: (id: string) => TokenRow | undefined;
  /** Tokens of a tenant, in order of their making. */
  readonly of: (tenant: string) => readonly TokenRow[];
};

/** Roles in the order of what they may do; `worker` stands beside them. */
const ROLES = ['viewer', 'operator', 'admin', 'worker'] as const satisfies readonly Role[];

const ID_BYTES = 12;
const SECRET_BYTES = 32;
const TOKEN = /^bh_([0-9a-f]{24})_[\w-]{43}$/;
/** Compared with where there is no such token, so that an unknown id takes as long as a wrong secret. */
const NOBODYS_HASH = hash('sha256', randomBytes(SECRET_BYTES), 'buffer');

/** Creates the tokens of a catalogue. */
export function createTokens({ catalogue, clock }: { readonly catalogue: Catalogue; readonly clock: Clock }): Tokens {
  const { shelf } = catalogue;
  return {
    issue: (wanted, by = EMBEDDER) => issue(catalogue, clock, { wanted, by }),
    revoke: (id, by = EMBEDDER) => revoke(catalogue, clock, { id, by }),
    recognize: (text) => {
      catalogue.noteRead();
      const row = shelf.token(TOKEN.exec(text)?.[1] ?? '');
      const isRight = timingSafeEqual(hash('sha256', text, 'buffer'), digestOf(row));
      return row !== undefined && isRight && !hasExpired(row, clock.wallTime()) ? row : undefined;
    },
    isStanding: (row) => {
      catalogue.noteRead();
      return shelf.token(row.id) === row && !hasExpired(row, clock.wallTime());
    },
    find: shelf.token,
    of: (tenant) => shelf.tokens().filter(({ tenant_id }) => tenant_id === tenant),
  };
}

function digestOf(row: TokenRow | undefined): Buffer {
  return row === undefined ? NOBODYS_HASH : Buffer.from(row.hash, 'hex');
}

function hasExpired({ expires_at }: TokenRow, wallTime: number): boolean {
  return expires_at !== null && Date.parse(expires_at) <= wallTime;
}

async function issue(
  catalogue: Catalogue,
  clock: Clock,
  { wanted, by }: { readonly wanted: NewToken; readonly by: string },
): Promise<IssuedToken> {
  const { tenant, role } = wanted;
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `bh_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const row: TokenRow = {
    id,
    tenant_id: tenant,
    role: readRole(role),
    scopes: readScopes(wanted.scopes),
    hash: hash('sha256', text),
    created_at: isoTime(clock.wallTime()),
    expires_at: readExpiry(wanted.expiresAt, clock.wallTime()),
  };
  const details = { role, scopes: row.scopes, expires_at: row.expires_at };
  const deed = { actor: by, action: 'token.create', tenant_id: tenant, resource: `token ${id}`, details };
  const put: CatalogueChange = { kind: 'put_token', row };
  const misfit = await catalogue.commit(() => audited(clock, [put], deed));
  if (misfit === undefined) return { row, text };
  throw new HostError('TENANT_NOT_FOUND', { message: `there is no tenant ${JSON.stringify(tenant.slice(0, 80))}` });
}

async function revoke(
  catalogue: Catalogue,
  clock: Clock,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<boolean> {
  const row = catalogue.shelf.token(id);
  if (row === undefined) return false;
  const { tenant_id } = row;
  const deed = { actor: by, action: 'token.revoke', tenant_id, resource: `token ${id}`, details: { role: row.role } };
  await catalogue.commit(() => audited(clock, [{ kind: 'remove_token', token_id: id }], deed));
  return true;
}

function readRole(role: Role): Role {
  if (ROLES.includes(role)) return role;
  throw new HostError('VALIDATION_FAILED', {
    message: `role is ${JSON.stringify(role)}; expected one of ${ROLES.join(', ')}`,
  });
}

function readScopes(scopes: readonly string[] | undefined): readonly string[] | null {
  const wrong = scopes?.find((scope) => permissionKindOf(scope) !== 'scope');
  if (wrong === undefined) return scopes ?? null;
  throw new HostError('VALIDATION_FAILED', {
    message: `${JSON.stringify(wrong.slice(0, 80))} is no scope; expected words with ":", such as "math:calculate"`,
  });
}

function readExpiry(expiresAt: string | undefined, wallTime: number): string | null {
  if (expiresAt === undefined) return null;
  const time = Date.parse(expiresAt);
  if (time > wallTime) return isoTime(time);
  throw new HostError('VALIDATION_FAILED', {
    message: `expires_at is ${JSON.stringify(expiresAt.slice(0, 80))}; expected a time to come, in ISO 8601`,
  });
}
