/**
 * Who proposes changes of code, by how it is written after `--backend` or in a configuration: a stand-in, or language models of a host. One
 * reading of it for runs of evolution, mutations and repairs.
 *
 * A verb that works on somebody's code has its models in a host of their own: a candidate that has the name of a model's plugin would be
 * given what that is granted, and its key.
 */
import {
  createHostModel,
  isStandIn,
  openProposer,
  openRunProposer,
  PROPOSER_FORMS,
  type Proposer,
  type RunProposerOptions,
} from '@bulkhead/evolve';
import { createHost, type Host } from '@bulkhead/host';
import { isJsonObject } from '@bulkhead/protocol';
import type { Config } from './config/keys.ts';
import { pluginHosts } from './config/plugin-hosts.ts';
import { backendRulesOf } from './config/table-lists.ts';
import { pluginFoldersIn } from './folders-in.ts';
import { readManifest } from './place.ts';
import { installOrRefuse } from './plugin-folders.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** The host's models, and the names that `[[llm.backends]]` gives them. */
export type HostModels = { readonly llm: Host['llm']; readonly names: readonly string[] };

/** What is asked by the weights of `[[llm.backends]]`. */
const BY_WEIGHT = ['host', 'auto'];

/** Models of the host, or else a stand-in for a run. @throws {EvolveError} as `openRunProposer`. */
export async function openRunModel(models: HostModels, options: RunProposerOptions): Promise<Proposer> {
  return hostModelOf(options.spec, models) ?? openRunProposer(options);
}

/** Who proposes; disposing closes the host that its models are in. */
export type OpenModel = AsyncDisposable & { readonly proposer: Proposer };

/** The seed of stand-ins that draw, and the configuration, which is read where models are asked alone. */
export type ModelOpening = {
  readonly seed: number;
  readonly config: () => Promise<Config>;
  readonly terminal: Terminal;
};

/** Who is asked where nobody is named: any of `[[llm.backends]]`. @throws {UsageError} where there are none. */
export function chosenBackend(config: Config): string {
  if (config['llm.backends'].length > 0) return 'host';
  throw new UsageError(
    'there is no --backend',
    `Name who proposes: ${PROPOSER_FORMS}, or a language model of [[llm.backends]] in bulkhead.toml.`,
  );
}

/**
 * Opens a stand-in, or a host with those plugins of `plugins.dirs` that offer language models.
 *
 * @throws {UsageError} where nobody is written so, or a plugin is refused.
 * @throws {EvolveError} as `openProposer`.
 */
export async function openModel(written: string, { seed, config, terminal }: ModelOpening): Promise<OpenModel> {
  if (isStandIn(written)) {
    return { proposer: await openProposer(written, { seed }), [Symbol.asyncDispose]: async () => undefined };
  }
  const read = await config();
  const folders = await modelFolders(read['plugins.dirs']);
  const rules = backendRulesOf(read['llm.backends'], process.env);
  if (folders.length === 0) throw unknown(written, undefined);
  const host = await createHost({
    ...{ spareCount: 0, measured: 'lately', minTier: read['sandbox.min_tier'], grants: read.grants },
    privateHosts: read['egress.private_hosts'],
    pluginHosts: pluginHosts(read['egress.plugin_hosts']),
    llm: { backends: rules },
  });
  try {
    await installOrRefuse(host, folders, terminal);
    // A name without a plugin that offers it is nobody's.
    const proposer = hostModelOf(written, { llm: host.llm, names: [] });
    if (proposer === undefined) throw unknown(written, host);
    return { proposer, [Symbol.asyncDispose]: () => host.close() };
  } catch (error) {
    await host.close();
    throw error;
  }
}

/**
 * The models that are written so: one by its name, or `host` or `auto` by weight, as where nothing is written and there are backends.
 * Undefined for anything else.
 */
function hostModelOf(written: string, { llm, names }: HostModels): Proposer | undefined {
  const offered = llm.backends().map(({ name }) => name);
  if ([...names, ...offered].includes(written)) return createHostModel({ llm, backend: written });
  const isByWeight = written === '' ? names.length > 0 : BY_WEIGHT.includes(written) && offered.length > 0;
  return isByWeight ? createHostModel({ llm }) : undefined;
}

/** Only what a proposal needs is started. */
async function modelFolders(dirs: readonly string[]): Promise<readonly string[]> {
  const folders = [...new Set((await Promise.all(dirs.map((dir) => pluginFoldersIn(dir)))).flat())];
  const offering = await Promise.all(folders.map(offersModels));
  return folders.filter((_, at) => offering[at] === true);
}

async function offersModels(folder: string): Promise<boolean> {
  const { entry_points: groups } = await readManifest(folder);
  return isJsonObject(groups) && Object.keys(groups).some((group) => /(?:^|\.)llm_backends$/.test(group));
}

function unknown(written: string, host: Host | undefined): UsageError {
  const names = host?.llm.backends().map(({ name }) => name) ?? [];
  const silent = host?.plugins().filter(({ state }) => state !== 'INITIALIZED') ?? [];
  const models = names.length === 0 ? 'and there are no language models' : `host, or ${names.join(', ')}`;
  const [lacking] = silent.map(({ name, state, reason }) => `${name} is ${state}: ${reason}`);
  return new UsageError(
    `the backend is ${JSON.stringify(written.slice(0, 80))}; expected ${PROPOSER_FORMS}, ${models}`,
    lacking ??
      'Language models are those of bulkhead.toml: plugins.dirs, grants, and [[llm.backends]] with name, plugin and api_key_env.',
  );
}
