/**
 * What a tenant's admin has to consent to, and what is granted after a move. Pure.
 *
 * V1: A release never has a capability that nobody named for this registration; what it no longer asks for it loses.
 * V2: Coming back to a release gives back what was granted when it was left, and nothing more.
 */
import { askedPermissions, capabilitiesOf, type ConsentAsked, type Manifest } from '@bulkhead/protocol';
import { isDeepStrictEqual } from 'node:util';
import type { MoveRow } from '../storage/catalogue-port.ts';
import { wordChanges } from './differences.ts';

type Asking = Pick<Manifest, 'required_permissions' | 'optional_permissions' | 'network' | 'mcp'>;

/**
 * Lists what a release asks for beyond the one in use, also where it can do without; and what it now needs that the other could
 * do without, since whoever did not grant that would be left with a plugin that is denied. More hosts matter where both ask for `internet`: they would be
 * reached by a grant that was given for others.
 */
export function consentAsked(before: Asking, after: Asking): ConsentAsked {
  const asked = capabilitiesOf(askedPermissions(after));
  const known = askedPermissions(before);
  const isNew = (word: string): boolean =>
    !known.includes(word) || (before.optional_permissions.includes(word) && after.required_permissions.includes(word));
  const permissions = asked.filter(isNew).toSorted();
  const isOnline = asked.includes('internet') && !permissions.includes('internet');
  const hosts = isOnline ? wordChanges(before.network.allow, after.network.allow).added : [];
  return { permissions, hosts, tools: redefinedTools(before, after) };
}

/** Tools of an MCP server that say something else than they did: an agent would follow the new words by an old consent. */
function redefinedTools(before: Asking, after: Asking): readonly string[] {
  const known = new Map((before.mcp?.tools ?? []).map((tool) => [tool.name, tool]));
  const changed = (after.mcp?.tools ?? []).filter((tool) => !isDeepStrictEqual(tool, known.get(tool.name)));
  return changed.map(({ name }) => name).toSorted();
}

/** Tells whether there is anything to consent to. */
export function needsConsent({ permissions, hosts, tools }: ConsentAsked): boolean {
  return permissions.length > 0 || hosts.length > 0 || tools.length > 0;
}

/** What is granted after an upgrade: what was, as far as it is still asked for, and what is named now. */
export function grantsAfterUpgrade(
  granted: readonly string[],
  asking: Asking,
  named: readonly string[],
): readonly string[] {
  const asked = askedPermissions(asking);
  return [...new Set([...granted.filter((word) => asked.includes(word)), ...named])];
}

/** What is granted after a rollback: what the release had when it was left, else what the registration has now. */
export function grantsAfterRollback(
  granted: readonly string[],
  asking: Asking & Pick<Manifest, 'version'>,
  moves: readonly MoveRow[],
): readonly string[] {
  const left = moves.findLast(({ from_version }) => from_version === asking.version);
  const asked = askedPermissions(asking);
  return (left?.granted_before ?? granted).filter((word) => asked.includes(word));
}
