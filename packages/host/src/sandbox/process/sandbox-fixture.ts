/**
 * For tests: the process driver of a host of its own at a chosen tier, opened as in production, with the built guest.
 */
import { fileURLToPath } from 'node:url';
import { readdir } from 'node:fs/promises';
import { LIMITS, type Tier } from '@bulkhead/protocol';
import { systemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { SandboxOpening } from '../sandbox.ts';
import type { GuestBinding } from './guest-binding.ts';
import { findGuests } from './launch-fixture.ts';
import { openProcessSandbox, type ProcessSandbox, type ProcessSandboxOptions } from './open-process-sandbox.ts';

/** A line that reached the host's log. */
export type LogRecord = { readonly level: keyof Log; readonly fields: object; readonly message: string };

/** What differs between two plugins under test. */
export type PluginUnderTest = Partial<Omit<GuestBinding, 'artifact'>> & {
  readonly memoryMb?: number;
  readonly cpuMsMax?: number;
  readonly hasTempDir?: boolean;
};

/** An open driver with what it told. */
export type SandboxFixture = {
  readonly sandbox: ProcessSandbox;
  /** Opens a plugin from the text of its main module. */
  readonly open: (source: string, plugin?: PluginUnderTest) => Promise<SandboxOpening>;
  readonly droppedCount: () => number;
  readonly logged: () => readonly LogRecord[];
  readonly leftovers: () => Promise<{ readonly processes: number; readonly files: number; readonly timers: number }>;
  readonly close: () => Promise<void>;
};

const MEMORY_MB = 64;
/** The built guest. */
export const GUEST_FILE = built('guest.cjs');

/** Opens the driver; a tier that does not hold here is an error, so that no test passes at another one. */
export async function openSandboxFixture(
  tier: Tier,
  change: Partial<ProcessSandboxOptions> = {},
): Promise<SandboxFixture> {
  let dropped = 0;
  const records: LogRecord[] = [];
  const note =
    (level: keyof Log) =>
    (fields: object, message: string): void =>
      void records.push({ level, fields, message });
  const sandbox = await openProcessSandbox({
    clock: systemClock,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    guestPath: GUEST_FILE,
    probePath: built('probe.js'),
    spareCount: 0,
    tierMax: tier,
    onOpened: () => undefined,
    onDropped: () => void (dropped += 1),
    onSaid: () => undefined,
    ...change,
  });
  if (sandbox.receipt.tier !== tier) throw new Error(`tier ${tier} does not hold here: ${sandbox.receipt.tier} does`);
  await turns(20); // The self-test's last descriptors are closed a turn or two after its guests are gone.
  const filesBefore = await openFiles();
  return {
    sandbox,
    open: (source, plugin) => sandbox.driver.open(specOf(source, plugin)),
    droppedCount: () => dropped,
    logged: () => records,
    leftovers: async () => ({
      processes: (await findGuests(sandbox.runDirectory.token)).length,
      files: (await openFiles()) - filesBefore,
      timers: timers(),
    }),
    close: sandbox.close,
  };
}

/** Makes the spec of a plugin whose main module is that text, as the bundler would hand it over. */
export function specOf(source: string, plugin: PluginUnderTest = {}): Parameters<ProcessSandbox['driver']['open']>[0] {
  const { memoryMb = MEMORY_MB, cpuMsMax = 30_000, hasTempDir = false, ...binding } = plugin;
  return {
    shape: { memoryMb, hasTempDir },
    cpuMsMax,
    binding: {
      kind: 'plugin',
      name: 'under_test',
      version: '1.0.0',
      tenant: 'acme',
      manifest: {},
      config: {},
      outputBytesMax: 1024 * 1024,
      initTimeoutMs: 10_000,
      closeGraceMs: LIMITS.shutdown_grace_ms.value,
      ...binding,
      artifact: Buffer.from(source),
    },
  };
}

function built(name: string): string {
  return fileURLToPath(new URL(`../../../dist/${name}`, import.meta.url));
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

/** Timers that keep this process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
