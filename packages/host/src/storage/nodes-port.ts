/**
 * The nodes that share a storage: each says every few seconds that it lives and how its plugins are, and hears of the
 * others by the same question. Silence is measured by the storage's clock, so that no two machines' clocks are compared.
 */
import type { BreakerState, HealthWord, LifecycleState, Tier } from '@bulkhead/protocol';

/**
 * How a plugin is on a node, over all tenants.
 *
 * @experimental
 */
export type NodePlugin = {
  readonly name: string;
  readonly state: LifecycleState;
  readonly health: HealthWord;
  readonly breaker: BreakerState;
  readonly version: string | null;
  /** Whether the catalogue has a release of it; else a folder of the node was refused, or lacks something. */
  readonly is_released: boolean;
  /** As everybody may read it; null where there is none. */
  readonly reason: string | null;
  /** As the platform may read it, with text that a call may have caused. */
  readonly full_reason: string | null;
  readonly success_count: number;
  readonly error_count: number;
  readonly last_used: string | null;
};

/**
 * What a node says of itself. Times are ISO 8601; `state` is `draining` once it takes no new calls.
 *
 * @experimental
 */
export type NodeReport = {
  readonly id: string;
  readonly host_name: string;
  /** Of Bulkhead. */
  readonly version: string;
  readonly tier: Tier;
  readonly state: 'ready' | 'draining';
  readonly started_at: string;
  readonly plugins: readonly NodePlugin[];
};

/**
 * What a node said last, when, and how many milliseconds before the question.
 *
 * @experimental
 */
export type NodeRow = NodeReport & { readonly heartbeat_at: string; readonly silent_ms: number };

/**
 * The nodes' part of the Storage port.
 *
 * @experimental
 */
export interface NodeStorage {
  /** Whether other nodes may use the same storage at the same time; else nobody need say that he lives. */
  readonly isShared: boolean;
  /** Keeps what a node says now, and answers what each said last, itself included, in order of their starts. */
  beat(report: NodeReport): Promise<readonly NodeRow[]>;
  /** Silent where there is none. */
  removeNode(id: string): Promise<void>;
  /** Removes nodes that have been silent for longer. */
  forgetNodes(silentMs: number): Promise<void>;
}
