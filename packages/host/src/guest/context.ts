/**
 * What a plugin is given: its context for life, and one for each call. Everything here ends in a message to the host,
 * which checks it; nothing here decides anything.
 */
import type { JsonObject, LogLevel } from '@bulkhead/protocol';

export type PluginLogger = Readonly<Record<LogLevel, (message: string, fields?: JsonObject) => void>>;

/** For the life of an instance. `config` is live: it is the newest each time it is read. */
export type PluginContext = {
  readonly tenantId: string;
  readonly config: JsonObject;
  readonly logger: PluginLogger;
  readonly signal: AbortSignal;
};

/** For one call. `signal` aborts when the caller cancels or the time is up. */
export type ToolContext = PluginContext & { readonly callId: number };

export type ContextSource = {
  readonly tenantId: string;
  readonly config: () => JsonObject;
  readonly logger: PluginLogger;
  readonly closing: AbortController;
};

/** Makes the context that onLoad receives. */
export function createPluginContext(source: ContextSource): PluginContext {
  return {
    tenantId: source.tenantId,
    get config() {
      return source.config();
    },
    logger: source.logger,
    signal: source.closing.signal,
  };
}

/** One call in flight: its context, made small because there is one per call, and its abort, made only when asked for. */
export class GuestCall implements ToolContext {
  readonly callId: number;
  readonly #source: ContextSource;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(callId: number, source: ContextSource) {
    this.callId = callId;
    this.#source = source;
  }

  get tenantId(): string {
    return this.#source.tenantId;
  }

  get config(): JsonObject {
    return this.#source.config();
  }

  get logger(): PluginLogger {
    return this.#source.logger;
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
  }
}

/** Makes a logger whose lines go to the host as messages. */
export function createLogger(send: (json: string) => void): PluginLogger {
  const line =
    (level: LogLevel) =>
    (message: string, fields?: JsonObject): void => {
      try {
        send(JSON.stringify({ t: 'log', level, message: String(message).slice(0, 10_000), fields }));
      } catch {
        send(JSON.stringify({ t: 'log', level, message: 'a log line whose fields cannot be written as JSON' }));
      }
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
