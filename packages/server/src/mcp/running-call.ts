/**
 * One call that came over MCP, and the client that it may ask meanwhile. Clients of the revisions up to 2025-11-25 are sent a request on
 * the stream of their own. Those of 2026-07-28 are answered what they are asked (SEP-2322): the call waits here, and the
 * client sends its request again with the answers. A call may begin before there is a request of the library's that waits for it:
 * then it either ends early, without a word, or what it says is kept until there is one.
 */
import { HostError, type CallClient, type CallLine, type ClientAsk } from '@bulkhead/host';
import type { JsonObject, Outcome, Progress } from '@bulkhead/protocol';
import type { ClientCapabilities, InputRequests, LoggingLevel, ServerContext } from '@modelcontextprotocol/server';

/** What a call hears and is heard by, as the host takes it. */
export type CallLinks = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (line: CallLine) => void;
  readonly client: CallClient | undefined;
};

/** How one round of a call ended: with its outcome, or with what its client has to answer first. */
export type RoundEnd =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'asks'; readonly inputRequests: InputRequests };

/** What a client said that it can be asked. */
export type Can = CallClient['can'];

/** Reads it. */
export function readCan(said: ClientCapabilities | undefined): Can {
  return [
    ...(said?.elicitation === undefined ? [] : (['elicit'] as const)),
    ...(said?.sampling === undefined ? [] : (['sample'] as const)),
  ];
}

type Open = {
  readonly ask: ClientAsk;
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (error: HostError) => void;
};

const METHODS = { elicit: 'elicitation/create', sample: 'sampling/createMessage' } as const;
const LEVELS: Readonly<Record<CallLine['level'], LoggingLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
};

/** Whose call it is, how its client is asked (on its stream, or by the answer), and what its client may want to hear. */
export type RunningCallOptions = {
  readonly plugin: string;
  readonly can: Can;
  readonly isAskedByAnswer: boolean;
  readonly hearsProgress: boolean;
  readonly hearsLines: boolean;
};

/** A call in flight; its context is that of the request which waits for it now. */
export class RunningCall {
  readonly #options: RunningCallOptions;
  readonly #aborting = new AbortController();
  readonly #open = new Map<string, Open>();
  #context: ServerContext | undefined;
  /** Said before there was a request to say it on. */
  readonly #unsaid: ((context: ServerContext) => void)[] = [];
  #endEarly: (outcome: Outcome | undefined) => void = () => undefined;
  #outcome: Promise<Outcome> | undefined;
  #didAsk = Promise.withResolvers<undefined>();
  #lastKey = 0;
  /** Requests for the stream that the client has not answered. */
  #sending = 0;

  constructor(options: RunningCallOptions) {
    this.#options = options;
  }

  /** Starts it; `start` never rejects. */
  start(start: (links: CallLinks) => Promise<Outcome>): Promise<Outcome> {
    const { can } = this.#options;
    const client = can.length === 0 ? undefined : { can, ask: (ask: ClientAsk) => this.#ask(ask) };
    const links = {
      signal: this.#aborting.signal,
      onProgress: (progress: Progress) => this.#tellProgress(progress),
      onLog: (line: CallLine) => this.#tellLine(line),
      client,
    };
    this.#outcome = start(links).finally(() => this.#settleAsks());
    return this.#outcome;
  }

  /** Waits until it has ended without a word; undefined where it says something, its time is over or it is {@link handOver handed over}. */
  async endsEarly(withinMs: number): Promise<Outcome | undefined> {
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.#endEarly = resolve;
    void this.#outcome?.then(resolve);
    const timer = setTimeout(() => this.handOver(), withinMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** It is to go on with a request of the library's. */
  handOver(): void {
    this.#endEarly(undefined);
  }

  /** Ends it: its client has gone. */
  abort(): void {
    this.#aborting.abort();
  }

  /** Resolves when it has ended; never rejects. */
  async ended(): Promise<void> {
    await this.#outcome;
  }

  /** Takes the answers that a request brings, and waits until the call has ended or asks for more. */
  async next(context: ServerContext): Promise<RoundEnd> {
    this.#context = context;
    for (const say of this.#unsaid.splice(0)) say(context);
    const { signal, inputResponses = {} } = context.mcpReq;
    for (const [key, answer] of Object.entries(inputResponses)) this.#answer(key, answer);
    const abort = (): void => this.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const outcome = await Promise.race([this.#outcome, this.#asked()]);
      return outcome === undefined ? { kind: 'asks', inputRequests: this.#requests() } : { kind: 'outcome', outcome };
    } finally {
      // What becomes of the connection once it was answered is no word on the call.
      signal.removeEventListener('abort', abort);
    }
  }

  #asked(): Promise<undefined> {
    if (this.#open.size === 0) this.#didAsk = Promise.withResolvers<undefined>();
    return this.#didAsk.promise;
  }

  #say(say: (context: ServerContext) => void): void {
    if (this.#context !== undefined) return say(this.#context);
    this.#unsaid.push(say);
    this.handOver();
  }

  #ask(ask: ClientAsk): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      if (!this.#options.isAskedByAnswer) {
        this.#sending += 1;
        return this.#say((context) => resolve(this.#send(ask, context)));
      }
      this.#lastKey += 1;
      this.#open.set(`ask_${this.#lastKey}`, { ask, resolve, reject });
      this.#didAsk.resolve(undefined);
      this.handOver();
    });
  }

  async #send({ method, params }: ClientAsk, { mcpReq }: ServerContext): Promise<JsonObject> {
    try {
      // The call's own time ends the wait.
      const options = { timeout: WAIT_MS_MAX, signal: this.#aborting.signal };
      const answer = await mcpReq.send({ method: METHODS[method], params: { ...params } }, options);
      return answer as unknown as JsonObject; // It came as JSON.
    } catch (cause) {
      const why = cause instanceof Error ? cause.message.slice(0, WHY_CHARACTERS_MAX) : 'it gave no reason';
      throw new HostError('CLIENT_REFUSED', { message: `the client answered with an error: ${why}`, cause });
    } finally {
      this.#sending -= 1;
    }
  }

  #answer(key: string, answer: unknown): void {
    const asked = this.#open.get(key);
    if (asked === undefined || typeof answer !== 'object' || answer === null) return;
    this.#open.delete(key);
    asked.resolve(answer as JsonObject); // It came as JSON.
  }

  #requests(): InputRequests {
    return Object.fromEntries(
      [...this.#open].map(([key, { ask }]) => [key, { method: METHODS[ask.method], params: ask.params }]),
    ) as unknown as InputRequests; // What a plugin asks was held to the same form by the host.
  }

  #settleAsks(): void {
    for (const { reject } of this.#open.values()) reject(new HostError('CLIENT_REFUSED'));
    this.#open.clear();
    if (this.#sending > 0) this.#aborting.abort(new HostError('CLIENT_REFUSED'));
  }

  #tellProgress(progress: Progress): void {
    if (!this.#options.hearsProgress) return;
    this.#say(({ mcpReq }) => {
      const { _meta: meta } = mcpReq;
      const token = meta?.progressToken;
      if (token === undefined) return;
      const params = { ...progress, progressToken: token };
      // A client that is gone hears nothing; its call is cancelled by that.
      mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
    });
  }

  #tellLine({ level, text, fields }: CallLine): void {
    if (!this.#options.hearsLines) return;
    const data = fields === undefined ? text : { message: text, ...fields };
    this.#say(({ mcpReq }) => {
      mcpReq.log(LEVELS[level], data, this.#options.plugin).catch(() => undefined);
    });
  }
}

const WAIT_MS_MAX = 2 ** 31 - 1;
const WHY_CHARACTERS_MAX = 500;
