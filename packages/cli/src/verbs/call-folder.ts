/**
 * `bulkhead call DIR`: the folder is installed into a host of its own, which ends with the call.
 */
import { basename, resolve } from 'node:path';
import { createHost, HostError, type CallRequest, type Host } from '@bulkhead/host';
import { callError, capabilitiesOf, type Outcome } from '@bulkhead/protocol';
import { outcomeOf } from '@bulkhead/server';
import type { CallPrinter } from '../call-printer.ts';
import { parsePermissions } from '../config/grants.ts';
import { openStandIn } from '../stand-in.ts';
import type { Terminal } from '../terminal.ts';
import type { Call } from './call.ts';

/** Calls the tool; a plugin that was refused is an outcome like any other. */
export async function callFolder(asked: Call, terminal: Terminal): Promise<Outcome> {
  const dir = resolve(asked.where);
  const standIn = await openStandIn([dir], asked, process.env);
  const signal = signalOfInterrupt();
  const done = terminal.progress(`calling ${asked.tool} of ${asked.where}`);
  try {
    const grant = capabilitiesOf((asked.grant ?? []).flatMap(parsePermissions));
    const privateHosts = grant.includes('internet') ? await listedPrivateHosts() : [];
    await using host = await createHost({ spareCount: 0, measured: 'lately', privateHosts, ...standIn.hostOptions });
    const name = await install(host, dir, grant);
    if (typeof name !== 'string') return refused(name, { dir, tool: asked.tool, host });
    await standIn.prepare(host, [name]);
    done();
    return await callHost(host, { plugin: name, signal, ...requestOf(asked) }, asked.printer);
  } finally {
    done();
  }
}

/** As for a server that runs here: what is private is reached where the configuration lists it. */
async function listedPrivateHosts(): Promise<readonly string[]> {
  const { loadConfig } = await import('../config/load-config.ts');
  return (await loadConfig({ flags: {}, env: process.env, file: undefined }))['egress.private_hosts'];
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
