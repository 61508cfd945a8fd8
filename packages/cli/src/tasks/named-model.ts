/**
 * A language model of `[[llm.backends]]` as the one who proposes (X000-20, X000-25): a host in memory with the plugins that have it.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createHostModel, type Proposer } from '@bulkhead/evolve';
import type { Host } from '@bulkhead/host';
import { parseGrants } from '../config/grants.ts';
import type { Config } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { backendRulesOf } from '../config/table-lists.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed of it. */
export type ModelOptions = {
  readonly backend?: string;
  readonly config?: string;
  readonly plugins?: readonly string[];
  readonly grant?: readonly string[];
};

/** Who proposes; disposing closes its host. */
export type NamedModel = AsyncDisposable & { readonly proposer: Proposer };

type Environment = Readonly<Record<string, string | undefined>>;

/** One of them by its weight, which is what is meant where nobody is named, too. */
const BY_WEIGHT = 'auto';
const STAND_IN = /^(?:scripted|cassette|grammar|choices|echo|faulty)(?::|$)/;

/**
 * Opens it; undefined where no backend of the configuration is meant.
 *
 * @throws {UsageError} for a configuration that is wrong, a key that is not set, or a plugin that is refused.
 * @throws {HostError} where the host cannot be opened.
 */
export async function openNamedModel(options: ModelOptions, env: Environment): Promise<NamedModel | undefined> {
  const { backend = BY_WEIGHT } = options;
  if (STAND_IN.test(backend)) return undefined;
  const config = await loadConfig({ flags: { grants: {} }, env, file: options.config });
  const names = config['llm.backends'].map(({ name }) => name);
  if (names.length === 0) return undefined;
  if (backend !== BY_WEIGHT && !names.includes(backend)) {
    throw new UsageError(
      `[[llm.backends]] has no ${JSON.stringify(backend)}`,
      `It has ${names.join(', ')}; auto is one of them by its weight.`,
    );
  }
  const host = await openHost(config, options, env);
  const proposer = createHostModel({ llm: host.llm, ...(backend !== BY_WEIGHT && { backend }) });
  return { proposer, [Symbol.asyncDispose]: () => host.close() };
}

async function openHost(config: Config, { plugins, grant = [] }: ModelOptions, env: Environment): Promise<Host> {
  const rules = backendRulesOf(config['llm.backends'], env);
  const { createHost } = await import('@bulkhead/host');
  const host = await createHost({
    ...{ spareCount: 0, measured: 'lately', llm: { backends: rules } },
    grants: { ...config.grants, ...parseGrants(grant) },
    privateHosts: config['egress.private_hosts'],
  });
  try {
    for (const dir of plugins ?? config['plugins.dirs']) await installFrom(host, resolve(dir));
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function installFrom(host: Host, dir: string): Promise<void> {
  if (!existsSync(dir)) throw new UsageError(`--plugins names ${dir}, which is not there`);
  if (existsSync(join(dir, 'plugin.json'))) await host.install(dir);
  else await host.installAll(dir);
}
