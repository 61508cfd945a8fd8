/**
 * One MCP server from spawn to death: it is connected to, runs calls, and is ended by the host, by itself, or by what it does.
 * Never throws at its user and never trusts a byte that the process wrote. Its states are those of a guest:
 *
 *   booting --initialize answered--> spare --initialized--> loading --tools listed, and as pinned--> serving
 */
import {
  LIMITS,
  callError,
  toolsDiffer,
  wireToolOf,
  type CallError,
  type GuestReady,
  type JsonObject,
  type LogLevel,
  type PinnedTool,
  type Tier,
} from '@bulkhead/protocol';
import { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type {
  Sandbox,
  SandboxCall,
  SandboxDeath,
  SandboxDiagnosis,
  SandboxOpening,
  SandboxReply,
  SandboxUsage,
} from '../sandbox.ts';
import type { HidePaths } from '../process/clean-text.ts';
import { describeEnd, initTimedOut } from '../process/guest-end.ts';
import type { GuestHandle, ProcessEnd } from '../process/guest-handle.ts';
import { createGuestOutput, type GuestOutput } from '../process/guest-output.ts';
import { GuestLife } from '../process/guest-life.ts';
import type { GuestState } from '../process/guest-state.ts';
import { NOT_READY } from '../process/judge-message.ts';
import type { GuestLogLine } from '../process/plugin-log.ts';
import { notOffered, unopened, unsent } from '../process/running-calls.ts';
import { connectServer, type Answer, type ServerAbout } from './connect.ts';
import { openRpcChannel, type RpcChannel } from './rpc-channel.ts';
import type { RpcMessage } from './rpc-message.ts';
import { ServerCalls } from './server-calls.ts';

/** What a server is made of. */
export type ServerProcessOptions = {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly handle: GuestHandle;
  readonly clock: Clock;
  readonly memoryMb: number;
  /** What it has to list; undefined where whoever starts it wants to know. */
  readonly tools: readonly PinnedTool[] | undefined;
  readonly outputBytesMax: number;
  readonly initTimeoutMs: number;
  /** Its writable folder as it sees it; its only root. */
  readonly dataDir: string;
  readonly hidePaths: HidePaths;
  readonly wasOutOfMemory: () => boolean;
  readonly onDropped: () => void;
  readonly onLog: (line: GuestLogLine) => void;
  readonly onStderr: (line: string) => void;
  /** Told of what its tools say that went wrong. */
  readonly onErrorText: (text: string) => void;
};

const LAST_GRACE_MS = LIMITS.abort_grace_ms.value;
/** A server is asked to end by the end of its input; what it keeps is in files. */
const CLOSE_GRACE_MS = 500;
/** A server that asks for its roots looks at them before it can do anything, and tells nobody when it has. */
const ROOTS_MS = 100;
const METHOD_NOT_FOUND = -32_601;

/** A server of the stdio driver. Its promises never reject. */
export class ServerProcess implements Sandbox {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly died: Promise<SandboxDeath>;
  /** Resolves when it takes calls, or with why it never will. */
  readonly opened: Promise<SandboxOpening>;
  /** Never: it is the one instance of its tenant, and two would share its folder. */
  readonly worn: Promise<void> = new Promise(() => undefined);
  ready: GuestReady = NOT_READY;
  /** What it said of itself; undefined until it takes calls. */
  about: ServerAbout | undefined;

  readonly #options: ServerProcessOptions;
  readonly #channel: RpcChannel;
  readonly #output: GuestOutput;
  readonly #calls: ServerCalls;
  readonly #life: GuestLife;
  readonly #questions = new Map<number, (answer: Answer) => void>();
  readonly #didOpen = Promise.withResolvers<SandboxOpening>();
  #tools = new Map<string, PinnedTool>();
  #lastId = 0;
  #didGiveRoots = false;

  constructor(options: ServerProcessOptions) {
    const { handle, clock, hidePaths, onDropped, outputBytesMax } = options;
    this.#options = options;
    this.instanceId = options.instanceId;
    this.tier = options.tier;
    const { instanceId, memoryMb } = options;
    this.#life = new GuestLife({ instanceId, handle, clock, memoryMb, phase: 'loading' });
    this.died = this.#life.died;
    this.opened = this.#didOpen.promise;
    this.#channel = openRpcChannel({
      ...{ input: handle.stdin, output: handle.stdout, clock },
      lineBytesMax: LIMITS.ready_frame_bytes.value,
      onMessage: (message) => this.#receive(message),
      onFault: (error) => this.kill(error),
      onEnd: () => this.#onChannelEnd(),
    });
    handle.channel.on('error', () => undefined).resume(); // Its lifeline; nothing is said there.
    this.#output = createGuestOutput({
      ...{ stdout: Readable.from([]), stderr: handle.stderr, clock, hidePaths },
      onLine: (_, line) => options.onStderr(line),
      onFlood: (error) => this.kill(error),
    });
    this.#calls = new ServerCalls({
      ...{ clock, hidePaths, onDropped, outputBytesMax, channel: this.#channel, output: this.#output },
      nextId: () => this.#nextId(),
      toolOf: (name) => this.#tools.get(name),
      onErrorText: options.onErrorText,
      onOverdue: () => this.#life.step('overdue'),
      onSettled: () => this.#life.didSettle(),
      kill: (error, cause) => this.#life.killForCall(error, cause),
    });
    handle.onExit(() => this.#life.step('exit'));
    handle.onEnd((end) => this.#bury(end));
    void this.#connect();
  }

  run(call: SandboxCall): Promise<SandboxReply> {
    if (!this.#life.isServing()) return Promise.resolve(unsent(callError('GUEST_LOST')));
    const isOffered = call.target === 'health' || (call.target === 'tool' && this.#tools.has(call.name));
    return isOffered ? this.#calls.run(call) : Promise.resolve(unsent(notOffered(call.name)));
  }

  /** An MCP server knows no configuration but its arguments and environment, which are its release's. */
  configure(): void {
    return undefined;
  }

  isServing(): boolean {
    return this.#life.isServing();
  }

  whenServing(): Promise<boolean> {
    return this.#life.whenServing();
  }

  close(): Promise<void> {
    return this.#life.close(CLOSE_GRACE_MS, () => this.#channel.end());
  }

  /** Ends the server at once and for the given reason. */
  kill(error: CallError, culpritId?: number, cause: SandboxDeath['cause'] = 'fault'): void {
    this.#life.kill(error, culpritId, cause);
  }

  /** Process id of the server itself, for the watchdog. */
  nodePid(): number | undefined {
    return this.#options.handle.nodePid();
  }

  callsInFlight(): number {
    return this.#calls.inFlightCount();
  }

  callsSent(): number {
    return this.#calls.sentCount();
  }

  /** Takes a sample of the watchdog; `cpuMs` is since the process began. */
  sample(cpuMs: number, rssBytes: number): void {
    const counts = { callsSent: this.callsSent(), callsInFlight: this.callsInFlight() };
    const spentMs = this.#life.sample(cpuMs, rssBytes, counts);
    this.#calls.sample(spentMs, rssBytes);
  }

  idleCpuMs(): number {
    return this.#life.idleCpuMs();
  }

  hungriestCall(): { readonly id: number; readonly cpuMs: number } | undefined {
    return this.#calls.hungriest();
  }

  diagnose(): SandboxDiagnosis {
    return this.#life.diagnose({ callsPending: this.#calls.pendingCount(), lastOutput: this.#stderr() });
  }

  usage(): SandboxUsage {
    return this.#life.usage();
  }

  takePeakRssBytes(): number | null {
    return this.#life.takePeakRssBytes();
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  async #connect(): Promise<void> {
    const { initTimeoutMs, tools, outputBytesMax } = this.#options;
    this.#life.killAfter(initTimeoutMs, () => initTimedOut(initTimeoutMs));
    const connected = await connectServer(
      (method, params) => this.#ask(method, params),
      () => this.#begin(),
    );
    if (connected === 'gone') return; // Its burial says why.
    if (!connected.ok) return this.#refuse(connected.error);
    const wrong = tools === undefined ? undefined : toolsDiffer(tools, connected.about.tools);
    if (wrong !== undefined) {
      const message = `the tools of the MCP server are not those of its release (${wrong})`;
      return this.#refuse(callError('MCP_TOOLS_CHANGED', { message }));
    }
    if (this.#didGiveRoots) await new Promise((resolve) => setTimeout(resolve, ROOTS_MS));
    if (this.#life.state() !== 'loading' || !this.#life.step('ready')) return;
    this.#life.didGetReady();
    this.#channel.setLineBytesMax(outputBytesMax + LIMITS.frame_envelope_bytes.value);
    this.about = connected.about;
    this.#tools = new Map((tools ?? []).map((tool) => [tool.name, tool]));
    this.ready = readyOf(connected.about, tools ?? []);
    this.#didOpen.resolve({ ok: true, sandbox: this });
  }

  #begin(): void {
    if (!this.#life.step('hello') || !this.#life.step('bind')) return;
    this.#channel.notify('notifications/initialized', {});
  }

  #ask(method: string, params: JsonObject): Promise<Answer> {
    if (isGone(this.#life.state())) return Promise.resolve({ kind: 'gone' });
    const id = this.#nextId();
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      this.#channel.request(id, method, params);
    });
  }

  #refuse(error: CallError): void {
    this.#didOpen.resolve(unopened(error));
    this.#life.killUnopened(error);
  }

  #receive(message: RpcMessage): void {
    const state = this.#life.state();
    if (state === 'closing' || isGone(state)) return;
    switch (message.kind) {
      case 'result':
      case 'error':
        return this.#takeAnswer(message);
      case 'request':
        return this.#takeRequest(message);
      case 'notification':
        return this.#takeNotification(message);
    }
  }

  #takeAnswer(message: Extract<RpcMessage, { kind: 'result' | 'error' }>): void {
    const resolve = this.#questions.get(message.id);
    if (resolve === undefined) return this.#calls.answer(message);
    this.#questions.delete(message.id);
    resolve(message);
  }

  /** A server that does not read what it asked for would fill the host's memory. */
  #takeRequest({ id, method }: Extract<RpcMessage, { kind: 'request' }>): void {
    if (this.#channel.isFull()) {
      const message = 'the MCP server asks its client without reading the answers';
      return this.kill(callError('FRAME_FLOOD', { message }));
    }
    if (method === 'ping') return this.#channel.answer(id, {});
    if (method === 'roots/list') {
      this.#didGiveRoots = true;
      const uri = `file://${this.#options.dataDir}`;
      return this.#channel.answer(id, { roots: [{ uri, name: 'data' }] });
    }
    this.#channel.refuse(id, METHOD_NOT_FOUND, 'the client does not offer this');
  }

  /** That its list has changed is heard and not believed: what is pinned holds until a new release. */
  #takeNotification({ method, params }: Extract<RpcMessage, { kind: 'notification' }>): void {
    if (method === 'notifications/progress') return this.#calls.takeProgress(params);
    if (method === 'notifications/message') this.#options.onLog(logLineOf(params));
  }

  #onChannelEnd(): void {
    this.#life.step('dying');
    this.#life.killAfter(LAST_GRACE_MS, () =>
      callError('FRAME_SCHEMA', { message: 'the MCP server closed its standard output and went on running' }),
    );
  }

  #bury(end: ProcessEnd): void {
    if (!this.#life.bury()) return;
    const stderrTail = this.#stderr();
    const error = withLastWords(
      describeEnd({
        ...end,
        phase: LAUNCH_FAILED.test(stderrTail) ? 'booting' : this.#life.phase(),
        hadCalls: this.#calls.pendingCount() > 0,
        killedFor: this.#life.killedFor(),
        dying: undefined,
        stderrTail,
        memoryMb: this.#options.memoryMb,
        wasOutOfMemory: this.#options.wasOutOfMemory(),
      }),
      stderrTail,
    );
    this.#channel.close();
    this.#output.close();
    this.#options.handle.channel.destroy();
    for (const resolve of this.#questions.values()) resolve({ kind: 'gone' });
    this.#questions.clear();
    this.#didOpen.resolve(unopened(error));
    const culprit = this.#calls.settleAll({ error, culpritId: this.#life.culpritId(), stack: undefined });
    this.#life.tellDeath({ error, told: error, tenant: undefined }, culprit !== undefined);
  }

  #stderr(): string {
    return this.#output.since({ stdout: 0, stderr: 0 }).stderr;
  }
}

function isGone(state: GuestState): boolean {
  return state === 'exited' || state === 'dead';
}

/** Said by what starts the server, before it is there. */
const LAUNCH_FAILED = /^(?:bulkhead launch|bwrap): /m;
const SHOWN_CHARACTERS = 300;

/** A server that did not get ready says why on its standard error, if anywhere. */
function withLastWords(error: CallError, stderrTail: string): CallError {
  const said = stderrTail.trim();
  if (error.code !== 'INIT_EXITED' || said === '') return error;
  return { ...error, message: `${error.message}: ${said.slice(-SHOWN_CHARACTERS)}`, hint: EXIT_HINT };
}

const EXIT_HINT = 'Read what it said last; arguments and environment variables stand in `mcp` of its plugin.json.';

function readyOf(about: ServerAbout, tools: readonly PinnedTool[]): GuestReady {
  const { name, version, protocol } = about;
  return {
    t: 'ready',
    metadata: { server_name: name, server_version: version, protocol_version: protocol },
    tools: tools.map(wireToolOf),
    hooks: [],
    exports: [],
    has_health_check: true,
  };
}

const LEVELS: Readonly<Record<string, LogLevel>> = { debug: 'debug', info: 'info', notice: 'info', warning: 'warn' };

/** Levels of MCP are those of syslog. */
function logLineOf({ level, data, logger }: JsonObject): GuestLogLine {
  const said = typeof data === 'string' ? data : JSON.stringify(data ?? null);
  const message = said.slice(0, LIMITS.log_line_characters.value);
  const fields = typeof logger === 'string' ? { logger: logger.slice(0, 128) } : undefined;
  const named = (typeof level === 'string' ? LEVELS[level] : undefined) ?? 'error';
  return { t: 'log', level: named, message, ...(fields !== undefined && { fields }) };
}
