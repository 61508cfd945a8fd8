/**
 * What a plugin is given: its context for life, and one for each call. Everything here ends in a message to the host,
 * which checks it; nothing here decides anything.
 */
import type { CallMessage, JsonObject, JsonValue, LogLevel } from '@bulkhead/protocol';
import type { PluginMemory } from './memory.ts';

/** Levels as methods; `fields` are JSON. */
export type PluginLogger = Readonly<Record<LogLevel, (message: string, fields?: JsonObject) => void>>;

/** For the life of an instance. `config` is live: it is the newest each time it is read. */
export type PluginContext = {
  readonly tenantId: string;
  readonly config: JsonObject;
  readonly logger: PluginLogger;
  readonly signal: AbortSignal;
  readonly memory: PluginMemory;
  readonly callTool: CallTool;
};

/** Calls a tool of another plugin, and answers its value. */
export type CallTool =
  // oxlint-disable-next-line max-params -- as the SDK has it
  (plugin: string, tool: string, params?: JsonValue, options?: { readonly timeoutMs?: number }) => Promise<JsonValue>;

/** For one call. `signal` aborts when the caller cancels or the time is up. */
export type ToolContext = PluginContext & { readonly callId: number };

/** What contexts are made of. */
export type ContextSource = {
  readonly tenantId: string;
  readonly config: () => JsonObject;
  readonly logger: PluginLogger;
  readonly closing: AbortController;
  readonly memory: PluginMemory;
  readonly callTool: CallTool;
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
    memory: source.memory,
    callTool: source.callTool,
  };
}

/** One call in flight: its context, made small because there is one per call, and its abort, made only when asked for. */
export class GuestCall implements ToolContext {
  readonly callId: number;
  readonly #source: ContextSource;
  readonly #caller: CallMessage['caller'];
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor({ id, caller }: CallMessage, source: ContextSource) {
    this.callId = id;
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

/** Lines in a second that reach the host; it takes no more of one guest than that. */
const LINES_PER_SECOND = 100;
const WINDOW_MS = 1_000;
const MESSAGE_CHARACTERS_MAX = 10_000;
const FIELDS_CHARACTERS_MAX = 10_000;

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const now = performance.now.bind(performance);

/**
 * Makes a logger whose lines go to the host as messages. A plugin that logs in a loop loses lines, and is not taken for
 * one that floods the channel.
 */
export function createLogger(send: (json: string) => void): PluginLogger {
  let windowStart = now();
  let lines = 0;
  let leftOut = 0;

  function hasRoom(): boolean {
    const at = now();
    if (at - windowStart >= WINDOW_MS) {
      if (leftOut > 0)
        send(lineMessage('warn', `${leftOut} lines were left out: more than ${LINES_PER_SECOND} in a second`));
      windowStart = at;
      lines = 0;
      leftOut = 0;
    }
    lines += 1;
    if (lines > LINES_PER_SECOND - 1) leftOut += 1;
    return lines < LINES_PER_SECOND;
  }

  const line =
    (level: LogLevel) =>
    (message: unknown, fields?: unknown): void => {
      if (hasRoom()) send(lineMessage(level, message, fields));
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function lineMessage(level: LogLevel, message: unknown, fields?: unknown): string {
  const text = textOf(message).slice(0, MESSAGE_CHARACTERS_MAX);
  return `{"t":"log","level":"${level}","message":${stringify(text)}${fieldsMember(fields)}}`;
}

/** A plugin may log anything, whatever the types say. */
function textOf(message: unknown): string {
  try {
    return String(message);
  } catch {
    return 'a value that cannot be shown as text';
  }
}

function fieldsMember(fields: unknown): string {
  try {
    const json = stringify(fields) ?? '';
    if (json === '' || !json.startsWith('{')) return '';
    return json.length > FIELDS_CHARACTERS_MAX
      ? ',"fields":{"left_out":"more than 10,000 characters"}'
      : `,"fields":${json}`;
  } catch {
    return ',"fields":{"left_out":"cannot be written as JSON"}';
  }
}
