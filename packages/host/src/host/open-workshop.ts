/**
 * Opens the workshop of a host inside its sandbox: at the tier that was measured to hold, with the workshop's own file
 * and its two native files to read and execute, child processes for the bundler, and nothing else: no network, no other
 * file, no right to write.
 */
import { LIMITS, type Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { dataLimitBytes } from '../sandbox/process/command.ts';
import { createGuestLauncher } from '../sandbox/process/launcher.ts';
import { imageOf } from '../sandbox/process/launch-files.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { findNativeTools } from '../toolchain/native-tools.ts';
import { WORKSHOP_HEAP_MB } from '../toolchain/workshop-launch.ts';
import { createWorkshop, type Workshop, type WorkshopOptions, type WorkshopStart } from '../toolchain/workshop.ts';

/** The parts of settings and sandbox that the workshop is made from. */
export type OpenWorkshopOptions = {
  readonly settings: {
    readonly clock: Clock;
    /** The built workshop, one file. */
    readonly workshopPath: string;
    readonly workshopIdleMs?: number;
  };
  readonly sandbox: Omit<PreparedSandbox, 'close' | 'memory'> & { readonly tier: Tier };
  readonly onDone?: WorkshopOptions['onDone'];
};

/** The bundler reads and writes through pipes; no file grows. */
const FILE_BYTES_MAX = 0;
/** Node, the bundler and the pipes between them. */
const OPEN_FILES_MAX = 256;
const MIB = 1024 * 1024;

/** Opens the workshop; its first job puts its files in place and starts a process. */
export function openWorkshop({ settings, sandbox, onDone }: OpenWorkshopOptions): Workshop {
  let preparing: Promise<() => WorkshopStart> | undefined;
  const prepare = async (): Promise<WorkshopStart> => {
    preparing ??= stageWorkshop(settings.workshopPath, sandbox).catch((error: unknown) => {
      preparing = undefined; // A machine that was short of something then may have it at the next install.
      throw error;
    });
    return (await preparing)();
  };
  const { clock, workshopIdleMs: idleMs } = settings;
  return createWorkshop({
    prepare,
    clock,
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(onDone === undefined ? {} : { onDone }),
  });
}

/** Copies and links what is needed to where the workshop's user can reach it, and returns what makes a command. */
async function stageWorkshop(
  workshopPath: string,
  sandbox: OpenWorkshopOptions['sandbox'],
): Promise<() => WorkshopStart> {
  const { tier, runDirectory, staged, toolset, uids } = sandbox;
  const natives = findNativeTools();
  const [guest, bundler, parser, image] = await Promise.all([
    // A copy of this ending: for any other Node reads a package.json, which the sandbox does not show.
    readFile(workshopPath).then((bytes) => runDirectory.write('workshop.mjs', bytes)),
    runDirectory.stage(natives.bundler, 'bundler'),
    runDirectory.stage(natives.parser, 'parser.node'),
    // The parser needs libraries that Node alone does not load.
    imageOf(process.execPath, ['--require', natives.parser], sandbox.notes),
  ]);
  const launcher = createGuestLauncher({
    tier,
    toolset,
    staged: { ...staged, guest, image },
    token: runDirectory.token,
    hostPid: process.pid,
    uids,
    readablePaths: [bundler, parser],
    allowChildren: true,
    allowAddons: true,
    // The bundler uses every core as it is; V8 without its helpers takes twice as long for a large review.
    allowHelperThreads: true,
  });
  const shape = {
    memoryMb: WORKSHOP_HEAP_MB,
    dataLimitBytes: dataLimitBytes(image.idleDataBytes, LIMITS.workshop_memory_bytes.value / MIB),
    openFilesMax: OPEN_FILES_MAX,
    fileSizeMaxBytes: FILE_BYTES_MAX,
  };
  return () => ({ launch: launcher.prepare(shape), tools: { bundler, parser } });
}
