/**
 * A release as it is run: its tools with compiled schemas, its artifact, and its instances by scope. It knows how to
 * start instances, and leaves who may call what to the flow.
 */
import {
  LIMITS,
  askedPermissions,
  callError,
  wireToolOf,
  type BindKind,
  type CallError,
  type GuestLimits,
  type GuestReady,
  type JsonObject,
  type Manifest,
  type WireTool,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { InstanceGroup } from '../sandbox/instance-group.ts';
import {
  SHARED_SCOPE,
  type Sandbox,
  type SandboxCaller,
  type SandboxDeath,
  type SandboxOpening,
} from '../sandbox/sandbox.ts';
import { worksInBackground } from './background.ts';
import type { SaidHealth } from '../registry/records.ts';
import { askHealth } from './ask-health.ts';
import { createCallRate, type CallRate } from './call-rate.ts';
import type { SchemaCheck } from '../schema/compile-schema.ts';

/** Permission words by who gives them: the operator to a registration, and the caller's token. */
export type Needs = { readonly capabilities: readonly string[]; readonly scopes: readonly string[] };

/** A tool ready to be called: its wire form, and checks that were compiled once. */
export type LiveTool = {
  readonly wire: WireTool;
  /** Label of its handler series. */
  readonly handler: string;
  /** What a call of it needs, its plugin's included. */
  readonly needs: Needs;
  readonly checkParams: SchemaCheck;
  readonly checkResult: SchemaCheck | undefined;
  /** Of a piece that it gives while it runs. */
  readonly checkChunk: SchemaCheck | undefined;
};

/** What runs: identity, artifact and the limits that hold for it here. */
export type LiveSpec = {
  readonly kind: Exclude<BindKind, 'probe'>;
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly manifest: Manifest;
  readonly artifact: Uint8Array;
  readonly sourceMap: Uint8Array | undefined;
  readonly limits: GuestLimits;
  /** It runs in a harness, where it keeps nothing of its own, hears nothing, and is asked nothing but its runs (ADR 39). */
  readonly isJudged?: boolean;
  /** Of a harness: the plugin whose registrations say what it may do. To one that stands for none nothing is granted. */
  readonly standsFor?: string;
};

/** The name by which whatever decides what a release may do looks it up: grants, secrets, hosts, and whose memory it has. */
export function grantedAs({ name, standsFor }: Pick<LiveSpec, 'name' | 'standsFor'>): string {
  return standsFor ?? name;
}

/** How a running release compiles its tools, opens sandboxes and tells of deaths; the same for all of a host. */
export type LiveOptions = {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  readonly healthTimeoutMs: number;
  /** The most that any plugin takes of a tenant. */
  readonly callsPerSecondMax: number;
  readonly compileTool: (plugin: Pick<LiveSpec, 'name' | 'manifest'>, tool: WireTool) => LiveTool | string;
  /** The same of a tool that is known to compile. */
  readonly recallTool: (plugin: Pick<LiveSpec, 'name' | 'manifest'>, tool: WireTool) => LiveTool;
  /** The limits that hold here for a plugin that asks for these. */
  readonly limitsOf: (limits: GuestLimits) => GuestLimits;
  /** Placeholders of the secrets that a tenant gives the plugin. */
  readonly secretsOf: (spec: LiveSpec, tenant: string) => Readonly<Record<string, string>>;
  /** Tells whether the operator lets a plugin that asks for it serve all tenants with the same instances. */
  readonly mayBeShared: (plugin: string) => boolean;
  /** Opens one sandbox, to try the release or to serve. */
  readonly open: (spec: LiveSpec, scope: LiveScope) => Promise<SandboxOpening>;
  readonly onDeath: (
    live: { readonly spec: LiveSpec; readonly scope: string },
    sandbox: Sandbox,
    death: SandboxDeath,
  ) => void;
  /** Tells whether an instance lives on although nobody calls it: it works in the background. */
  readonly isKept: (live: { readonly spec: LiveSpec; readonly scope: string }, sandbox: Sandbox) => boolean;
  /** A guest that was started to serve ended before it could. */
  readonly onFailedStart: (live: { readonly spec: LiveSpec; readonly scope: string }, error: CallError) => void;
};

/** Mapping a stack reads the whole source map. */
const STACK_INTERVAL_MS = 100;
/** Between two starts of an instance that nobody has asked for, after it died. */
const HOOK_REPLACEMENT_INTERVAL_MS = 1_000;
/** A plugin that fails a thousand times a second would leave its tenant nothing else to read. */
const ERROR_INTERVAL_MS = 10;

/** How a trial went; `stack` is the plugin's own, for the log. */
export type TryOut =
  | { readonly ok: true; readonly health: SaidHealth }
  | { readonly ok: false; readonly error: CallError; readonly stack: string | undefined };

/** Whom a sandbox is opened for: a tenant, or {@link SHARED_SCOPE}. One that is tried serves nobody. */
export type LiveScope = { readonly name: string; readonly config: JsonObject; readonly isTrial: boolean };

/** One release that is run. Its groups are made when a scope first calls, and go with it. */
export class LivePlugin {
  readonly spec: LiveSpec;
  /** Every tenant is served by the same instances, where the manifest asks for it and the operator allows it. */
  readonly isShared: boolean;
  /** It works in the background, so that a tenant has one instance of it (ADR 20). */
  readonly isResident: boolean;
  readonly rate: CallRate;
  readonly #options: LiveOptions;
  readonly #groups = new Map<string, InstanceGroup>();
  /** Groups of scopes that have left; they end with what they have in flight, or with the release. */
  readonly #leaving = new Set<InstanceGroup>();
  /** By scope; of calls that wait to learn what the plugin offers. */
  readonly #tryOuts = new Map<string, Promise<TryOut>>();
  #tools: ReadonlyMap<string, LiveTool> | undefined;
  #ready: GuestReady | undefined;
  #stackLoggedAt = Number.NEGATIVE_INFINITY;
  #hookReplacedAt = Number.NEGATIVE_INFINITY;
  /** By tenant. */
  readonly #errorNotedAt = new Map<string, number>();

  constructor(spec: LiveSpec, options: LiveOptions) {
    this.spec = { ...spec, limits: options.limitsOf(spec.limits) };
    this.#options = options;
    this.isShared = spec.manifest.sandbox.scope === 'shared' && options.mayBeShared(spec.name);
    this.rate = createCallRate(Math.min(spec.limits.calls_per_second ?? Infinity, options.callsPerSecondMax));
    const { manifest } = spec;
    const isForBackground = worksInBackground(askedPermissions(manifest));
    this.isResident = !this.isShared && manifest.sandbox.scope !== 'call' && isForBackground;
  }

  /** What the plugin turned out to offer; undefined until one of its guests was ready. */
  ready(): GuestReady | undefined {
    return this.#ready;
  }

  /** Its tools by name; undefined until one of its guests was ready. */
  tools(): ReadonlyMap<string, LiveTool> | undefined {
    return this.#tools;
  }

  /** Starts one guest to learn what the plugin offers and how it says it is, and closes it; it serves no call. */
  async tryOut(tenant: string, config: JsonObject): Promise<TryOut> {
    return this.#tryOut(await this.#open({ ...this.#scope(tenant, config), isTrial: true }));
  }

  /**
   * The same for calls that come before any guest was ready. Calls that come together wait for one guest, so that a
   * plugin which cannot start costs one process at a time; its death counts as that of any guest that serves.
   */
  tryOutForCall(tenant: string, config: JsonObject): Promise<TryOut> {
    const scope = this.#scope(tenant, config);
    const running = this.#tryOuts.get(scope.name);
    if (running !== undefined) return running;
    const started = this.#openToServe(scope)
      .then((opening) => this.#tryOut(opening))
      .finally(() => this.#tryOuts.delete(scope.name));
    this.#tryOuts.set(scope.name, started);
    return started;
  }

  async #tryOut(opening: SandboxOpening): Promise<TryOut> {
    if (!opening.ok) return opening;
    const health = await askHealth(opening.sandbox, this.#options);
    await opening.sandbox.close();
    return { ok: true, health };
  }

  /** Starts an instance of a tenant that has none, before anybody calls; resolves when that has gone well or badly. */
  start(tenant: string, config: JsonObject): Promise<void> {
    return (this.groupOf(tenant) ?? this.openGroup(tenant, config)).start();
  }

  /** Whom instances are, or were, opened for. */
  scopes(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** The instances that serve a tenant, where it has any. */
  groupOf(tenant: string): InstanceGroup | undefined {
    return this.#groups.get(this.isShared ? SHARED_SCOPE : tenant);
  }

  /** Makes the group of a tenant that has none; `config` must be its newest, since only later ones reach it by themselves. */
  openGroup(tenant: string, config: JsonObject): InstanceGroup {
    const { limits, manifest } = this.spec;
    const scope = this.#scope(tenant, config);
    const group = new InstanceGroup({
      clock: this.#options.clock,
      concurrency: manifest.sandbox.scope === 'call' ? 1 : limits.concurrency,
      instances: this.isResident ? 1 : limits.instances,
      queueLengthMax: LIMITS.queue_length.value,
      idleTimeoutMs: this.#options.idleTimeoutMs,
      isSingleUse: manifest.sandbox.scope === 'call',
      config: scope.config,
      open: (newest) => this.#openToServe({ ...scope, config: newest }),
      isKept: (sandbox) => this.#options.isKept({ spec: this.spec, scope: scope.name }, sandbox),
      onDeath: (sandbox, death) => {
        this.#options.onDeath({ spec: this.spec, scope: scope.name }, sandbox, death);
        if (death.cause !== 'closed') this.#replaceHook(group);
      },
    });
    this.#groups.set(scope.name, group);
    return group;
  }

  /**
   * Who hooks others' calls is there again before the next of them, which would wait for it. One that dies again at once is not: it
   * would be started as often as it can die.
   */
  #replaceHook(group: InstanceGroup): void {
    const now = this.#options.clock.now();
    const { hooks, sandbox } = this.spec.manifest;
    const isWaitedFor = hooks.length > 0 && sandbox.scope !== 'call';
    if (!isWaitedFor || now - this.#hookReplacedAt < HOOK_REPLACEMENT_INTERVAL_MS) return;
    this.#hookReplacedAt = now;
    void group.start();
  }

  /** What a call must say of its tenant, since an instance that serves every tenant does not know it. */
  callerOf(tenant: string, config: JsonObject): SandboxCaller | undefined {
    return this.isShared ? { tenant, config, secrets: this.#options.secretsOf(this.spec, tenant) } : undefined;
  }

  /** Gives each tenant's instances what `configOf` answers for it; those for which it answers nothing stay as they are. */
  reconfigure(configOf: (tenant: string) => JsonObject | undefined): void {
    if (this.isShared) return; // Each call brings its tenant's.
    for (const [tenant, group] of this.#groups) {
      const config = configOf(tenant);
      if (config !== undefined) group.configure(config);
    }
  }

  /** Guests that are alive, for the operator. */
  sandboxes(): readonly Sandbox[] {
    return [...this.#groups.values(), ...this.#leaving].flatMap((group) => group.sandboxes());
  }

  /** Tells whether a stack may be mapped now; a plugin that fails a thousand times a second is not worth more. */
  mayLogStack(now: number): boolean {
    if (now - this.#stackLoggedAt < STACK_INTERVAL_MS) return false;
    this.#stackLoggedAt = now;
    return true;
  }

  /** Tells whether an error may be noted for a tenant now, whatever others had noted. */
  mayNoteError(tenant: string, now: number): boolean {
    if (now - (this.#errorNotedAt.get(tenant) ?? Number.NEGATIVE_INFINITY) < ERROR_INTERVAL_MS) return false;
    this.#errorNotedAt.set(tenant, now);
    return true;
  }

  /**
   * Gives a tenant, or everybody, fresh instances from the next call on; resolves when what is in flight in the old ones has
   * ended. Shared instances are not one tenant's to end.
   */
  async renew(tenant?: string): Promise<void> {
    const isMeant = (scope: string): boolean => tenant === undefined || (!this.isShared && scope === tenant);
    const left = [...this.#groups].filter(([scope]) => isMeant(scope));
    await Promise.all(left.map(([scope, group]) => this.#leave(scope, group)));
  }

  async #leave(scope: string, group: InstanceGroup): Promise<void> {
    this.#groups.delete(scope);
    this.#leaving.add(group);
    await group.retire();
    this.#leaving.delete(group);
  }

  /** Lets what is in flight end, then closes every instance. */
  async retire(): Promise<void> {
    await Promise.all([...this.#groups.values(), ...this.#leaving].map((group) => group.retire()));
  }

  /** Ends every instance now. */
  async close(): Promise<void> {
    await Promise.all([...this.#groups.values(), ...this.#leaving].map((group) => group.close()));
  }

  /** A shared instance is configured as the manifest says: no tenant's configuration is every tenant's. */
  #scope(tenant: string, config: JsonObject): LiveScope {
    return this.isShared
      ? { name: SHARED_SCOPE, config: this.spec.manifest.config, isTrial: false }
      : { name: tenant, config, isTrial: false };
  }

  async #openToServe(scope: LiveScope): Promise<SandboxOpening> {
    const opening = await this.#open(scope);
    if (!opening.ok) this.#options.onFailedStart({ spec: this.spec, scope: scope.name }, opening.error);
    return opening;
  }

  async #open(scope: LiveScope): Promise<SandboxOpening> {
    const opening = await this.#options.open(this.spec, scope);
    if (!opening.ok) return opening;
    const wrong = this.learn(opening.sandbox.ready);
    if (wrong === undefined) return opening;
    await opening.sandbox.close();
    return { ok: false, error: callError('INIT_FAILED', { message: wrong }), stack: undefined };
  }

  /**
   * Takes what a guest said of the release: now, or in a trial on record (`isRecalled`). What later guests say changes nothing for
   * callers.
   *
   * @returns what is wrong with it, in words for its author.
   */
  learn(ready: GuestReady, isRecalled = false): string | undefined {
    if (this.#tools !== undefined) return undefined;
    const tools = new Map<string, LiveTool>();
    const pinned = withPinnedTools(this.spec, ready);
    for (const wire of pinned.tools) {
      const make = isRecalled ? this.#options.recallTool : this.#options.compileTool;
      const tool = make(this.spec, wire);
      if (typeof tool === 'string') return tool;
      if (tools.has(wire.name)) return `the plugin offers two tools named "${wire.name}"`;
      tools.set(wire.name, tool);
    }
    this.#tools = tools;
    this.#ready = pinned;
    return undefined;
  }
}

/** Of what speaks for an MCP server its release pins the tools, with all that the server says of them. */
function withPinnedTools({ manifest: { mcp } }: LiveSpec, ready: GuestReady): GuestReady {
  return mcp === undefined ? ready : { ...ready, tools: mcp.tools.map(wireToolOf) };
}
