/**
 * The catalogue of the in-memory storage: rows in maps. A commit changes them change by change, and takes back what it did
 * where one does not fit (C1).
 */
import { DEFAULT_TENANT, LIMITS } from '@bulkhead/protocol';
import { AUDIT_ORIGIN, chainAudit } from './audit-chain.ts';
import type {
  AuditEntry,
  AuditPage,
  AuditQuery,
  AuditRow,
  CatalogueChange,
  CatalogueRows,
  CatalogueStep,
  CatalogueWrite,
  Committed,
  MoveRow,
  RecordingRow,
  ReleaseRow,
  StoredRegistration,
  StoredRollout,
  TenantRow,
  TokenRow,
} from './catalogue-port.ts';
import { pair } from './memory-rows.ts';
import type { SealedSecret, SecretName, SecretRow } from './secrets-port.ts';
import { toStepChanges } from './step-changes.ts';

type Tables = {
  readonly tenants: Map<string, TenantRow>;
  readonly tokens: Map<string, TokenRow>;
  readonly releases: Map<string, ReleaseRow>;
  readonly registrations: Map<string, StoredRegistration>;
  readonly secrets: Map<string, SealedSecret>;
  /** By registration, oldest first. */
  readonly moves: Map<string, readonly MoveRow[]>;
  readonly rollouts: Map<string, StoredRollout>;
  readonly recordings: Map<string, RecordingRow>;
};

/** The tenant that a new storage has. */
const BUILT_IN_TENANT: TenantRow = {
  id: DEFAULT_TENANT,
  name: DEFAULT_TENANT,
  min_tier: null,
  quota: {},
  created_at: '1970-01-01T00:00:00.000Z',
  updated_at: '1970-01-01T00:00:00.000Z',
};

/** Creates the catalogue of a new storage; `rowsMax` bounds the steps and the lines of the audit log that are kept. */
export function createMemoryCatalogue(rowsMax: number) {
  const tables: Tables = {
    tenants: new Map([[BUILT_IN_TENANT.id, BUILT_IN_TENANT]]),
    tokens: new Map(),
    releases: new Map(),
    registrations: new Map(),
    secrets: new Map(),
    moves: new Map(),
    rollouts: new Map(),
    recordings: new Map(),
  };
  let head: AuditPage['head'] = { seq: 0, hash: AUDIT_ORIGIN };
  const steps: CatalogueStep[] = [];
  const audit: AuditRow[] = [];

  function commit({ changes, audit: entry }: CatalogueWrite): Committed {
    const revision = head.seq + 1;
    const index = applyAll(tables, changes, revision);
    if (index !== undefined) return { kind: 'conflict', index };
    const line = chainAudit(head, entry);
    head = { seq: line.seq, hash: line.hash };
    keep(audit, line, rowsMax);
    keep(steps, { revision, changes: structuredClone(toStepChanges(changes)) }, rowsMax);
    return { kind: 'done', revision };
  }

  const readCatalogue = (): CatalogueRows => ({
    revision: head.seq,
    tenants: [...tables.tenants.values()],
    tokens: [...tables.tokens.values()],
    releases: [...tables.releases.values()],
    registrations: [...tables.registrations.values()],
    secrets: [...tables.secrets.values()].map(toRow),
    moves: [...tables.moves.values()].flat(),
    rollouts: [...tables.rollouts.values()],
    recordings: [...tables.recordings.values()].toSorted(byPlugin),
  });

  function readSteps(after: number): readonly CatalogueStep[] | undefined {
    const oldest = steps[0]?.revision ?? head.seq + 1;
    return after < oldest - 1 ? undefined : steps.filter(({ revision }) => revision > after);
  }

  const readAudit = (after: number, linesMax: number): AuditPage => ({
    rows: audit.filter(({ seq }) => seq > after).slice(0, linesMax),
    head,
  });

  function listAudit({ tenant, after, rowsMax: linesMax }: AuditQuery): readonly AuditRow[] {
    const lines = audit.filter(({ text }) => tenant === undefined || tenantOf(text) === tenant);
    return after === undefined ? lines.slice(-linesMax) : lines.filter(({ seq }) => seq > after).slice(0, linesMax);
  }

  return { commit, readCatalogue, readSteps, readAudit, listAudit, secrets: createSecretReads(tables) };
}

function tenantOf(text: string): string | null {
  return (JSON.parse(text) as AuditEntry).tenant_id; // The chain wrote it.
}

function createSecretReads({ secrets }: Tables) {
  return {
    read: (which: SecretName): SealedSecret | undefined => secrets.get(secretKey(which)),
    listOfOtherKeys: (keyId: string, rowsMax: number): readonly SealedSecret[] =>
      [...secrets.values()].filter(({ key_id }) => key_id !== keyId).slice(0, rowsMax),
  };
}

function secretKey({ tenant_id, plugin_name, name }: SecretName): string {
  return pair(pair(tenant_id, plugin_name), name);
}

function toRow({ nonce: _nonce, ciphertext: _ciphertext, ...row }: SealedSecret): SecretRow {
  return row;
}

type Undo = () => void;

/** Applies all changes or none; returns the index of the one that does not fit. */
function applyAll(tables: Tables, changes: readonly CatalogueChange[], revision: number): number | undefined {
  const undos: Undo[] = [];
  for (const [index, change] of changes.entries()) {
    const undo = apply(tables, change, revision);
    if (undo === undefined) {
      for (const each of undos.toReversed()) each();
      return index;
    }
    undos.push(undo);
  }
  return undefined;
}

/** Applies a change and returns how to take it back; undefined where it does not fit, and then nothing was done. */
function apply(tables: Tables, change: CatalogueChange, revision: number): Undo | undefined {
  const { tenants, tokens, secrets } = tables;
  switch (change.kind) {
    case 'put_tenant':
      return isNameTaken(tenants, change.row) ? undefined : put(tenants, change.row.id, change.row);
    case 'put_token':
      return tenants.has(change.row.tenant_id) ? put(tokens, change.row.id, change.row) : undefined;
    case 'put_release':
      return putRelease(tables, change.row);
    case 'put_registration':
      return putRegistration(tables, change, revision);
    case 'add_move':
      return addMove(tables, change.row);
    case 'put_rollout':
      return putRollout(tables, change, revision);
    case 'put_recording':
      return putRecording(tables, change.row);
    case 'forget_recordings':
      return () => undefined; // What was recorded is no part of the catalogue.
    case 'remove_tenant':
      return removeTenant(tables, change.tenant_id);
    case 'remove_token':
      return remove(tokens, ({ id }) => id === change.token_id);
    case 'remove_registration':
      return removeRegistrations(
        tables,
        ({ tenant_id, plugin_name }) => tenant_id === change.tenant_id && plugin_name === change.plugin_name,
      );
    case 'remove_plugin':
      return removePlugin(tables, change.plugin_name);
    case 'put_secret':
      return putSecret(tables, change);
    case 'remove_secret':
      return remove(secrets, (row) => secretKey(row) === secretKey(change));
  }
}

function isNameTaken(tenants: Tables['tenants'], { id, name }: TenantRow): boolean {
  return [...tenants.values()].some((tenant) => tenant.name === name && tenant.id !== id);
}

/** Keeps C3. */
function putRelease({ releases }: Tables, row: ReleaseRow): Undo | undefined {
  const key = pair(row.plugin_name, row.version);
  const known = releases.get(key);
  if (known !== undefined && known.digest !== row.digest) return undefined;
  const { is_public, offered_to, is_trusted, origin } = row;
  return put(releases, key, known === undefined ? row : { ...known, is_public, offered_to, is_trusted, origin });
}

function putRegistration(
  { tenants, registrations }: Tables,
  { row, expected }: Extract<CatalogueChange, { kind: 'put_registration' }>,
  revision: number,
): Undo | undefined {
  const key = pair(row.tenant_id, row.plugin_name);
  const known = registrations.get(key)?.revision ?? 0;
  if (!tenants.has(row.tenant_id) || (expected !== undefined && expected !== known)) return undefined;
  return put(registrations, key, { ...row, revision });
}

function addMove({ registrations, moves }: Tables, row: MoveRow): Undo | undefined {
  const key = pair(row.tenant_id, row.plugin_name);
  if (!registrations.has(key)) return undefined;
  return put(moves, key, [...(moves.get(key) ?? []), row].slice(-LIMITS.moves.value));
}

function putRollout(
  { rollouts }: Tables,
  { row, expected }: Extract<CatalogueChange, { kind: 'put_rollout' }>,
  revision: number,
): Undo | undefined {
  const known = rollouts.get(row.plugin_name)?.revision ?? 0;
  if (expected !== undefined && expected !== known) return undefined;
  return put(rollouts, row.plugin_name, { ...row, revision });
}

function putRecording({ registrations, recordings }: Tables, row: RecordingRow): Undo | undefined {
  const key = pair(row.tenant_id, row.plugin_name);
  if (!registrations.has(key)) return undefined;
  return row.share > 0
    ? put(recordings, key, row)
    : remove(recordings, (each) => pair(each.tenant_id, each.plugin_name) === key);
}

function byPlugin(a: RecordingRow, b: RecordingRow): number {
  return pair(a.plugin_name, a.tenant_id) < pair(b.plugin_name, b.tenant_id) ? -1 : 1;
}

function putSecret(
  { tenants, secrets }: Tables,
  { row, sealed, replaces }: Extract<CatalogueChange, { kind: 'put_secret' }>,
): Undo | undefined {
  const key = secretKey(row);
  if (sealed === undefined || !tenants.has(row.tenant_id)) return undefined;
  if (replaces !== undefined && secrets.get(key)?.nonce !== replaces) return undefined;
  return put(secrets, key, { ...row, ...sealed });
}

type OfRegistration = Pick<SecretName, 'tenant_id' | 'plugin_name'>;

/** With a registration go its moves, its share that is recorded, and the tenant's secrets of the plugin. */
function removeRegistrations(
  { registrations, moves, recordings, secrets }: Tables,
  isGone: (of: OfRegistration) => boolean,
): Undo {
  return together([
    remove(registrations, isGone),
    remove(moves, ([first]) => first !== undefined && isGone(first)),
    remove(recordings, isGone),
    remove(secrets, isGone),
  ]);
}

function removeTenant(tables: Tables, tenant: string): Undo {
  return together([
    remove(tables.tenants, ({ id }) => id === tenant),
    remove(tables.tokens, ({ tenant_id }) => tenant_id === tenant),
    removeRegistrations(tables, ({ tenant_id }) => tenant_id === tenant),
  ]);
}

function removePlugin(tables: Tables, plugin: string): Undo {
  return together([
    remove(tables.releases, ({ plugin_name }) => plugin_name === plugin),
    remove(tables.rollouts, ({ plugin_name }) => plugin_name === plugin),
    removeRegistrations(tables, ({ plugin_name }) => plugin_name === plugin),
  ]);
}

function put<Row>(table: Map<string, Row>, key: string, row: Row): Undo {
  const before = table.get(key);
  table.set(key, structuredClone(row));
  return () => void (before === undefined ? table.delete(key) : table.set(key, before));
}

/** What is taken back goes in again at the end: the order of first storing would be lost, so all of the table is put back. */
function remove<Row>(table: Map<string, Row>, isGone: (row: Row) => boolean): Undo {
  const gone = [...table].filter(([, row]) => isGone(row)).map(([key]) => key);
  if (gone.length === 0) return () => undefined;
  const before = [...table];
  for (const key of gone) table.delete(key);
  return () => {
    table.clear();
    for (const [key, row] of before) table.set(key, row);
  };
}

function together(undos: readonly Undo[]): Undo {
  return () => undos.forEach((undo) => undo());
}

function keep<Item>(list: Item[], item: Item, itemsMax: number): void {
  list.push(item);
  if (list.length > itemsMax) list.shift();
}
