/**
 * The seam between what the host wants (a plugin's function run) and how a process is made to do it.
 * A driver knows one way to live and one way to talk; one conformance suite runs against every driver.
 */
import type { Duplex } from 'node:stream';
import type {
  CallError,
  CallTarget,
  GuestReady,
  JsonObject,
  JsonValue,
  LogLevel,
  Progress,
  Receipt,
  ServiceAnswer,
  ServiceAsk,
  Tier,
} from '@bulkhead/protocol';

/**
 * Scope of instances that serve every tenant (ADR 13), and what they are told is their tenant; no tenant can have this name.
 * What they say belongs to no tenant.
 */
export const SHARED_SCOPE = '*shared';

/** One guest, bound to one release and one scope for its whole life. */
export interface Sandbox {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly ready: GuestReady;
  /** Resolves once, when the process is gone; never rejects. */
  readonly died: Promise<SandboxDeath>;
  /** Never rejects: a guest that dies is an answer. */
  run(call: SandboxCall): Promise<SandboxReply>;
  /** Gives the plugin its new configuration, which holds for calls that are sent afterwards. */
  configure(config: JsonObject): void;
  /** True while it takes calls. */
  isServing(): boolean;
  /** Resolves to true when it takes calls, to false when it never will again. */
  whenServing(): Promise<boolean>;
  /** Resolves once its memory has grown so far that it should be replaced; never, where that does not happen. */
  readonly worn: Promise<void>;
  /** Asks the plugin to unload and ends the guest, by force after the grace. Resolves when it is gone. */
  close(): Promise<void>;
  /** Where its inspector speaks, lines of the DevTools protocol; undefined but for a sandbox that is debugged. */
  readonly inspector?: Duplex | undefined;
  diagnose(): SandboxDiagnosis;
  usage(): SandboxUsage;
  /**
   * Bytes that its process held resident at most since this was last asked, or else since it began to serve, as the kernel counted
   * them (a kernel that begins no count anew says them of its whole life); null where it is gone. For one call at a time.
   */
  takePeakRssBytes(): number | null;
}

/** Knows how to open a sandbox of one kind, and what such a sandbox was measured to hold. */
export interface Driver<Spec> {
  readonly name: 'process' | 'stdio';
  open(spec: Spec): Promise<SandboxOpening>;
  probe(): Promise<Receipt>;
}

/**
 * `deadline` is of the host's monotonic clock, in milliseconds; `args` are JSON. A death at a deadline that the caller
 * chose shorter than the plugin's own limit is no fault of the plugin: then `isFullTime` is false.
 */
export type SandboxCall = {
  readonly isFullTime: boolean;
  /** What the caller was promised, for the message of a timeout. */
  readonly timeoutMs: number;
  readonly target: CallTarget;
  readonly name: string;
  readonly args: readonly JsonValue[];
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Whom it is for, where the instance serves every tenant. */
  readonly caller?: SandboxCaller | undefined;
  /** What it is part of, for what its plugin asks of the host meanwhile. */
  readonly origin?: CallOrigin | undefined;
  /** Depth of the event whose handler made it, or made what it is around or part of; undefined where none did. */
  readonly eventDepth?: number | undefined;
  /** Who hears of it before it ends. */
  readonly listener?: CallListener | undefined;
};

/**
 * A piece of what a tool gives while it runs: JSON, or bytes.
 *
 * @public
 */
export type Chunk = JsonValue | Uint8Array;

/**
 * A line that a plugin logged while it worked on a call.
 *
 * @public
 */
export type CallLine = { readonly level: LogLevel; readonly text: string; readonly fields: JsonObject | undefined };

/**
 * What a call's client may be asked meanwhile: something of its person (`elicit`), or of its model (`sample`), in the words of MCP.
 *
 * @experimental
 */
export type ClientAsk = { readonly method: 'elicit' | 'sample'; readonly params: JsonObject };

/**
 * Whoever made a call, as its plugin may ask it. `ask` rejects where the client does not answer with a result; what it then waits
 * for ends with the call.
 *
 * @experimental
 */
export type CallClient = {
  readonly can: readonly ClientAsk['method'][];
  readonly ask: (ask: ClientAsk) => Promise<JsonObject>;
};

/** Hears of a call while it runs, and is asked; its functions do not throw. */
export type CallListener = {
  /**
   * Takes a piece of the result; `didTake` is called once its reader has it, so that the plugin may give more. An error ends the
   * call with it. Without this the result is wanted whole.
   */
  readonly onChunk?: ((chunk: Chunk, didTake: () => void) => CallError | undefined) | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onLog?: ((line: CallLine) => void) | undefined;
  readonly client?: CallClient | undefined;
};

/**
 * The request that a call is part of: which plugins wait for it, the first caller first, and what its caller's token allows.
 * A hook has none.
 */
export type CallOrigin = { readonly chain: readonly string[]; readonly scopes: readonly string[] | undefined };

/** Answers what a guest asks of the host; `call` is the pending call that it names. Never rejects. */
export type AnswerGuest = (ask: ServiceAsk, call: SandboxCall | undefined) => Promise<ServiceAnswer>;

/** The way of events to one guest, from before it holds its plugin until its end. */
export type EventLine = {
  /** Sends an `event` message; false where the guest takes none now. `isWork`: its CPU time is not that of a plugin nobody asked. */
  readonly send: (json: string, isWork: boolean) => boolean;
};

/** What a guest's line is told: which events were handled, and that the guest is gone. */
export type EventLink = { readonly didHear: (id: number) => void; readonly end: () => void };

/** A tenant, and the configuration that it gave the plugin when the call was resolved. */
export type SandboxCaller = {
  readonly tenant: string;
  readonly config: JsonObject;
  /** Placeholders of its secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
};

/**
 * How one call ended inside the sandbox; figures are the driver's own, null where no sample fell inside the call.
 * `didRun` is false where nothing of the plugin ran for the call: it waited too long, or was never sent (decision 15).
 */
export type SandboxReply = {
  readonly didRun: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly cpu_ms: number | null;
  readonly peak_rss_bytes: number | null;
  readonly metadata: JsonObject | undefined;
} & (
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: CallError; readonly stack: string | undefined }
);

/** A sandbox that takes calls, or why there is none; `stack` is the plugin’s own, for the log. */
export type SandboxOpening =
  | { readonly ok: true; readonly sandbox: Sandbox }
  | { readonly ok: false; readonly error: CallError; readonly stack: string | undefined };

/**
 * Why a guest is gone. `fault`: of its plugin; `caller`: the caller's short deadline or cancellation; `closed`: the host
 * ended it in good order. `isTold`: the outcome of a call says so already; `isKilled`: the host ended it by force.
 */
export type SandboxDeath = {
  readonly error: CallError;
  /** What tenants may read of it: of a shared instance that was ended by no call in particular, none of its text. */
  readonly told: CallError;
  /** Of a shared instance: whose call it died of, where there is one. */
  readonly tenant: string | undefined;
  readonly cause: 'fault' | 'caller' | 'closed';
  readonly isTold: boolean;
  readonly isKilled: boolean;
};

/** CPU time since the process began and resident memory, as the watchdog last saw them; null before its first sample. */
export type SandboxUsage = { readonly cpuMs: number | null; readonly rssBytes: number | null };

/** What is known of a guest, for an operator. */
export type SandboxDiagnosis = {
  readonly instance_id: string;
  readonly pid: number | undefined;
  /** The guest's Node itself, which is not the process that was started where that holds it inside. */
  readonly node_pid: number | undefined;
  readonly state: string;
  /** Since it began to serve, or was started. */
  readonly uptime_ms: number;
  readonly calls_in_flight: number;
  readonly cpu_ms: number | null;
  readonly rss_bytes: number | null;
  readonly peak_rss_bytes: number | null;
  readonly last_output: string;
};
