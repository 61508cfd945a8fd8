/**
 * Opens what is kept for administrators and read by no call: tenants, tokens, the audit log, and evaluations.
 */
import { randomUUID } from 'node:crypto';
import { createCallIds } from '../base/call-ids.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { createTenants, type Tenants } from '../catalogue/tenants.ts';
import { createTokens, type Tokens } from '../catalogue/tokens.ts';
import { createEvaluations, type Evaluations } from '../evaluations/evaluations.ts';
import { createAuditLog, type AuditLog } from '../storage/audit-log.ts';
import type { Storage } from '../storage/port.ts';
import type { HostSettings } from './settings.ts';

/** What there is. */
export type Registers = {
  readonly tenants: Tenants;
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  readonly evaluations: Evaluations;
};

/** What they are kept in; `node` is this host. */
export type RegisterParts = { readonly catalogue: Catalogue; readonly storage: Storage; readonly node: string };

/** Opens them. */
export function openRegisters({ clock }: HostSettings, { catalogue, storage, node }: RegisterParts): Registers {
  return {
    tenants: createTenants({ catalogue, clock, newId: randomUUID }),
    tokens: createTokens({ catalogue, clock }),
    audit: createAuditLog(storage),
    evaluations: createEvaluations({ storage, clock, node, newId: createCallIds() }),
  };
}
