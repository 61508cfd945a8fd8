/**
 * Who is bred from next. A plugin lists its selectors under `entry_points.parent_selectors` (F000-21, F000-22).
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * A program of the population, with what was measured of it.
 *
 * @experimental
 */
export type Program = {
  readonly id: string;
  readonly source: string;
  readonly generation: number;
  /** Milliseconds of one run; lower is better (X000-24). */
  readonly speed_ms: number;
  /** KiB at the most of one run. */
  readonly memory_kb: number;
  /** Ids of the programs that it was made from. */
  readonly parents: readonly string[];
};

/**
 * Programs that are alike, by the bucket of their measures (X000-24).
 *
 * @experimental
 */
export type Island = {
  /** Speed, memory, length and generation, each as the number of its bin. */
  readonly bucket: readonly number[];
  /** The fastest of them. */
  readonly champion: Program;
  /** Sources that were champion before, oldest first. */
  readonly history: readonly string[];
};

/**
 * The population, as a selector sees it: a copy, read only.
 *
 * @experimental
 */
export type ProgramDatabase = { readonly generation: number; readonly islands: readonly Island[] };

/**
 * What every parent selector is (F000-21, X000-22). One object lives as long as its instance and its configuration, so what
 * it learns from `feedback` holds until then; with `"limits": { "instances": 1 }` there is one for a tenant.
 *
 * @experimental
 */
export abstract class ParentSelector {
  readonly config: JsonObject;

  /** @param config - Of the plugin's registration; document its keys as the table `[selector.<name>]` (F000-23). */
  constructor(config?: JsonObject | null) {
    this.config = config ?? {};
  }

  /** Chooses a program of `db`. @throws where it holds none (X000-23). */
  abstract select(db: ProgramDatabase, context: ToolContext): Program | Promise<Program>;

  /** Chooses sources to show beside the parent: at most `k`, and all there are where `k` is not fewer (X000-23). */
  abstract sampleInspirations(
    db: ProgramDatabase,
    k: number,
    context: ToolContext,
  ): readonly string[] | Promise<readonly string[]>;

  /** Learns how much better the last child is than its parent; 0 or less is no gain (F000-25). */
  abstract feedback(fitnessGain: number, context: ToolContext): void | Promise<void>;
}
