/**
 * Artifacts and nodes of the in-memory storage. One process uses it, so they are few; they are here because the port has
 * them, and for hosts of one process that share it in tests.
 */
import { isoTime } from '../base/clock.ts';
import type { ArtifactRow } from './artifact-port.ts';
import type { NodeReport, NodeRow } from './nodes-port.ts';

/** Creates an empty table of artifacts; `isNamed` tells whether a release names a digest. */
export function createArtifacts(isNamed: (digest: string) => boolean) {
  const artifacts = new Map<string, { readonly row: ArtifactRow; readonly putAt: string }>();
  return {
    put: (row: ArtifactRow, putAt: string): void => {
      const known = artifacts.get(row.digest)?.row;
      artifacts.set(row.digest, { row: known ?? structuredClone(row), putAt });
    },
    get: (digest: string): ArtifactRow | undefined => artifacts.get(digest)?.row,
    sweep: (before: string): void => {
      for (const [digest, { putAt }] of artifacts) if (putAt < before && !isNamed(digest)) artifacts.delete(digest);
    },
  };
}

/** Creates an empty list of nodes; `wallTime` is this storage's clock. */
export function createNodes(wallTime: () => number) {
  const nodes = new Map<string, { readonly report: NodeReport; readonly at: number }>();

  function beat(report: NodeReport): readonly NodeRow[] {
    const now = wallTime();
    nodes.set(report.id, { report: structuredClone(report), at: now });
    const rows = [...nodes.values()].map(({ report: said, at }) => ({
      ...said,
      heartbeat_at: isoTime(at),
      silent_ms: now - at,
    }));
    return rows.toSorted((a, b) => compare(a.started_at, b.started_at) || compare(a.id, b.id));
  }

  function forget(silentMs: number): void {
    for (const [id, { at }] of nodes) if (wallTime() - at > silentMs) nodes.delete(id);
  }

  const hasOther = (id: string): boolean => [...nodes.keys()].some((node) => node !== id);
  return { beat, forget, hasOther, remove: (id: string): void => void nodes.delete(id) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
