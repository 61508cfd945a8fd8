/**
 * A workshop for one piece of work outside of any host: what `check`, `pack` and `verify` look at may be a stranger's, so
 * what reads it runs in this machine's sandbox, as in an install.
 */
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { openProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import { openWorkshop } from './open-workshop.ts';
import { resolveSettings } from './settings.ts';

/** Lets something work with a workshop. */
export type WithWorkshop = <Answer>(use: (ask: AskWorkshop) => Promise<Answer>) => Promise<Answer>;

/** How a workshop ends that cannot start in the sandbox that it was given, and one that was too much for its bounds. */
const UNSTARTED: readonly string[] = ['HOST_SPAWN_FAILED', 'REVIEW_LIMIT'];

/**
 * Opens a workshop, lets `use` work with it, and closes it. No plugin runs, so the sandbox is not measured first, which takes
 * longer than all the rest. A machine may have the tools of a tier and not let them work; there the workshop does not start, and
 * is opened again in one that was measured to hold.
 */
export async function withWorkshop<Answer>(use: (ask: AskWorkshop) => Promise<Answer>): Promise<Answer> {
  try {
    return await inWorkshop(use, false);
  } catch (error) {
    if (!(error instanceof HostError) || !UNSTARTED.includes(error.code)) throw error;
    return inWorkshop(use, true);
  }
}

async function inWorkshop<Answer>(use: (ask: AskWorkshop) => Promise<Answer>, isMeasured: boolean): Promise<Answer> {
  const settings = resolveSettings({ spareCount: 0 });
  const ignore = (): void => undefined;
  const sandbox = await openProcessSandbox({
    ...settings,
    ...{ isMeasured, onOpened: ignore, onDropped: ignore, onSaid: ignore },
  });
  const workshop = openWorkshop({ settings, sandbox });
  try {
    return await use(workshop.ask);
  } finally {
    await workshop.close();
    await sandbox.close();
  }
}
