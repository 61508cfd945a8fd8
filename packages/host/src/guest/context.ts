/**
 * What a plugin is given: its context for life, and one for each call. Everything here ends in a message to the host,
 * which checks it; nothing here decides anything.
 */
import type { CallMessage, JsonObject, JsonValue, LogLevel, Progress } from '@bulkhead/protocol';
import type { PluginClient } from './client.ts';
import type { RunCommand } from './commands.ts';
import type { PluginEvents } from './events.ts';
import type { PluginLlm } from './llm.ts';
import type { PluginLogger } from './logger.ts';
import type { PluginMemory } from './memory.ts';
import { ProgressTeller, type TellProgress } from './progress.ts';
import { StreamReader } from './stream.ts';
import type { PluginResources } from './resources.ts';
import type { PluginThreads } from './threads.ts';

// Taken before any plugin code can replace it.
const { freeze } = Object;

/** Placeholders by name. */
type Secrets = Readonly<Record<string, string>>;

/** For the life of an instance. `config` is live: it is the newest each time it is read. */
export type PluginContext = {
  readonly tenantId: string;
  readonly config: JsonObject;
  readonly logger: PluginLogger;
  readonly signal: AbortSignal;
  readonly memory: PluginMemory;
  readonly callTool: CallTool;
  readonly run: RunCommand;
  readonly llm: PluginLlm;
  readonly threads: PluginThreads;
  readonly resources: () => PluginResources;
  readonly events: PluginEvents;
  readonly resourceUpdated: (uri: string) => void;
  readonly tempDir: string | undefined;
  readonly secrets: Secrets;
};

/** What only onLoad is given. */
export type LifeContext = PluginContext & LifeSource;

/** Hears of each new configuration until the returned function is called; sets the least level that is logged. */
export type LifeSource = {
  readonly onConfigChange: (listener: (config: JsonObject) => unknown) => () => void;
  readonly setLogLevel: (level: LogLevel) => void;
};

/** Calls a tool of another plugin, and answers its value. */
export type CallTool =
  // oxlint-disable-next-line max-params -- as the SDK has it
  (plugin: string, tool: string, params?: JsonValue, options?: { readonly timeoutMs?: number }) => Promise<JsonValue>;

/** For one call. `signal` aborts when the caller cancels or the time is up. */
export type ToolContext = PluginContext & {
  readonly callId: number;
  readonly progress: TellProgress;
  readonly client: PluginClient;
};

/** What contexts are made of. */
export type ContextSource = {
  readonly tenantId: string;
  readonly config: () => JsonObject;
  readonly logger: PluginLogger;
  readonly closing: AbortController;
  readonly memory: PluginMemory;
  readonly callTool: CallTool;
  readonly run: RunCommand;
  readonly llm: PluginLlm;
  readonly client: PluginClient;
  readonly resourceUpdated: (uri: string) => void;
  readonly events: PluginEvents;
  readonly tellProgress: (callId: number, told: Progress) => void;
  readonly threads: PluginThreads;
  readonly resources: () => PluginResources;
  readonly tempDir: string | undefined;
  readonly secrets: Secrets;
};

/** Makes the context that onLoad receives. */
export function createPluginContext(source: ContextSource, life: LifeSource): LifeContext {
  return {
    ...life,
    tenantId: source.tenantId,
    get config() {
      return source.config();
    },
    logger: source.logger,
    signal: source.closing.signal,
    memory: source.memory,
    callTool: source.callTool,
    run: source.run,
    llm: source.llm,
    threads: source.threads,
    resources: source.resources,
    events: source.events,
    resourceUpdated: source.resourceUpdated,
    tempDir: source.tempDir,
    secrets: source.secrets,
  };
}

/** One call in flight: its context, made small because there is one per call, and its abort, made only when asked for. */
export class GuestCall implements ToolContext {
  readonly callId: number;
  /** Whoever reads its result piece by piece. */
  readonly reader: StreamReader | undefined;
  readonly #source: ContextSource;
  readonly #caller: CallMessage['caller'];
  #controller: AbortController | undefined;
  #isAborted = false;
  #progress: ProgressTeller | undefined;

  constructor({ id, caller, window }: CallMessage, source: ContextSource) {
    this.callId = id;
    this.reader = window === undefined ? undefined : new StreamReader(window);
    this.#source = source;
    this.#caller = caller;
  }

  get tenantId(): string {
    return this.#caller?.tenant ?? this.#source.tenantId;
  }

  get config(): JsonObject {
    return this.#caller?.config ?? this.#source.config();
  }

  get logger(): PluginLogger {
    return this.#source.logger;
  }

  get memory(): PluginMemory {
    return this.#source.memory;
  }

  get callTool(): CallTool {
    return this.#source.callTool;
  }

  get run(): RunCommand {
    return this.#source.run;
  }

  get llm(): PluginLlm {
    return this.#source.llm;
  }

  get client(): PluginClient {
    return this.#source.client;
  }

  get resourceUpdated(): (uri: string) => void {
    return this.#source.resourceUpdated;
  }

  get events(): PluginEvents {
    return this.#source.events;
  }

  get progress(): TellProgress {
    return (progress, of) => {
      this.#progress ??= new ProgressTeller((told) => this.#source.tellProgress(this.callId, told));
      this.#progress.tell(progress, of);
    };
  }

  get threads(): PluginThreads {
    return this.#source.threads;
  }

  get resources(): () => PluginResources {
    return this.#source.resources;
  }

  get secrets(): Secrets {
    const own = this.#caller?.secrets;
    return own === undefined ? this.#source.secrets : freeze(own);
  }

  get tempDir(): string | undefined {
    return this.#source.tempDir;
  }

  // A signal per call costs a quarter of the throughput, so it exists from the moment a plugin asks for it.
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
    this.reader?.leave();
  }

  /** It was answered. */
  end(): void {
    this.#progress?.end();
  }
}
