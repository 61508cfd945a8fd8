/**
 * `bulkhead call`: one tool, once, of a folder or by a name on a running server, for which no host is loaded. The outcome is the
 * result, and its kind the exit code.
 */
import { existsSync, statSync } from 'node:fs';
import { exitCodeOf, isJsonObject, type JsonObject, type Outcome } from '@bulkhead/protocol';
import { createCallPrinter, type CallPrinter } from '../call-printer.ts';
import { callRemote } from '../remote/ask.ts';
import { streamRemote } from '../remote/stream-call.ts';
import { openRemote } from '../remote/remote.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { StandInOptions } from '../stand-in.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Arguments and options as they were typed. */
export type CallOptions = ServerOptions &
  StandInOptions & {
    readonly where: string;
    readonly tool: string;
    readonly params: string;
    readonly timeoutMs?: number;
    readonly grant?: readonly string[];
    readonly stream?: boolean;
  };

/** The same with its parameters read, and where what it gives is printed while it runs. */
export type Call = Omit<CallOptions, 'params' | 'stream'> & {
  readonly params: JsonObject;
  readonly printer: CallPrinter | undefined;
};

/** Calls the tool, prints the outcome and answers its exit code. */
export async function call(options: CallOptions, terminal: Terminal): Promise<number> {
  const isJson = options.json === true;
  const printer = options.stream === true ? createCallPrinter(terminal, isJson) : undefined;
  const asked: Call = { ...options, params: parseParams(options.params), printer };
  const outcome = isFolder(options.where)
    ? await (await import('./call-folder.ts')).callFolder(asked, terminal)
    : await callServer(asked);
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
  const standIn = (['backend', 'record', 'secret'] as const).find((option) => options[option] !== undefined);
  if (standIn !== undefined)
    throw new UsageError(`--${standIn} is for a plugin folder, and ${where} is one of a server`, 'Name its folder.');
  const body = timeoutMs === undefined ? { params } : { params, timeout_ms: timeoutMs };
  const remote = await openRemote(options, process.env);
  const called = { plugin: where, tool, body };
  return printer === undefined ? callRemote(remote, called) : streamRemote(remote, called, printer);
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
