/**
 * `bulkhead logs NAME`: what a plugin said for a tenant, and what became of it. Followed, it outlives a restart of the
 * server: the stream is opened again after the last line that was seen, for as long as nobody ends the command.
 */
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { PluginLogLine, PluginLogPage } from '@bulkhead/host';
import { InvalidArgumentError } from 'commander';
import { logLines } from '../log-lines.ts';
import { askAdmin, openAnswer, tokenHeaders } from '../remote/ask.ts';
import { readEvents } from '../remote/events.ts';
import { NoAnswerError } from '../remote/no-answer-error.ts';
import { RemoteError, parseRefusal } from '../remote/remote-error.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { asksForTenant, examples, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { pluginPath } from './plugins.ts';

type LogOptions = ServerOptions & { readonly follow?: boolean; readonly limit: number; readonly after?: string };

const LIMIT_DEFAULT = 200;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;

/** Adds `logs`. */
export function addLogs({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('logs').description('Print what a plugin logged and printed, and what became of it'))
    .argument('<name>', 'name of the plugin')
    .option('-f, --follow', 'go on with new lines until it is interrupted, across restarts of the server')
    .option('--limit <n>', 'how many lines to begin with', parseLimit, LIMIT_DEFAULT)
    .option('--after <cursor>', 'begin after this line; --json shows the cursor of each')
    .addHelpText(
      'after',
      `${examples(['bulkhead logs weather', 'bulkhead logs weather --tenant acme --follow', 'bulkhead logs weather -f --json'])}\n\nWith --json each line is one line of JSON.`,
    )
    .action(async (name: string, options: LogOptions) => {
      const remote = await openRemote(options, process.env);
      const printer = createPrinter(options, terminal);
      if (options.follow === true) return follow({ remote, name, options, printer, terminal });
      const { value } = await askAdmin<PluginLogPage>(remote, { path: pathOf(name, options, options.after) });
      if (value.has_gap) printer.gap();
      for (const line of value.lines) printer.line(line);
      if (value.lines.length === 0) terminal.say(`${name} has said nothing that is kept`);
    });
}

const LIMIT_MAX = 1_000;

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${LIMIT_MAX}.`);
}

function pathOf(name: string, options: LogOptions, after: string | undefined): string {
  const query = new URLSearchParams({
    limit: String(options.limit),
    ...(after !== undefined && { after }),
    ...(options.follow === true && { follow: 'true' }),
  });
  return pluginPath(name, `/logs?${query.toString()}`);
}

type Printer = { readonly line: (line: PluginLogLine) => void; readonly gap: () => void };
type Following = {
  readonly remote: Remote;
  readonly name: string;
  readonly options: LogOptions;
  readonly printer: Printer;
  readonly terminal: Terminal;
};

/** Ends only with a refusal that trying again does not mend; the first connection must succeed, so that a typo is told. */
async function follow(following: Following): Promise<never> {
  let after = following.options.after;
  let stream: Readable | undefined = await openStream(following, after);
  let retryMs = RETRY_FIRST_MS;
  for (;;) {
    if (stream !== undefined) {
      retryMs = RETRY_FIRST_MS;
      after = await readStream(stream, following, after);
      following.terminal.say(following.terminal.talkColors.dim('the stream ended; connecting again ...'));
    }
    await pause(retryMs);
    retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
    stream = await openAgain(following, after);
  }
}

/** Opens the stream. @throws {RemoteError} for a refusal; {NoAnswerError} where no server answers. */
async function openStream({ remote, name, options }: Following, after: string | undefined): Promise<Readable> {
  const { isOk, stream } = await openAnswer(remote.server, pathOf(name, options, after), {
    headers: tokenHeaders(remote),
  });
  if (isOk) return stream;
  const refusal = parseRefusal(JSON.parse((await readText(stream)) || 'null'));
  if (refusal !== undefined) throw new RemoteError(refusal);
  throw new NoAnswerError(`${remote.server} answers, but not as Bulkhead does`);
}

/** The same while the server may be away, or is starting: then there is no stream yet. */
async function openAgain(following: Following, after: string | undefined): Promise<Readable | undefined> {
  try {
    return await openStream(following, after);
  } catch (error) {
    if (error instanceof RemoteError && !error.isRetryable) throw error;
    return undefined;
  }
}

/** Prints what comes until the connection ends, and returns the cursor of the last line. */
async function readStream(
  body: Readable,
  { printer }: Following,
  after: string | undefined,
): Promise<string | undefined> {
  let last = after;
  try {
    for await (const { event, data } of readEvents(body)) {
      if (event === 'gap') printer.gap();
      else {
        const line = JSON.parse(data) as PluginLogLine; // The schema of the route.
        printer.line(line);
        last = line.cursor;
      }
    }
  } catch {
    // The connection broke; what came after the last line is asked for again.
  }
  return last;
}

function createPrinter({ json }: LogOptions, { result, say, colors, talkColors }: Terminal): Printer {
  const gap = (): void => say(talkColors.dim('... lines before this are no longer kept ...'));
  if (json === true) return { gap, line: (line) => result(JSON.stringify(line)) };
  return {
    gap,
    line: (line) => {
      for (const text of logLines(line, colors)) result(text);
    },
  };
}
