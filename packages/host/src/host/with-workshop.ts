/**
 * A workshop for one piece of work outside of any host: what `check`, `pack` and `verify` look at may be a stranger's, so
 * what reads it runs in this machine's sandbox, as in an install. No plugin runs, so the sandbox is not measured first, which would
 * take longer than all the rest.
 */
import type { AskWorkshop } from '../base/workshop-port.ts';
import { openProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import { openWorkshop } from './open-workshop.ts';
import { resolveSettings } from './settings.ts';

/** Lets something work with a workshop. */
export type WithWorkshop = <Answer>(use: (ask: AskWorkshop) => Promise<Answer>) => Promise<Answer>;

/** Opens a workshop, lets `use` work with it, and closes it. */
export async function withWorkshop<Answer>(use: (ask: AskWorkshop) => Promise<Answer>): Promise<Answer> {
  const settings = resolveSettings({ spareCount: 0 });
  const ignore = (): void => undefined;
  const sandbox = await openProcessSandbox({
    ...settings,
    ...{ isMeasured: false, onOpened: ignore, onDropped: ignore, onSaid: ignore },
  });
  const workshop = openWorkshop({ settings, sandbox });
  try {
    return await use(workshop.ask);
  } finally {
    await workshop.close();
    await sandbox.close();
  }
}
