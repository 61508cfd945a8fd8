/**
 * A workshop for one piece of work outside of any host: what `check`, `pack` and `verify` look at may be a stranger's, so
 * what reads it runs in this machine's sandbox, as in an install.
 */
import type { Tier } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { openProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import { likelyTier, prepareSandbox, type PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { openWorkshop } from './open-workshop.ts';
import { resolveSettings } from './settings.ts';

/** Lets something work with a workshop. */
export type WithWorkshop = <Answer>(use: (ask: AskWorkshop) => Promise<Answer>) => Promise<Answer>;

/** Opens a workshop in a sandbox of its own, lets `use` work with it, and closes both. */
export function withWorkshop<Answer>(use: (ask: AskWorkshop) => Promise<Answer>): Promise<Answer> {
  return withPrepared((preparing) => workIn(preparing, use));
}

/** Prepares a sandbox behind what `use` does meanwhile, and clears it away when that is done. */
export async function withPrepared<Answer>(
  use: (preparing: Promise<PreparedSandbox>) => Promise<Answer>,
): Promise<Answer> {
  const preparing = prepareSandbox(settingsOf());
  preparing.catch(() => undefined); // Told by whatever needs it.
  try {
    return await use(preparing);
  } finally {
    await preparing.then(
      (prepared) => prepared.close(),
      () => undefined,
    );
  }
}

/** How a workshop ends that cannot start in the sandbox that it was given, and one that was too much for its bounds. */
const UNSTARTED: readonly string[] = ['HOST_SPAWN_FAILED', 'REVIEW_LIMIT'];

/**
 * Lets `use` work with a workshop in that sandbox. No plugin runs in a workshop, so the sandbox is not measured first, which
 * takes longer than all the rest. A machine may have the tools of a tier and not let them work; there the workshop does not
 * start, and is opened again in one that was measured to hold.
 */
export async function workIn<Answer>(
  preparing: Promise<PreparedSandbox>,
  use: (ask: AskWorkshop) => Promise<Answer>,
): Promise<Answer> {
  const settings = settingsOf();
  try {
    const likely = preparing.then((prepared) => ({
      ...prepared,
      tier: likelyTier(prepared.toolset, settings.tierMax),
    }));
    return await inWorkshop(use, likely);
  } catch (error) {
    if (!(error instanceof HostError) || !UNSTARTED.includes(error.code)) throw error;
    return await inMeasured(await preparing, use);
  }
}

async function inMeasured<Answer>(
  prepared: PreparedSandbox,
  use: (ask: AskWorkshop) => Promise<Answer>,
): Promise<Answer> {
  const ignore = (): void => undefined;
  const told = { onOpened: ignore, onDropped: ignore, onSaid: ignore };
  const sandbox = await openProcessSandbox({ ...settingsOf(), ...told, prepared });
  try {
    return await inWorkshop(use, Promise.resolve({ ...sandbox, tier: sandbox.receipt.tier }));
  } finally {
    await sandbox.close();
  }
}

const settingsOf = (): ReturnType<typeof resolveSettings> => resolveSettings({ spareCount: 0, measured: 'lately' });

/** The workshop starts behind what `use` does before it asks. */
async function inWorkshop<Answer>(
  use: (ask: AskWorkshop) => Promise<Answer>,
  placing: Promise<PreparedSandbox & { readonly tier: Tier }>,
): Promise<Answer> {
  const opening = placing.then((sandbox) => openWorkshop({ settings: settingsOf(), sandbox }));
  opening.then(
    (workshop) => workshop.warm(),
    () => undefined,
  );
  try {
    return await use(async (job) => (await opening).ask(job));
  } finally {
    await opening.then(
      (workshop) => workshop.close(),
      () => undefined,
    );
  }
}
