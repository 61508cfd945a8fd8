/**
 * What `bulkhead dev` tells, as one kind of event each: a line of JSON for programs, lines of text for people. What a plugin
 * wrote reaches a terminal as text that cannot steer it.
 */
import type { PluginLogLine } from '@bulkhead/host';
import type { Finding, Outcome, Tier } from '@bulkhead/protocol';
import { logLines } from '../log-lines.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** One thing that happened. Findings of `failed` and `types` name file, line and cure as far as they are known. */
export type DevEvent =
  | {
      readonly event: 'ready';
      readonly url: string;
      readonly tier: Tier;
      readonly folder: string;
      /** Of this start alone, where no data folder keeps one and the environment gives none. */
      readonly token: string | null;
      readonly token_file: string | null;
    }
  | {
      readonly event: 'loaded';
      readonly plugin: string;
      readonly version: string;
      readonly tools: readonly string[];
      readonly took_ms: number;
      readonly findings: readonly Finding[];
    }
  | {
      readonly event: 'failed';
      readonly took_ms: number;
      readonly findings: readonly Finding[];
      /** The last good release, which goes on serving; null where there was none yet. */
      readonly serving: string | null;
    }
  | {
      readonly event: 'debugging';
      readonly folder: string;
      readonly tier: Tier;
      /** Guests are not started as in production. */
      readonly debug: boolean;
      readonly ws: string;
      readonly devtools: string;
    }
  | { readonly event: 'debugger'; readonly is: 'attached' | 'detached' }
  | { readonly event: 'types'; readonly findings: readonly Finding[] }
  | { readonly event: 'state'; readonly plugin: string; readonly state: string; readonly reason: string | null }
  | { readonly event: 'waiting'; readonly for_ms: number }
  | ({ readonly event: 'log' } & PluginLogLine)
  | { readonly event: 'outcome'; readonly tool: string; readonly outcome: Outcome }
  | { readonly event: 'said'; readonly lines: readonly string[] };

type Colors = Terminal['colors'];

/** Writes an event for people. */
export function devLines(event: DevEvent, colors: Colors): readonly string[] {
  switch (event.event) {
    case 'ready':
      return readyLines(event, colors);
    case 'debugging':
      return debuggingLines(event, colors);
    case 'debugger':
      return [colors.dim(`a debugger has ${event.is}`)];
    case 'loaded':
      return loadedLines(event, colors);
    case 'failed':
      return failedLines(event, colors);
    case 'types':
      return event.findings.length === 0
        ? [colors.green('no type errors')]
        : [
            ...findingLines(event.findings, colors),
            colors.dim('types are not checked when it runs: it serves all the same'),
          ];
    case 'state':
      return [stateLine(event, colors)];
    case 'waiting':
      return [colors.yellow(`still loading after ${seconds(event.for_ms)}: does main wait for something, or loop?`)];
    case 'log':
      return logLines(event, colors);
    case 'outcome':
      return outcomeLines(event, colors);
    case 'said':
      return event.lines.map(plain);
  }
}

type Ready = Extract<DevEvent, { event: 'ready' }>;

function readyLines({ url, tier, folder, token, token_file: file }: Ready, colors: Colors): readonly string[] {
  const where = token ?? (file === null ? 'from BULKHEAD_TOKEN' : `in ${file}`);
  return [
    `${colors.bold('Bulkhead')} develops ${folder} on ${colors.bold(url)}  ${colors.dim(`sandbox ${tier}`)}`,
    `${colors.dim('token')}  ${where}`,
    colors.dim('Save a file to load it anew. Type a tool and its parameters, or .help'),
  ];
}

type DebuggingEvent = Extract<DevEvent, { event: 'debugging' }>;

function debuggingLines({ folder, tier, ws, devtools }: DebuggingEvent, colors: Colors): readonly string[] {
  return [
    `${colors.bold('Bulkhead')} debugs ${folder}  ${colors.dim(`sandbox ${tier}, debug: not as in production`)}`,
    `${colors.dim('Chrome')}  ${devtools}`,
    `${colors.dim('others')}  ${ws}`,
    colors.dim('Attach, set a breakpoint in your file, and type a tool and its parameters, or .help'),
  ];
}

type Loaded = Extract<DevEvent, { event: 'loaded' }>;

function loadedLines({ plugin, version, tools, took_ms: tookMs, findings }: Loaded, colors: Colors): readonly string[] {
  const offers = tools.length === 0 ? 'no tools' : tools.join(', ');
  return [
    ...findingLines(findings, colors),
    `${colors.green('●')} ${colors.bold(plugin)} ${version}  ${plain(offers)}  ${colors.dim(`in ${Math.round(tookMs)} ms`)}`,
  ];
}

function failedLines({ findings, serving }: Extract<DevEvent, { event: 'failed' }>, colors: Colors): readonly string[] {
  const still = serving === null ? 'nothing serves yet' : `${serving} goes on serving`;
  return [
    ...findingLines(findings, colors),
    `${colors.red('●')} not loaded  ${colors.dim(`${still}; mend it and save`)}`,
  ];
}

function findingLines(findings: readonly Finding[], colors: Colors): readonly string[] {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan };
  return findings.flatMap(({ path, line, severity, id, message, hint }) => [
    `${plain(path)}${line === null ? '' : `:${line}`}  ${paint[severity](severity)}  ${id}  ${plain(message)}`,
    colors.dim(`    ${plain(hint)}`),
  ]);
}

function stateLine({ state, reason }: Extract<DevEvent, { event: 'state' }>, colors: Colors): string {
  const isBad = state === 'FAILED' || state === 'UNAVAILABLE';
  const paint = isBad ? colors.red : colors.dim;
  return `${paint(`state ${state}`)}${reason === null ? '' : `  ${plain(reason)}`}`;
}

function outcomeLines({ outcome }: Extract<DevEvent, { event: 'outcome' }>, colors: Colors): readonly string[] {
  const took = colors.dim(`${Math.round(outcome.call.duration_ms)} ms`);
  if (outcome.ok)
    return [...JSON.stringify(outcome.value, null, 2).split('\n').map(plain), `${colors.green('ok')} ${took}`];
  const { kind, code, message, hint } = outcome.error;
  return [`${colors.red(kind)} ${code}: ${plain(message)} ${took}`, colors.dim(plain(hint))];
}

const MS = 1_000;

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / MS)} s`;
}
