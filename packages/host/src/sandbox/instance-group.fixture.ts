/**
 * Instances of a group that do what a test says, without processes: what is tested is who gets which call, and when.
 */
import { callError, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { InstanceGroup, type InstanceGroupOptions } from './instance-group.ts';
import type { Sandbox, SandboxCall, SandboxDeath, SandboxOpening, SandboxReply } from './sandbox.ts';

/** A sandbox in a test's hands. */
export type FakeSandbox = Sandbox & {
  readonly calls: SandboxCall[];
  /** Answers the oldest call. */
  readonly answer: (value?: JsonValue) => void;
  readonly setServing: (isServing: boolean) => void;
  readonly wear: () => void;
  readonly die: (cause?: SandboxDeath['cause']) => void;
  readonly isClosed: () => boolean;
  /** Configurations that it was given, in order. */
  readonly configs: JsonObject[];
};

const MEASURED = { didRun: true, stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null, metadata: undefined };

const FIGURES = { uptime_ms: 0, calls_in_flight: 0, cpu_ms: 0, rss_bytes: 0, peak_rss_bytes: 0 };
const IDLE = { pid: 1, node_pid: 1, state: '', ...FIGURES, last_output: '' };

/** Makes one that serves. */
export function createFake(instanceId: string): FakeSandbox {
  const calls: SandboxCall[] = [];
  const configs: JsonObject[] = [];
  const replies: ((reply: SandboxReply) => void)[] = [];
  const died = Promise.withResolvers<SandboxDeath>();
  const worn = Promise.withResolvers<void>();
  let waiters: ((isServing: boolean) => void)[] = [];
  let isServing = true;
  let isClosed = false;
  const tell = (): void => {
    for (const resolve of waiters) resolve(isServing);
    waiters = [];
  };
  const die = (cause: SandboxDeath['cause'] = 'fault'): void => {
    isServing = false;
    for (const resolve of replies.splice(0)) {
      resolve({ ok: false, error: callError('GUEST_LOST'), stack: undefined, ...MEASURED });
    }
    tell();
    const error = callError('GUEST_CRASHED');
    died.resolve({ error, told: error, tenant: undefined, cause, isTold: true, isKilled: false });
  };
  return {
    instanceId,
    tier: 'process',
    ready: { t: 'ready', metadata: {}, tools: [], hooks: [], exports: [], has_health_check: false },
    died: died.promise,
    worn: worn.promise,
    calls,
    configs,
    configure: (config) => void configs.push(config),
    run: (call) => {
      calls.push(call);
      return new Promise((resolve) => replies.push(resolve));
    },
    isServing: () => isServing,
    whenServing: () => (isServing ? Promise.resolve(true) : new Promise((resolve) => waiters.push(resolve))),
    close: async () => {
      isClosed = true;
      die('closed');
    },
    diagnose: () => ({ ...IDLE, instance_id: instanceId }),
    usage: () => ({ cpuMs: 0, rssBytes: 0 }),
    takePeakRssBytes: () => 0,
    answer: (value = null) => {
      calls.shift();
      replies.shift()?.({ ok: true, value, ...MEASURED });
    },
    setServing: (is) => {
      isServing = is;
      if (is) tell();
    },
    wear: () => worn.resolve(),
    die,
    isClosed: () => isClosed,
  };
}

/** A group with what it opened and whose deaths it told, in order. */
export type Setup = {
  readonly group: InstanceGroup;
  readonly opened: FakeSandbox[];
  readonly deaths: SandboxDeath[];
  readonly failNext: () => void;
};

/** Opens a group of at most two instances, of two calls each. */
export function openGroup(change: Partial<InstanceGroupOptions> = {}): Setup {
  const opened: FakeSandbox[] = [];
  const deaths: SandboxDeath[] = [];
  let isFailing = false;
  const open = async (config: JsonObject): Promise<SandboxOpening> => {
    if (isFailing) return { ok: false, error: callError('LOAD_FAILED'), stack: undefined };
    const sandbox = createFake(`${opened.length}`);
    sandbox.configs.push(config);
    opened.push(sandbox);
    return { ok: true, sandbox };
  };
  const group = new InstanceGroup({
    clock: { now: () => performance.now(), wallTime: () => 0 },
    concurrency: 2,
    instances: 2,
    queueLengthMax: 3,
    idleTimeoutMs: 1_000,
    isSingleUse: false,
    config: { version: 1 },
    open,
    isKept: () => false,
    onDeath: (_, death) => void deaths.push(death),
    ...change,
  });
  return { group, opened, deaths, failNext: () => (isFailing = true) };
}
