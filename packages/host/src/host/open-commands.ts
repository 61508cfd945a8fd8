/**
 * Joins the commands of plugins to the sandbox of the host: the same users, control groups and run folder, at the tier that the
 * self-test measured.
 */
import { createCommands, type CommandsOptions } from '../commands/commands.ts';
import type { ProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import { createCommandService } from '../services/commands.ts';
import type { LastingService } from '../services/desk.ts';
import type { HostSettings } from './settings.ts';

/** Commands as plugins ask for them. */
export type HostCommands = LastingService;

/** What they are opened with. */
export type CommandOpening = Pick<CommandsOptions, 'charge'> & { readonly sandbox: ProcessSandbox };

/** Opens them; what runs ends before the run folder goes. */
export async function openCommands(
  { clock, log, dataDir, env }: HostSettings,
  { sandbox, charge }: CommandOpening,
  closing: AsyncDisposableStack,
): Promise<HostCommands> {
  const { groups } = await sandbox.memory();
  const { receipt } = sandbox;
  const commands = createCommands({ prepared: sandbox, groups, receipt, clock, log, dataDir, env, charge });
  closing.defer(() => commands.close());
  return createCommandService({ commands, clock });
}
