/**
 * Runs the self-test as a plugin of ours, in guests started exactly as in production, and again without Node's
 * permission model: what is still refused then, the kernel refused.
 */
import { readFile } from 'node:fs/promises';
import { LIMITS, type Receipt, type Tier } from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';
import type { ProbeInput } from '../../self-test/probe.ts';
import type { GuestShape, ProcessDriver } from './driver.ts';
import type { MemoryLayer } from './memory-layer.ts';
import { parseProbeResults, type ProbeReport } from './receipt.ts';

/** One tier to be tried, and what is attempted there. */
export type SelfTestOptions = {
  readonly clock: Clock;
  readonly tier: Tier;
  /** The built self-test, one self-contained file. */
  readonly probePath: string;
  /** What it attempts, without what differs from guest to guest. */
  readonly targets: Omit<ProbeInput, 'guest_path' | 'memory_mb' | 'open_files_max'>;
  readonly openFilesMax: number;
  readonly guestPath: string;
  /** Adds what only the host can see of a guest: whether it is in a control group. */
  readonly judgeMemory: MemoryLayer['judge'];
  /** Makes a driver without spares that starts guests of this tier. */
  readonly openDriver: (choice: SelfTestDriver) => ProcessDriver;
};

/** What a driver for the self-test must differ in. */
export type SelfTestDriver = {
  readonly receipt: Receipt;
  readonly shape: GuestShape;
  readonly withoutPermissionModel: boolean;
};

/** What one run found, or why it did not run, in words for an operator. */
type Run = { readonly results: ProbeReport['production'] } | { readonly failed: string };

/** The self-test tries to hold more than this; small, so that it is quick. */
const MEMORY_MB = 128;
const TIMEOUT_MS = 20_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Runs it both ways, side by side. */
export async function runSelfTest(options: SelfTestOptions): Promise<ProbeReport | { readonly failed: string }> {
  const [production, kernel] = await Promise.all([runOnce(options, false), runOnce(options, true)]);
  if ('failed' in production) return production;
  return 'failed' in kernel ? kernel : { production: production.results, kernel: kernel.results };
}

async function runOnce(options: SelfTestOptions, withoutPermissionModel: boolean): Promise<Run> {
  const { clock, tier } = options;
  const shape: GuestShape = { memoryMb: MEMORY_MB };
  const receipt: Receipt = { tier, layers: [], above: [], kernel: '', node: '', checked_at: '' };
  const driver = options.openDriver({ receipt, shape, withoutPermissionModel });
  try {
    const opening = await driver.open({ shape, cpuMsMax: TIMEOUT_MS, binding: await bindingOf(options.probePath) });
    if (!opening.ok) return { failed: opening.error.message };
    const reply = await opening.sandbox.run({
      target: 'export',
      name: 'default',
      args: [inputOf(options)],
      deadline: clock.now() + TIMEOUT_MS,
      signal: undefined,
      timeoutMs: TIMEOUT_MS,
      isFullTime: true,
    });
    if (!reply.ok) return { failed: reply.error.message };
    const results = parseProbeResults(reply.value);
    if (results === undefined) return { failed: 'the self-test gave no results' };
    return { results: [...results, await options.judgeMemory(opening.sandbox.diagnose().pid)] };
  } finally {
    await driver.close();
  }
}

function inputOf({ targets, guestPath, openFilesMax }: SelfTestOptions): ProbeInput {
  return { ...targets, guest_path: guestPath, memory_mb: MEMORY_MB, open_files_max: openFilesMax };
}

async function bindingOf(probePath: string): Promise<Parameters<ProcessDriver['open']>[0]['binding']> {
  return {
    kind: 'probe',
    name: 'self-test',
    version: '1.0.0',
    tenant: 'default',
    manifest: {},
    config: {},
    artifact: await readFile(probePath),
    outputBytesMax: OUTPUT_BYTES_MAX,
    initTimeoutMs: LIMITS.init_timeout_ms.value,
    closeGraceMs: LIMITS.shutdown_grace_ms.value,
  };
}
