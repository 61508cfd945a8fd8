/**
 * Resolves a host's options to full settings: below this nothing is optional.
 */
import { LIMITS, LIMIT_PROFILES, redactText, type GuestLimits, type Tier } from '@bulkhead/protocol';
import { homedir, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { silentLog, type Log } from '../base/log.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { ownFile } from '../base/own-files.ts';
import type { RedactText } from '../call/redact.ts';
import type { CassetteOptions } from '../egress/cassette.ts';
import type { DialerOptions } from '../egress/dialer.ts';
import type { HookRule } from '../hooks/declared-hook.ts';
import type { ReleaseJudge } from '../gate-api.ts';
import type { GuardPolicy } from '../install/install-path.ts';
import type { SignaturePolicy } from '../install/judge-signature.ts';
import type { BackendRule } from '../llm/backends.ts';
import type { NodeTiming } from '../nodes/nodes.ts';
import {
  noNotes,
  openMachineNotes,
  type MachineNotes,
  type MachineNotesOptions,
  type NoteBook,
} from '../sandbox/process/machine-notes.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { ThreadTiming } from '../services/threads.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import type { HostOptions } from '../host-options.ts';

/** A host's options with every default filled in. */
export type HostSettings = {
  readonly openStorage: () => Promise<Storage>;
  readonly minTier: Tier;
  readonly untrustedMinTier: Tier;
  readonly signatures: SignaturePolicy;
  /** Asked for when there is something to judge. */
  readonly judge: (() => Promise<ReleaseJudge>) | undefined;
  readonly guard: GuardPolicy;
  readonly tierMax: Tier;
  readonly dataDir: string | undefined;
  readonly secretsKeys: readonly string[];
  readonly log: Log;
  readonly hasImplicitTenants: boolean;
  readonly grants: Readonly<Record<string, readonly string[]>>;
  readonly sharedPlugins: readonly string[];
  readonly privateHosts: readonly string[];
  readonly hooks: Readonly<Record<string, HookRule>>;
  readonly backends: readonly BackendRule[];
  readonly cassette: CassetteOptions | undefined;
  readonly pluginHosts: Readonly<Record<string, readonly string[]>>;
  /** The network as `fetch` of plugins sees it; another one in tests. */
  readonly internet: DialerOptions;
  readonly spareCount: number;
  readonly spareMemoryMb: number;
  readonly workshopIdleMs: number;
  readonly isStrict: boolean;
  readonly callsInFlightMax: number;
  readonly idleTimeoutMs: number;
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly pluginCallsPerSecond: number;
  /** Takes secrets out of what is recorded of calls. */
  readonly redact: RedactText;
  /** Draws which calls are recorded: numbers from 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platformVersion: string;
  /** Of this machine, for operators who have several. */
  readonly hostName: string;
  readonly nodeTiming: NodeTiming;
  readonly threadTiming: ThreadTiming;
  /** Built files; they lie in `dist` whether this runs from source or not. */
  readonly guestPath: string;
  readonly probePath: string;
  readonly workshopPath: string;
  /** What was measured of this machine lately, where a host may use it. */
  readonly notes: MachineNotes;
  /** What came of installs lately, where a host may use it. */
  readonly installNotes: NoteBook;
  /** What its caller has prepared of its sandbox, and closes. */
  readonly prepared: PreparedSandbox | undefined;
  /** Set by {@link createDebugHost} alone. */
  readonly debugging: Debugging | undefined;
};

/** Told of each instance that a host under the debugger opens, with the source map of what it runs. */
export type Debugging = {
  readonly didOpen: (sandbox: Sandbox, sourceMap: Uint8Array | undefined) => void;
};

/** Makes of a host's settings those of one whose guests are debugged: one instance, its spare parts, and no haste. */
export function debugSettings(settings: HostSettings, debugging: Debugging): HostSettings {
  return { ...settings, debugging, spareCount: 0, idleTimeoutMs: UNHURRIED_MS, guestPath: ownFile('debug-guest.cjs') };
}

/** Limits of a plugin that somebody may hold at a breakpoint: a day instead of seconds, and room for the inspector. */
export function debugLimits(limits: GuestLimits): GuestLimits {
  const { memory_mb: memoryMb } = limits;
  return {
    ...limits,
    timeout_ms: UNHURRIED_MS,
    cpu_ms: UNHURRIED_MS,
    memory_mb: memoryMb + INSPECTOR_MB,
    instances: 1,
  };
}

/** A day: more than anybody stands at a breakpoint, and less than a timer can hold. */
const UNHURRIED_MS = 86_400_000;
/** The thread that carries the inspector: what it takes, and the 512 MiB that its V8 reserves for code, which RLIMIT_DATA counts. */
const INSPECTOR_MB = 256 + 512;

/** What `compatible_versions` of a manifest is compared with; lockstep with the packages' own version. */
export const PLATFORM_VERSION = '0.1.0';
const SPARES = 1;
const WORKSHOP_IDLE_MS = 10_000;

/** Fills in every default. */
export function resolveSettings(options: HostOptions): HostSettings {
  return {
    openStorage: storageOpener(options.storage),
    minTier: options.minTier ?? 'process',
    untrustedMinTier: options.untrustedMinTier ?? 'confined',
    signatures: { unsigned: options.unsigned ?? 'warn', trustedKeys: options.trustedKeys ?? [] },
    judge: judgeOpener(options.judge),
    guard: options.guard ?? 'optional',
    tierMax: options.tierMax ?? 'jail',
    dataDir: options.dataDir,
    secretsKeys: options.secretsKeys ?? [],
    log: options.log ?? silentLog,
    hasImplicitTenants: options.tenants !== 'explicit',
    grants: options.grants ?? {},
    sharedPlugins: options.sharedPlugins ?? [],
    privateHosts: options.privateHosts ?? [],
    hooks: options.hooks ?? {},
    backends: options.llm?.backends ?? [],
    pluginHosts: options.pluginHosts ?? {},
    cassette: options.cassette,
    internet: {},
    spareCount: options.spareCount ?? SPARES,
    spareMemoryMb: options.spareMemoryMb ?? LIMIT_PROFILES.plugin.memory_mb,
    workshopIdleMs: options.workshopIdleMs ?? WORKSHOP_IDLE_MS,
    isStrict: options.isStrict ?? false,
    callsInFlightMax: options.callsInFlightMax ?? LIMITS.calls_in_flight.value,
    idleTimeoutMs: options.idleTimeoutMs ?? LIMITS.idle_timeout_ms.value,
    healthIntervalMs: options.healthIntervalMs ?? LIMITS.health_interval_ms.value,
    healthTimeoutMs: options.healthTimeoutMs ?? LIMITS.health_timeout_ms.value,
    pluginCallsPerSecond: options.pluginCallsPerSecond ?? LIMITS.calls_per_second.value,
    redact: options.recording?.redact ?? redactText,
    random: Math.random,
    clock: systemClock,
    env: process.env,
    platformVersion: PLATFORM_VERSION,
    hostName: hostname(),
    nodeTiming: { heartbeatMs: LIMITS.node_heartbeat_ms.value, lostMs: LIMITS.node_lost_ms.value },
    threadTiming: { silentMs: LIMITS.thread_silent_ms.value, lookEveryMs: LIMITS.thread_look_ms.value },
    guestPath: ownFile('guest.cjs'),
    probePath: ownFile('probe.js'),
    workshopPath: ownFile('workshop.js'),
    notes: options.measured === 'lately' ? openMachineNotes(cacheOptions('machine')) : noNotes,
    installNotes: options.measured === 'lately' ? openInstallNotes() : noNotes,
    prepared: undefined,
    debugging: undefined,
  };
}

/** They are by content, so their age says nothing of them; what nobody asks for goes after a week. */
function openInstallNotes(): NoteBook {
  return openMachineNotes({ ...cacheOptions('installs'), maxAgeMs: INSTALL_AGE_MS_MAX, bytesMax: INSTALL_BYTES_MAX });
}

const INSTALL_AGE_MS_MAX = 7 * 86_400_000;
const INSTALL_BYTES_MAX = 8 * 1024 * 1024;

/** Of the user who runs this (XDG Base Directory Specification). */
function cacheOptions(folder: string): MachineNotesOptions {
  const { XDG_CACHE_HOME: given } = process.env;
  const base = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.cache');
  return { dir: join(base, 'bulkhead', folder), wallTime: systemClock.wallTime };
}

function judgeOpener(judge: HostOptions['judge']): HostSettings['judge'] {
  if (judge === undefined) return undefined;
  let opened: Promise<ReleaseJudge> | undefined;
  return () => (opened ??= typeof judge === 'function' ? judge() : Promise.resolve(judge));
}

function storageOpener(storage: HostOptions['storage']): () => Promise<Storage> {
  if (typeof storage === 'function') return storage;
  return async () => storage ?? createMemoryStorage();
}
