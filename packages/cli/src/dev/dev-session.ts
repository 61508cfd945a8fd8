/**
 * A plugin folder under development: read anew when it changes, and served by its last good release meanwhile. Calls and
 * logs are those of the built-in tenant.
 *
 *   read() ── loads ──▶ told `loaded`; it is the last good release
 *     `───── refused, lacks something, throws, hangs ──▶ told `failed`; the last good release serves on
 */
import { HostError, type Host, type PluginLogLine } from '@bulkhead/host';
import { DEFAULT_TENANT, type Finding, type JsonObject, type ListedTool, type Outcome } from '@bulkhead/protocol';
import { withPlaces } from '../place.ts';
import type { DevEvent } from './dev-event.ts';

/** What a session works on, and who is told of what happens. */
export type DevSessionOptions = {
  readonly host: Host;
  /** Absolute, without links. */
  readonly dir: string;
  /** Host capabilities granted to the plugin. */
  readonly grant: readonly string[];
  readonly tell: (event: DevEvent) => void;
};

/** A folder under development. */
export type DevSession = {
  /** Reads the folder and serves what it holds, where that loads; answers whether it does. Never rejects. */
  readonly read: () => Promise<boolean>;
  readonly call: (tool: string, params: JsonObject) => Promise<Outcome | undefined>;
  /** Of the plugin, as it was read last; empty before. */
  readonly name: () => string;
  readonly tools: () => readonly ListedTool[];
  /** The newest lines of the plugin's log. */
  readonly lastLines: (linesMax: number) => readonly PluginLogLine[];
  /** Ends the telling of log lines. */
  readonly close: () => void;
};

/** A load that takes longer is told of before its time limit has run out. */
const WAITING_MS = 2_000;
const LINES_MAX = 1_000;
const TENANT = DEFAULT_TENANT;

type Good = { readonly name: string; readonly version: string };

/** Opens a session; nothing is read yet. */
export function openDevSession({ host, dir, grant, tell }: DevSessionOptions): DevSession {
  let known: string | undefined;
  let good: Good | undefined;
  const listener = createListener(host, tell);

  const failure = async (findings: readonly Finding[]): Promise<Failed> => ({
    event: 'failed',
    findings: await withPlaces(dir, findings),
    serving: good?.version ?? null,
  });

  async function load(): Promise<Failed | Loaded> {
    try {
      const options = { tenant: TENANT, grant };
      const release = known === undefined ? await host.install(dir, options) : await host.reload(known);
      await adopt(release.name);
      const { problems, findings, name, version } = release;
      if (problems.length > 0) return failure(problems);
      good = { name, version };
      return { event: 'loaded', plugin: name, version, tools: toolsOf(name).map((tool) => tool.name), findings };
    } catch (error) {
      return failure(findingsOf(error));
    }
  }

  /** The manifest may have a new name: then what it was before is gone with its old one. */
  async function adopt(name: string): Promise<void> {
    if (known !== undefined && known !== name) {
      await host.uninstall(known);
      good = undefined;
    }
    known = name;
    listener.follow(name);
  }

  function toolsOf(name: string | undefined): readonly ListedTool[] {
    return host.tools(TENANT).filter(({ plugin }) => plugin === name);
  }

  return {
    read: async () => {
      const startedAt = performance.now();
      const waiting = setInterval(
        () => tell({ event: 'waiting', for_ms: performance.now() - startedAt }),
        WAITING_MS,
      ).unref();
      const loaded = await load().finally(() => clearInterval(waiting));
      tell({ ...loaded, took_ms: performance.now() - startedAt });
      listener.tellState();
      return loaded.event === 'loaded';
    },
    call: async (tool, params) =>
      known === undefined ? undefined : host.call({ plugin: known, tool, params, tenant: TENANT }),
    name: () => known ?? '',
    tools: () => toolsOf(known),
    lastLines: (linesMax) => (known === undefined ? [] : readLog(host, known, { linesMax }).lines),
    close: listener.close,
  };
}

type Failed = Omit<Extract<DevEvent, { event: 'failed' }>, 'took_ms'>;
type Loaded = Omit<Extract<DevEvent, { event: 'loaded' }>, 'took_ms'>;

/** A refusal without findings is one itself. @throws what is no refusal: a bug of ours. */
function findingsOf(error: unknown): readonly Finding[] {
  if (!(error instanceof HostError)) throw error;
  const errors = error.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return errors;
  const { code: id, message, hint } = error;
  return [{ id, severity: 'error', path: '.', line: null, message, hint }];
}

type Listener = {
  /** Tells of the lines of this plugin from now on. */
  readonly follow: (plugin: string) => void;
  /** Tells the state, where it is another than the one told last. */
  readonly tellState: () => void;
  readonly close: () => void;
};

/** Transitions are told as states, so that one that came and went between two looks is not. */
function createListener(host: Host, tell: (event: DevEvent) => void): Listener {
  let plugin: string | undefined;
  let after: string | undefined;
  let told = '';
  let stop = (): void => undefined;

  function tellState(): void {
    const health = plugin === undefined ? undefined : host.health(plugin, { showThrownText: true });
    if (plugin === undefined || health === undefined) return;
    const reason = health.reason ?? null;
    const state = health.state === 'RUNNING' || health.state === 'LOADED' ? 'INITIALIZED' : health.state;
    if (`${state} ${reason}` === told) return;
    told = `${state} ${reason}`;
    tell({ event: 'state', plugin, state, reason });
  }

  function tellNew(): void {
    if (plugin === undefined) return;
    const page = readLog(host, plugin, { linesMax: LINES_MAX, after });
    after = page.next;
    const said = page.lines.filter(({ source }) => source !== 'state');
    for (const line of said) tell({ event: 'log', ...line });
    if (said.length < page.lines.length) tellState();
  }

  return {
    follow: (name) => {
      if (plugin === name) return;
      stop();
      plugin = name;
      after = undefined;
      tellNew();
      stop = host.logs.watch(name, { tenant: TENANT, isPlatform: true }, () => queueMicrotask(tellNew));
    },
    tellState,
    close: () => stop(),
  };
}

function readLog(
  host: Host,
  plugin: string,
  wanted: { readonly linesMax: number; readonly after?: string | undefined },
): ReturnType<Host['logs']['read']> {
  return host.logs.read(plugin, { tenant: TENANT, isPlatform: true, ...wanted });
}
