/**
 * Releases of a repair in a host of its own: the plugin as it is and one candidate beside it, each written into the same folder, published,
 * and granted nothing. A version is never rewritten, so the plugin is taken out between two candidates.
 */
import type { Host } from '@bulkhead/host';
import type { Finding, JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import { writePluginTree, type PluginTree } from './plugin-tree.ts';

/**
 * What a repair needs of a host, which must have no plugin of the name: releases come and go in it.
 * @public
 */
export type RepairHost = Pick<
  Host,
  'publish' | 'uninstall' | 'openHarness' | 'registrations' | 'call' | 'logs' | 'receipt'
>;

/** Where it is done, and how the plugin is configured. */
export type RepairBench = {
  readonly host: RepairHost;
  readonly folder: string;
  readonly config: JsonObject | undefined;
};

/** A release; `digest` is undefined where none was made, and `failure` says why it does not start. */
export type PublishedTree = { readonly digest: string | undefined; readonly failure: string | undefined };

/**
 * Publishes the plugin as it is, in place of whatever was there of its name, and configures it as it is configured where it serves.
 *
 * @throws {EvolveError} `REPAIR_INVALID` where it lacks something that no patch mends.
 */
export async function publishOriginal({ host, folder, config }: RepairBench, tree: PluginTree): Promise<PublishedTree> {
  await host.uninstall(tree.name);
  const { state, ...published } = await publish(host, folder, tree);
  if (state === 'UNAVAILABLE' || published.failure?.startsWith('MANIFEST_INVALID') === true) {
    const why = published.failure ?? '';
    throw new EvolveError('REPAIR_INVALID', `${tree.name}: ${why}; expected a plugin whose code can mend it`);
  }
  if (published.digest !== undefined) {
    await host.registrations.enable(tree.name, { isPlatform: true, ...(config !== undefined && { config }) });
  }
  return published;
}

/** Publishes a candidate beside it; what is wrong with it is its failure. */
export async function publishCandidate({ host, folder }: RepairBench, tree: PluginTree): Promise<PublishedTree> {
  const { digest, failure } = await publish(host, folder, tree);
  return { digest, failure };
}

/** @throws {EvolveError} `REPAIR_INVALID` where the host has the plugin: releases come and go here, and callers must not see them. */
export function insistOnNoPlugin(host: RepairHost, name: string): void {
  if (knownReleases(host, name) === 0) return;
  throw new EvolveError('REPAIR_INVALID', `the host has the plugin ${name}; expected a host of the repair's own`);
}

function knownReleases({ registrations }: RepairHost, name: string): number {
  try {
    return registrations.releases(name, { isPlatform: true }).releases.length;
  } catch (error) {
    if (codeOf(error) === 'PLUGIN_NOT_FOUND') return 0;
    throw error;
  }
}

type State = PublishedTree & { readonly state: string | undefined };

async function publish(host: RepairHost, folder: string, tree: PluginTree): Promise<State> {
  await writePluginTree(tree, folder);
  try {
    const { digest, state, reason } = await host.publish(folder, { by: 'repair' });
    return { digest, state, failure: state === 'INITIALIZED' ? undefined : (reason ?? state) };
  } catch (error) {
    const failure = refusalIn(error);
    if (failure === undefined) throw error;
    return { digest: undefined, state: undefined, failure };
  }
}

/** What the review or the bundler found; everything else is nobody's candidate's fault. */
function refusalIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const findings = Reflect.get(error, 'findings') as readonly Finding[] | undefined; // As every HostError has them.
  const code = codeOf(error);
  if (code === undefined || findings === undefined || findings.length === 0) return undefined;
  const lines = findings.slice(0, FINDINGS_TOLD).map(findingLine);
  return `${code}: ${lines.join('; ')}`;
}

const FINDINGS_TOLD = 3;

function findingLine({ path, line, message }: Finding): string {
  return `${path}${line === null ? '' : `:${line}`} ${message}`;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
