/**
 * What is to be written of rollouts: begun, carried on by a step, and ended, each with its line of the audit log. It moves
 * nobody; `moves/rollout.ts` does.
 */
import { isoTime } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { RolloutRow, StoredRollout } from '../storage/catalogue-port.ts';
import { audited } from './audited.ts';
import type { ReleasesOptions } from './releases.ts';

/** A rollout that is to begin. */
export type NewRollout = Pick<RolloutRow, 'plugin_name' | 'version' | 'gate' | 'steps' | 'wait_ms' | 'node' | 'actor'>;

/** What changes of a rollout on its way. */
export type RolloutProgress = Partial<Pick<RolloutRow, 'steps_done' | 'state' | 'reason' | 'left_out' | 'node'>>;

/** The rollouts of one host. */
export type Rollouts = {
  /** @throws {HostError} `ROLLOUT_RUNNING`. */
  readonly begin: (wanted: NewRollout) => Promise<StoredRollout>;
  /** Writes progress; undefined where somebody else has changed the rollout since, and then nothing was written. */
  readonly progress: (
    rollout: StoredRollout,
    progress: RolloutProgress,
    by?: string,
  ) => Promise<StoredRollout | undefined>;
  /** The newest of a plugin. */
  readonly of: (plugin: string) => StoredRollout | undefined;
  readonly running: () => readonly StoredRollout[];
};

/** Creates the rollouts of a catalogue. */
export function createRollouts(options: ReleasesOptions): Rollouts {
  const { shelf } = options.catalogue;
  return {
    begin: (wanted) => begin(options, wanted),
    progress: (rollout, progress, by = rollout.actor) => write(options, rollout, { progress, by }),
    of: shelf.rollout,
    running: () => shelf.rollouts().filter(({ state }) => state === 'running'),
  };
}

async function begin(options: ReleasesOptions, wanted: NewRollout): Promise<StoredRollout> {
  const { catalogue, clock, newId } = options;
  const { plugin_name: plugin, version, steps, wait_ms } = wanted;
  await catalogue.commit(() => {
    const known = catalogue.shelf.rollout(plugin);
    if (known?.state === 'running') {
      const message = `a rollout of ${plugin} ${known.version} is under way, ${known.steps_done} of ${known.steps.length} steps done`;
      throw new HostError('ROLLOUT_RUNNING', { message });
    }
    const now = isoTime(clock.wallTime());
    const fresh = {
      steps_done: 0,
      state: 'running',
      reason: null,
      left_out: [],
      started_at: now,
      updated_at: now,
    } as const;
    const row: RolloutRow = { id: newId(), ...wanted, ...fresh };
    const details = { version, state: 'running', steps: [...steps], wait_ms };
    const deed = {
      actor: wanted.actor,
      action: 'plugin.rollout',
      tenant_id: null,
      resource: `plugin ${plugin}`,
      details,
    };
    return audited(clock, [{ kind: 'put_rollout', row, expected: known?.revision ?? 0 }], deed);
  });
  const stored = catalogue.shelf.rollout(plugin);
  if (stored === undefined)
    throw new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${plugin}' was removed meanwhile` });
  return stored;
}

async function write(
  { catalogue, clock }: ReleasesOptions,
  rollout: StoredRollout,
  { progress, by }: { readonly progress: RolloutProgress; readonly by: string },
): Promise<StoredRollout | undefined> {
  const { revision: expected, ...row } = rollout;
  const { plugin_name: plugin, version } = row;
  const isCurrent = (): boolean => catalogue.shelf.rollout(plugin)?.revision === expected;
  try {
    await catalogue.commit(() => {
      if (!isCurrent()) throw new HostError('REVISION_CONFLICT');
      const next: RolloutRow = { ...row, ...progress, updated_at: isoTime(clock.wallTime()) };
      const { state, steps_done, reason } = next;
      const details = { version, state, steps_done, ...(reason !== null && { reason }) };
      const deed = { actor: by, action: 'plugin.rollout', tenant_id: null, resource: `plugin ${plugin}`, details };
      return audited(clock, [{ kind: 'put_rollout', row: next, expected }], deed);
    });
  } catch (error) {
    if (error instanceof HostError && error.code === 'REVISION_CONFLICT') return undefined;
    throw error;
  }
  return catalogue.shelf.rollout(plugin);
}
