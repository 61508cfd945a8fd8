/**
 * What the host keeps beyond its own life, as the host asks for it. The host knows no database: in-memory storage is beside
 * this file, PostgreSQL and PGlite implement it in `packages/store`, and one conformance suite runs over all of them.
 *
 * S1: What a method was given or gave back is the caller's; an implementation keeps and returns copies.
 * S2: A resolved promise means durable, as far as the implementation is durable at all.
 * S3: A rejection is a HostError `STORAGE_UNAVAILABLE`; nothing of the write is there, or all of it. Where the storage
 *     answered, and will not take the same at another time either, its `details` say `isRefused`.
 * S4: What grows by itself is bounded: `prune` removes what its bounds leave out, oldest first.
 */
import { HostError } from '../base/host-error.ts';
import type { AgentStorage } from './agents-port.ts';
import type { ArtifactStorage } from './artifact-port.ts';
import type { CatalogueStorage } from './catalogue-port.ts';
import type { EvaluationStorage } from './evaluations-port.ts';
import type { EventStorage } from './events-port.ts';
import type { IndexStorage } from './index-port.ts';
import type { MemoryStorage } from './memory-port.ts';
import type { NodeStorage } from './nodes-port.ts';
import type { RecordingStorage } from './recordings-port.ts';
import type { RecordStorage } from './records-port.ts';
import type { SecretStorage } from './secrets-port.ts';
import type { UsageStorage } from './usage-port.ts';

/**
 * The port. Every method is safe to call concurrently; its invariants are at the head of this file.
 *
 * @experimental
 */
export type Storage = CatalogueStorage &
  RecordStorage &
  ArtifactStorage &
  NodeStorage &
  SecretStorage &
  MemoryStorage &
  EventStorage &
  IndexStorage &
  UsageStorage &
  RecordingStorage &
  EvaluationStorage &
  AgentStorage & {
    /** Releases what is held open. Safe to call twice; other methods reject afterwards. */
    close(): Promise<void>;
  };

/** Tells whether a rejection says that the storage is away, so that the same may go well later. */
export function isAway(error: unknown): boolean {
  return error instanceof HostError && error.code === 'STORAGE_UNAVAILABLE' && error.details['isRefused'] !== true;
}
