/**
 * The life of a guest: hello, bind (import and initialise), calls, close. One guest is bound once and serves one scope.
 *
 *   booted --bind--> loading --ready---> serving --close--> ended
 *                       `------failed--> ended by the host
 */
import {
  LIMITS,
  PROTOCOL_VERSION,
  type BindMessage,
  type ErrorCode,
  type HostMessage,
  type JsonObject,
} from '@bulkhead/protocol';
import { adaptPlugin } from './adapt/adapt.ts';
import { adaptFunctions } from './adapt/functions.ts';
import { writeBytesAsBase64 } from './binary.ts';
import { createGuestCalls, type Bound, type GuestCalls } from './calls.ts';
import { createHealthAsking } from './health.ts';
import { openGuestChannel, type GuestChannel } from './channel.ts';
import { createPluginClient } from './client.ts';
import { createPluginContext, type CallTool, type ContextSource, type LifeSource } from './context.ts';
import { EXIT_CODES, exitNow, watchForDeath } from './death.ts';
import { createGuestEvents, type GuestEvents } from './events.ts';
import { createGuestFetch } from './fetch.ts';
import { harden } from './harden.ts';
import { openArtifactLoader, type ArtifactLoader, type ImportRule } from './imports.ts';
import { countOutput } from './output.ts';
import { createLogger, type LeveledLogger } from './logger.ts';
import { createRunCommand } from './commands.ts';
import { createPluginLlm } from './llm.ts';
import { createPluginMemory } from './memory.ts';
import { readyMessage } from './ready.ts';
import { readResources } from './resources.ts';
import { createGuestAsks, type Ask, type GuestAsks } from './services.ts';
import { GuestThreads } from './threads.ts';
import { describeThrown } from './thrown.ts';

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;

type Artifact = { readonly bind: BindMessage; readonly chunks: Buffer[]; bytes: number };

/** Boots this process as a guest; it runs until the host closes the channel. */
export async function runGuest(): Promise<void> {
  countOutput();
  writeBytesAsBase64();
  void new GuestRuntime(await openArtifactLoader());
}

class GuestRuntime {
  readonly #loader: ArtifactLoader;
  readonly #channel: GuestChannel;
  readonly #calls: GuestCalls;
  readonly #asks: GuestAsks;
  readonly #events: GuestEvents;
  #artifact: Artifact | undefined;
  #bound: Bound | undefined;
  #threads: GuestThreads | undefined;
  #config: JsonObject = {};
  readonly #configListeners = new Set<(config: JsonObject) => unknown>();
  #isLoading = false;

  constructor(loader: ArtifactLoader) {
    this.#loader = loader;
    this.#channel = openGuestChannel({
      onMessage: (message) => this.#handle(message),
      onRaw: (bytes) => this.#collect(bytes),
      onFlush: () => this.#reportBegun(),
      onClosed: () => exitNow(EXIT_CODES.closed),
    });
    const { send, flush } = this.#channel;
    this.#calls = createGuestCalls(this.#channel);
    const { currentId } = this.#calls;
    this.#events = createGuestEvents(send);
    const { currentId: currentEvent } = this.#events;
    const didWait = (isWaiting: boolean): void => this.#holdWhileLoading(isWaiting);
    this.#asks = createGuestAsks({ send, currentId, currentEvent, didWait });
    watchForDeath({ send, flush, currentId: this.#calls.currentId, isLoading: () => this.#isLoading });
    send(`{"t":"hello","protocol":${PROTOCOL_VERSION},"node":"${process.version}"}`);
  }

  #handle(message: HostMessage): void {
    switch (message.t) {
      case 'call':
        if (this.#bound !== undefined) this.#calls.start(this.#bound, message);
        return;
      case 'more':
        return this.#calls.more(message.id, message.bytes);
      case 'abort':
        return this.#calls.abort(message.id);
      case 'bind':
        this.#artifact = { bind: message, chunks: [], bytes: 0 };
        return;
      case 'answer':
        return this.#asks.settle(message);
      case 'event':
        return this.#events.deliver(message);
      case 'config':
        return this.#reconfigure(message.config);
      case 'close':
        return void this.#close(message.left_ms);
    }
  }

  #collect(bytes: Buffer): void {
    const artifact = this.#artifact;
    if (artifact === undefined) return;
    artifact.chunks.push(Buffer.from(bytes)); // The bytes lie in the read buffer, which is used again.
    artifact.bytes += bytes.length;
    if (artifact.bytes < artifact.bind.artifact_bytes) return;
    this.#artifact = undefined;
    void this.#load(artifact.bind, Buffer.concat(artifact.chunks).toString('utf8'));
  }

  async #load(bind: BindMessage, source: string): Promise<void> {
    this.#isLoading = true;
    // While it loads, only the plugin's own work keeps the process alive, so that a load that cannot settle ends it.
    this.#channel.unref();
    this.#config = bind.config;
    let code: ErrorCode = 'LOAD_FAILED';
    try {
      if (bind.kind !== 'probe') harden(asksForInternet(bind) ? createGuestFetch(this.#asks.ask) : undefined);
      const artifact = await this.#loader.importArtifact(source, importRuleOf(bind));
      const plugin = bind.kind === 'plugin' ? await adaptPlugin(artifact, bind.manifest) : adaptFunctions(artifact);
      code = 'INIT_FAILED';
      const leveled = createLogger({
        send: this.#channel.send,
        configOf: () => this.#config,
        currentId: this.#calls.currentId,
      });
      const contextSource = this.#contextSource(bind, leveled);
      await plugin.load(createPluginContext(contextSource, this.#lifeSource(leveled)));
      const askHealth = createHealthAsking(plugin.healthCheck);
      this.#bound = { plugin, askHealth, source: contextSource, outputBytesMax: bind.output_bytes };
      this.#channel.send(readyMessage(plugin));
    } catch (thrown) {
      this.#channel.send(stringify({ t: 'failed', ...describeThrown(thrown, code) }));
    }
    this.#isLoading = false;
    this.#channel.ref();
  }

  /** An onLoad that waits for the host waits for something. */
  #holdWhileLoading(isWaiting: boolean): void {
    if (!this.#isLoading) return;
    if (isWaiting) this.#channel.ref();
    else this.#channel.unref();
  }

  /** A listener that fails keeps no other from hearing; the log says so. */
  #reconfigure(config: JsonObject): void {
    this.#config = config;
    for (const listener of this.#configListeners) {
      void (async () => listener(config))().catch((thrown: unknown) =>
        this.#bound?.source.logger.error(
          `onConfigChange failed: ${describeThrown(thrown, 'PLUGIN_THREW').error.message}`,
        ),
      );
    }
  }

  #lifeSource({ setLevel }: LeveledLogger): LifeSource {
    return {
      setLogLevel: setLevel,
      onConfigChange: (listener) => {
        this.#configListeners.add(listener);
        return () => void this.#configListeners.delete(listener);
      },
    };
  }

  #contextSource(bind: BindMessage, { logger }: LeveledLogger): ContextSource {
    const threads = new GuestThreads(this.#asks.ask, logger);
    this.#threads = threads;
    return {
      tenantId: bind.tenant,
      config: () => this.#config,
      logger,
      closing: new AbortController(),
      memory: createPluginMemory(this.#asks.ask),
      callTool: callToolBy(this.#asks.ask),
      run: createRunCommand(this.#asks.ask),
      llm: createPluginLlm(this.#asks.ask),
      client: createPluginClient(this.#asks.ask),
      resourceUpdated: (uri) => tellUpdated(this.#asks.ask, uri),
      events: this.#events.offer(this.#asks.ask, logger),
      tellProgress: (id, told) => this.#channel.send(stringify({ t: 'progress', id, told })),
      threads: threads.forPlugin(),
      tempDir: bind.temp_dir,
      secrets: Object.freeze(bind.secrets ?? {}),
      resources: () => readResources(bind.memory_bytes, threads.aliveCount()),
    };
  }

  #reportBegun(): void {
    const ids = this.#calls.takeBegun();
    if (ids.length > 0) this.#channel.send(`{"t":"begun","ids":[${ids.join(',')}]}`);
  }

  async #close(leftMs: number): Promise<void> {
    this.#bound?.source.closing.abort();
    // What a thread does not finish by then ends with the process.
    await this.#threads?.stopAll(leftMs - LIMITS.shutdown_grace_ms.value);
    try {
      await this.#bound?.plugin.unload();
    } catch (thrown) {
      // Nobody waits for an answer any more; the log keeps what went wrong.
      this.#bound?.source.logger.error(`unload failed: ${describeThrown(thrown, 'PLUGIN_THREW').error.message}`);
    }
    this.#channel.flush(() => exitNow(EXIT_CODES.closed));
  }
}

/** Whether it is granted the host decides at each request. */
function asksForInternet({ kind, manifest }: BindMessage): boolean {
  const lists = [manifest['required_permissions'], manifest['optional_permissions']];
  return kind === 'plugin' && lists.some((asked) => Array.isArray(asked) && asked.includes('internet'));
}

function importRuleOf({ kind, temp_dir }: BindMessage): ImportRule {
  if (kind === 'probe') return 'none';
  return temp_dir === undefined ? 'pure' : 'files';
}

function callToolBy(ask: Ask): CallTool {
  // oxlint-disable-next-line max-params -- as the SDK has it
  return (plugin, tool, params, options) =>
    ask('tools', 'call', {
      plugin,
      tool,
      params: params ?? {},
      ...(options?.timeoutMs !== undefined && { timeout_ms: options.timeoutMs }),
    });
}

/** Who reads a resource hears of it in good time, or reads it as it is then: nothing is lost with what is refused. */
function tellUpdated(ask: Ask, uri: unknown): void {
  ask('offers', 'updated', { uri: String(uri) }).catch(() => undefined);
}
