/**
 * Opens the `stdio` driver of a host beside its `process` driver: the same users, control groups, filters and run folder, and the
 * tier that the self-test measured there.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { createPathHider } from '../process/clean-text.ts';
import type { ProcessSandbox } from '../process/open-process-sandbox.ts';
import { createStdioDriver, type StdioDriver, type StdioDriverOptions } from './driver.ts';

/** What the driver is opened with. */
export type OpenStdioOptions = Pick<
  StdioDriverOptions,
  'stateRoot' | 'onOpened' | 'onDropped' | 'onSaid' | 'onErrorText'
> & {
  readonly clock: Clock;
  readonly log: Log;
  readonly sandbox: Pick<ProcessSandbox, 'runDirectory' | 'toolset' | 'staged' | 'uids' | 'memory' | 'receipt'>;
};

/** Opens it; whoever opened the sandbox closes that after this. */
export async function openStdioDriver({ sandbox, ...options }: OpenStdioOptions): Promise<StdioDriver> {
  const { runDirectory, staged, receipt } = sandbox;
  const { groups } = await sandbox.memory();
  const hidePaths = createPathHider(
    new Map([
      [runDirectory.path, 'run'],
      [process.execPath, 'node'],
      [staged.node, 'node'],
      [staged.launcher, 'launcher'],
      ...(options.stateRoot === undefined ? [] : [[options.stateRoot, 'state'] as const]),
    ]),
  );
  return createStdioDriver({ ...options, prepared: sandbox, groups, receipt, hidePaths });
}
