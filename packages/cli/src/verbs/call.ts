/**
 * `bulkhead call`: one tool, once. A folder is installed into a host of its own that ends with the call; a name is called on a
 * running server. The outcome is the result, and its kind the exit code.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createHost, HostError, type CallRequest, type Host } from '@bulkhead/host';
import { callError, capabilitiesOf, exitCodeOf, isJsonObject, type JsonObject, type Outcome } from '@bulkhead/protocol';
import { outcomeOf } from '@bulkhead/server';
import { parsePermissions } from '../config/grants.ts';
import { createCallPrinter, type CallPrinter } from '../call-printer.ts';
import { callRemote } from '../remote/ask.ts';
import { streamRemote } from '../remote/stream-call.ts';
import { openRemote } from '../remote/remote.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Arguments and options as they were typed. */
export type CallOptions = ServerOptions & {
  readonly where: string;
  readonly tool: string;
  readonly params: string;
  readonly timeoutMs?: number;
  readonly grant?: readonly string[];
  readonly stream?: boolean;
};

type Call = Omit<CallOptions, 'params' | 'stream'> & {
  readonly params: JsonObject;
  /** Where what it gives is printed while it runs. */
  readonly printer: CallPrinter | undefined;
};

/** Calls the tool, prints the outcome and answers its exit code. */
export async function call(options: CallOptions, terminal: Terminal): Promise<number> {
  const isJson = options.json === true;
  const printer = options.stream === true ? createCallPrinter(terminal, isJson) : undefined;
  const asked: Call = { ...options, params: parseParams(options.params), printer };
  const outcome = isFolder(options.where) ? await callFolder(asked, terminal) : await callServer(asked);
  await printer?.end();
  if (isJson) terminal.result(JSON.stringify(outcome));
  else if (outcome.ok && outcome.value === null && printer !== undefined) sayOk(outcome, terminal);
  else show(outcome, terminal);
  return exitCodeOf(outcome);
}

function parseParams(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, with what was expected.
  }
  throw new UsageError(
    `--params is ${JSON.stringify(text.slice(0, 80))}; expected a JSON object`,
    `Such as '{"a":2,"b":3}'.`,
  );
}

/** Something with a slash or a dot in front is meant as a folder, even when it is not there. */
function isFolder(where: string): boolean {
  if (existsSync(where) && statSync(where).isDirectory()) return true;
  if (!/^[.~]|[/\\]/.test(where)) return false;
  throw new UsageError(
    `${where} is no folder`,
    'Name a folder that holds a plugin.json, or a plugin of a running server.',
  );
}

async function callServer({ where, tool, params, timeoutMs, printer, ...options }: Call): Promise<Outcome> {
  const body = timeoutMs === undefined ? { params } : { params, timeout_ms: timeoutMs };
  const remote = await openRemote(options, process.env);
  const called = { plugin: where, tool, body };
  return printer === undefined ? callRemote(remote, called) : streamRemote(remote, called, printer);
}

async function callFolder(asked: Call, terminal: Terminal): Promise<Outcome> {
  const dir = resolve(asked.where);
  const signal = signalOfInterrupt();
  const done = terminal.progress(`calling ${asked.tool} of ${asked.where}`);
  try {
    await using host = await createHost({ spareCount: 0 });
    const name = await install(host, dir, capabilitiesOf((asked.grant ?? []).flatMap(parsePermissions)));
    if (typeof name !== 'string') return refused(name, { dir, tool: asked.tool, host });
    done();
    return await callHost(host, { plugin: name, signal, ...requestOf(asked) }, asked.printer);
  } finally {
    done();
  }
}

async function callHost(host: Host, request: CallRequest, printer: CallPrinter | undefined): Promise<Outcome> {
  if (printer === undefined) return host.call(request);
  const stream = host.stream({ ...request, onProgress: printer.progress });
  for await (const chunk of stream) await printer.chunk(chunk);
  return stream.outcome;
}

/** The first signal cancels the call, which is an outcome; a second one ends the process. */
function signalOfInterrupt(): AbortSignal {
  const cancelled = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cancelled.abort());
  return cancelled.signal;
}

/** Without scopes the caller has all of them: whatever words with ":" the folder asks for are granted (DESIGN 14). */
function requestOf({ tool, params, timeoutMs }: Call): Pick<CallRequest, 'tool' | 'params' | 'timeoutMs'> {
  return timeoutMs === undefined ? { tool, params } : { tool, params, timeoutMs };
}

async function install(host: Host, dir: string, grant: readonly string[]): Promise<string | HostError> {
  try {
    return (await host.install(dir, { grant })).name;
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

/** A plugin that was refused has no release to run; that is an outcome like any other. */
function refused(
  error: HostError,
  { host, dir, tool }: { readonly host: Host; readonly dir: string; readonly tool: string },
): Outcome {
  const plugin = host.refused().find(({ path }) => path === dir)?.name ?? basename(dir);
  const why = callError('PLUGIN_REFUSED', { message: `${error.code}: ${error.message}`, hint: error.hint });
  return outcomeOf(why, { plugin, target: tool });
}

function sayOk({ call: report }: Outcome, { say, talkColors }: Pick<Terminal, 'say' | 'talkColors'>): void {
  say(talkColors.dim(`ok in ${Math.round(report.duration_ms)} ms, sandbox ${report.tier ?? 'unknown'}`));
}

function show(outcome: Outcome, { result, say, talkColors }: Terminal): void {
  const { call: report } = outcome;
  for (const line of [...linesOf(report.stdout), ...linesOf(report.stderr)]) say(talkColors.dim(`| ${line}`));
  if (outcome.ok) {
    result(JSON.stringify(outcome.value, null, 2));
    sayOk(outcome, { say, talkColors });
    return;
  }
  const { kind, code, message, hint } = outcome.error;
  say(`${talkColors.red(kind)} ${code}: ${message}`);
  say(talkColors.dim(hint));
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.trimEnd().split('\n');
}
