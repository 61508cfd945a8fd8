/**
 * For tests: commands at a chosen tier, opened as in production, and whether something of a run is left.
 *
 *   node commands.fixture.ts TIER MARK         runs a command that sleeps, prints {path} of the run folder, and waits
 *   node commands.fixture.ts TIER MARK IMAGE   the same in a container, with Node
 */
import type { Tier } from '@bulkhead/protocol';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { findProcesses } from '../sandbox/process/process-table.ts';
import { openSandboxFixture } from '../sandbox/process/sandbox-fixture.ts';
import { createCommands, type CommandRequest, type Commands, type CommandsOptions } from './commands.ts';

/** Open commands, with what they used and leave. */
export type CommandsFixture = {
  readonly commands: Commands;
  readonly run: (request: Partial<CommandRequest> & Pick<CommandRequest, 'command'>) => ReturnType<Commands['run']>;
  readonly charged: readonly (readonly [tenant: string, cpuMs: number])[];
  /** Folders of runs that are there. */
  readonly folders: () => Promise<readonly string[]>;
  readonly path: string;
  readonly close: () => Promise<void>;
};

/** Opens them; a tier that does not hold here is an error. */
export async function openCommandsFixture(
  tier: Tier,
  dataDir?: string,
  env: CommandsOptions['env'] = process.env,
): Promise<CommandsFixture> {
  const { sandbox, close } = await openSandboxFixture(tier);
  const quiet = (): void => undefined;
  const charged: (readonly [string, number])[] = [];
  const commands = createCommands({
    prepared: sandbox,
    groups: (await sandbox.memory()).groups,
    receipt: sandbox.receipt,
    clock: systemClock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    dataDir,
    env,
    charge: (tenant, { cpuMs }) => void charged.push([tenant, cpuMs]),
  });
  return {
    commands,
    run: (request) => commands.run(commandRequest(request)),
    charged,
    folders: () => readdir(join(sandbox.runDirectory.path, 'temp')),
    path: sandbox.runDirectory.path,
    close: async () => {
      await commands.close();
      await close();
    },
  };
}

/** A request with the bounds that a test does not name. */
export function commandRequest(request: Partial<CommandRequest> & Pick<CommandRequest, 'command'>): CommandRequest {
  return {
    tenant: 'acme',
    args: [],
    files: [],
    stdin: '',
    collect: [],
    timeoutMs: 20_000,
    memoryMb: 256,
    pids: 64,
    outputBytes: 65_536,
    repeats: 1,
    deadline: systemClock.now() + 60_000,
    signal: new AbortController().signal,
    ...request,
  };
}

/** A command that sleeps, and has the mark among its arguments. */
export function sleeping(mark: string): Pick<CommandRequest, 'command' | 'args'> {
  return { command: 'perl', args: ['-e', 'sleep 300', mark] };
}

/** Processes that have the mark in one of their arguments. */
export function findMarked(mark: string): Promise<readonly number[]> {
  return findProcesses(({ argv }) => argv.some((arg) => arg.includes(mark)));
}

if (import.meta.main) {
  const [, , tier, mark = '', image] = process.argv;
  const fixture = await openCommandsFixture(tier === 'jail' ? 'jail' : 'confined');
  const inContainer = { command: 'node', args: ['-e', 'setInterval(() => {}, 1000)', mark], image, timeoutMs: 600_000 };
  void fixture.run(image === undefined ? sleeping(mark) : inContainer).catch(() => undefined);
  while ((await findMarked(mark)).length === 0) await pause(20);
  process.stdout.write(`${JSON.stringify({ path: fixture.path })}\n`);
}
