/**
 * What a tenant's admin has to consent to, and what is granted after a move. Pure.
 *
 * V1: A release never has a capability that nobody named for this registration; what it no longer asks for it loses.
 * V2: Coming back to a release gives back what was granted when it was left, and nothing more.
 */
import { capabilitiesOf, type ConsentAsked, type Manifest } from '@bulkhead/protocol';
import type { MoveRow } from '../storage/catalogue-port.ts';
import { wordChanges } from './differences.ts';

type Asking = Pick<Manifest, 'required_permissions' | 'network'>;

/**
 * Lists what a release asks for beyond the one in use. More hosts matter where both ask for `internet`: they would be
 * reached by a grant that was given for others.
 */
export function consentAsked(before: Asking, after: Asking): ConsentAsked {
  const permissions = wordChanges(
    capabilitiesOf(before.required_permissions),
    capabilitiesOf(after.required_permissions),
  ).added;
  const isOnline = after.required_permissions.includes('internet') && !permissions.includes('internet');
  return { permissions, hosts: isOnline ? wordChanges(before.network.allow, after.network.allow).added : [] };
}

/** Tells whether there is anything to consent to. */
export function needsConsent({ permissions, hosts }: ConsentAsked): boolean {
  return permissions.length > 0 || hosts.length > 0;
}

/** What is granted after an upgrade: what was, as far as it is still asked for, and what is named now. */
export function grantsAfterUpgrade(
  granted: readonly string[],
  { required_permissions }: Asking,
  named: readonly string[],
): readonly string[] {
  return [...new Set([...granted.filter((word) => required_permissions.includes(word)), ...named])];
}

/** What is granted after a rollback: what the release had when it was left, else what the registration has now. */
export function grantsAfterRollback(
  granted: readonly string[],
  { required_permissions, version }: Asking & Pick<Manifest, 'version'>,
  moves: readonly MoveRow[],
): readonly string[] {
  const left = moves.findLast(({ from_version }) => from_version === version);
  return (left?.granted_before ?? granted).filter((word) => required_permissions.includes(word));
}
