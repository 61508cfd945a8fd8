/**
 * Who works on a run: a host with the plugins that the configuration names, the judge's task, and who proposes.
 */
import {
  createPluginSelector,
  isPluginSelector,
  type ParentChooser,
  type Proposer,
  type ProposingModel,
  type RunConfig,
  type RunHead,
  type RunParts,
} from '@bulkhead/evolve';
import type { Task } from '@bulkhead/guard';
import { createHost, type Host } from '@bulkhead/host';
import { CONFIG_KEYS } from '../config/keys.ts';
import { backendRulesOf } from '../config/table-lists.ts';
import { CLOCK } from '../guard/clock.ts';
import { loadTask } from '../guard/load-task.ts';
import { openRunModel, type HostModels } from '../open-model.ts';
import { installOrRefuse } from '../plugin-folders.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { pathIn } from './read-config.ts';

/** What is open; disposing closes the host. */
export type OpenParts = AsyncDisposable & {
  /** Series of the host, such as `llm_tokens_total`. */
  readonly metrics: () => Promise<string>;
  readonly parts: Omit<RunParts, 'onProgress' | 'onCommit' | 'onEstimate'>;
};

type Opening = { readonly head: RunHead; readonly config: RunConfig; readonly terminal: Terminal };

/** Opens them. @throws {UsageError} for what its user can mend. */
export async function openParts({ head, config, terminal }: Opening): Promise<OpenParts> {
  const task = await taskOf(config.task.use, head.config_folder);
  const rules = backendsOf(config);
  const host = await createHost({
    ...{ measured: 'lately', spareMemoryMb: config.task.mem_mb, grants: config.grants },
    privateHosts: config.llm.private_hosts,
    ...(rules.length > 0 && { llm: { backends: rules } }),
  });
  try {
    await installPlugins(host, { head, config, terminal });
    const chooser = await chooserOf(host, config);
    await proposerOf(host, head, config); // What is wrong with it is said before anything is spent.
    const prices = rules.flatMap(({ usdPerMillionTokens }) => usdPerMillionTokens ?? []);
    const price = prices.toSorted((one, other) => other.output - one.output)[0];
    return {
      parts: {
        ...{ host, task, clock: CLOCK, openProposer: () => proposerOf(host, head, config) },
        ...(chooser !== undefined && { chooser }),
        ...(price !== undefined && { price }),
      },
      metrics: () => host.metrics(),
      [Symbol.asyncDispose]: () => host.close(),
    };
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** FILE#EXPORT beside the configuration, or the name of a task. */
async function taskOf(use: string, folder: string): Promise<Task> {
  try {
    return await loadTask(/[#./\\]/.test(use) ? pathIn(folder, use) : use);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // Verbs of guard take it as an option, and say so.
    throw new UsageError(error.message.replace(/^--task/, '[task] use'), error.hint);
  }
}

function backendsOf({ llm }: RunConfig): ReturnType<typeof backendRulesOf> {
  const tables = CONFIG_KEYS['llm.backends'].parse(llm.backends);
  if (tables !== undefined) return backendRulesOf(tables, process.env);
  throw new UsageError('[[llm.backends]] cannot be read', `Expected ${CONFIG_KEYS['llm.backends'].expected}.`);
}

async function installPlugins(host: Host, { head, config, terminal }: Opening): Promise<void> {
  if (config.plugins.length === 0) return;
  const folders = config.plugins.map((folder) => pathIn(head.config_folder, folder));
  await installOrRefuse(host, folders, terminal);
  for (const [name, table] of Object.entries(config.config)) {
    await host.registrations.enable(name, { config: table, grant: [...(config.grants[name] ?? [])] });
  }
}

/** The table of a plugin's selector is the plugin's configuration (F000-23). */
async function chooserOf(host: Host, { settings, grants }: RunConfig): Promise<ParentChooser | undefined> {
  const { name: selector, table } = settings.selector;
  if (!isPluginSelector(selector)) return undefined;
  const at = selector.indexOf('/');
  const [plugin, name] = [selector.slice(0, at), selector.slice(at + 1)];
  if (!host.plugins().some((each) => each.name === plugin))
    throw new UsageError(
      `[selector."${selector}"] is of the plugin ${plugin}, which is not installed`,
      `Name its folder: plugins = ["..."].`,
    );
  await host.registrations.enable(plugin, { config: table, grant: [...(grants[plugin] ?? [])] });
  return createPluginSelector({ host, plugin, name });
}

async function proposerOf(
  host: Host,
  { config_folder: folder }: RunHead,
  { llm, models, settings: { seed } }: RunConfig,
): Promise<Proposer | readonly ProposingModel[]> {
  const names = llm.backends.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  const known: HostModels = { llm: host.llm, names };
  if (models.length > 0)
    return Promise.all(
      models.map(async (model) => ({
        ...model,
        proposer: await openRunModel(known, { spec: model.name, folder, seed }),
      })),
    );
  const isInner = llm.inner !== '' || names.length > 0;
  const inner = isInner ? await openRunModel(known, { spec: llm.inner, folder, seed }) : undefined;
  return openRunModel(known, {
    ...{ spec: llm.backend, folder, seed, record: llm.record },
    ...(inner !== undefined && { inner }),
  });
}
