/**
 * What plugins remember, in the in-memory storage.
 */
import type { MemoryArtifact } from '@bulkhead/protocol';
import type { MemoryOwner, MemoryPlace, MemoryQuery, StoredMemory } from './memory-port.ts';
import { pair } from './memory-rows.ts';

type Owned = { readonly owner: MemoryOwner; readonly artifacts: Map<string, StoredMemory> };

/** Creates an empty memory; the host bounds it by `trim`. */
export function createMemory() {
  const owned = new Map<string, Owned>();

  function artifactsOf(owner: MemoryOwner): Map<string, StoredMemory> {
    return owned.get(pair(owner.tenant_id, owner.plugin_name))?.artifacts ?? new Map<string, StoredMemory>();
  }

  function add(owner: MemoryOwner, artifact: StoredMemory): void {
    const artifacts = artifactsOf(owner);
    owned.set(pair(owner.tenant_id, owner.plugin_name), { owner, artifacts });
    artifacts.set(artifact.id, structuredClone(artifact));
  }

  function query(owner: MemoryOwner, wanted: MemoryQuery): readonly MemoryArtifact[] {
    const found = [...artifactsOf(owner).values()].filter((artifact) => fits(artifact, wanted));
    return found.toSorted(newestFirst).slice(0, wanted.rowsMax).map(toArtifact);
  }

  function read(owner: MemoryOwner, ids: readonly string[]): readonly MemoryArtifact[] {
    const artifacts = artifactsOf(owner);
    const found = [...new Set(ids)].map((id) => artifacts.get(id)).filter((artifact) => artifact !== undefined);
    return found.toSorted(newestFirst).map(toArtifact);
  }

  function trim(
    owner: MemoryOwner,
    { rowsMax, rowsKept }: { readonly rowsMax: number; readonly rowsKept: number },
  ): number {
    const artifacts = artifactsOf(owner);
    if (artifacts.size <= rowsMax) return 0;
    const leaving = [...artifacts.values()].toSorted(leastWorthFirst).slice(0, artifacts.size - rowsKept);
    for (const { id } of leaving) artifacts.delete(id);
    return leaving.length;
  }

  /** Forgets what a tenant, a plugin, or one for the other remembered. */
  function forget(whose: Partial<MemoryOwner>): void {
    for (const [key, { owner }] of owned) {
      const isMeant =
        (whose.tenant_id ?? owner.tenant_id) === owner.tenant_id &&
        (whose.plugin_name ?? owner.plugin_name) === owner.plugin_name;
      if (isMeant) owned.delete(key);
    }
  }

  return {
    add,
    query,
    read,
    remove: (owner: MemoryOwner, id: string): boolean => artifactsOf(owner).delete(id),
    trim,
    forget,
  };
}

function fits(artifact: StoredMemory, { words, tags, source, minConfidence, before }: MemoryQuery): boolean {
  return (
    artifact.confidence >= minConfidence &&
    (before === undefined || newestFirst(artifact, before) > 0) &&
    (source === undefined || artifact.source === source) &&
    tags.every((tag) => artifact.tags.includes(tag)) &&
    words.every((word) => artifact.search_text.includes(word))
  );
}

function newestFirst(a: MemoryPlace, b: MemoryPlace): number {
  return b.timestamp.localeCompare(a.timestamp) || (a.id < b.id ? 1 : -1);
}

function leastWorthFirst(a: StoredMemory, b: StoredMemory): number {
  return a.confidence - b.confidence || newestFirst(b, a);
}

function toArtifact({ search_text: _text, ...artifact }: StoredMemory): MemoryArtifact {
  return artifact;
}
