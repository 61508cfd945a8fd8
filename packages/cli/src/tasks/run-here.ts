/**
 * Tasks in this process, without a queue (F000-15): one host in memory with the handlers that come with the command and those of
 * `--plugins`, which ends with the last of them.
 *
 *   host --> plugins installed --> handlers discovered --> whichever takes a task --> its result, with who made it
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { discoverHandlers, runTask, type DiscoveredHandlers } from '@bulkhead/evolve/workers';
import { createHost, HostError, type AuditedResult, type Host } from '@bulkhead/host';
import { DEFAULT_TENANT, type Task } from '@bulkhead/protocol';
import { parseGrants } from '../config/grants.ts';
import { UsageError } from '../usage-error.ts';
import { imageTag } from './image-tag.ts';
import { machineTags } from './machine-tags.ts';
import { installOwnHandlers, type OwnHandler } from './own-handlers.ts';

/**
 * What was typed of it: folders of plugins, what they are granted, which handlers may take it, and what this machine can do beyond what is
 * found. `version` is the command's.
 */
export type HereOptions = {
  readonly version: string;
  readonly plugins?: readonly string[];
  readonly grant?: readonly string[];
  readonly handler?: readonly string[];
  readonly tags?: string;
};

/** With what a host is opened; `own` are the plugins of ours whose handlers could take its tasks, so that no other has to be started. */
export type HereParts = {
  readonly own: readonly OwnHandler[];
  readonly options: HereOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A host that takes tasks, one after the other; whoever disposes of it ends it. */
export type Here = AsyncDisposable & {
  /** Runs the task; how a handler fails is in the result, and where none takes it that is a `skip` with the reason. */
  readonly run: (task: Task, signal: AbortSignal) => Promise<AuditedResult>;
};

/**
 * Opens a host for tasks.
 *
 * @throws {UsageError} for a folder that is not there, or a grant or a tag that is none.
 * @throws {HostError} where the host cannot be opened.
 */
export async function openHere({ own, options, env }: HereParts): Promise<Here> {
  const workerTags = await machineTags(options.tags, env);
  const dirs = (options.plugins ?? []).map((dir) => resolve(dir));
  const absent = dirs.find((dir) => !existsSync(dir));
  if (absent !== undefined) throw new UsageError(`--plugins names ${absent}, which is not there`);
  const grants = parseGrants(options.grant ?? []);
  await using opening = new AsyncDisposableStack();
  const host = opening.use(await createHost({ spareCount: 0, measured: 'lately', grants }));
  const found = await handlersIn(host, { own, dirs, allow: options.handler });
  const opened = opening.move();
  return {
    run: (task, signal) =>
      runTask(task, {
        ...{ ...found, host, workerTags, signal, tenant: DEFAULT_TENANT },
        workerId: `sync-${process.pid}`,
        imageTag: imageTag(options.version),
        clock: { now: () => Date.now() },
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Runs one task in a host of its own. @throws as {@link openHere}. */
export async function runHere(
  task: Task,
  { signal, ...parts }: HereParts & { readonly signal: AbortSignal },
): Promise<AuditedResult> {
  await using here = await openHere(parts);
  return await here.run(task, signal);
}

type Sought = {
  readonly own: readonly OwnHandler[];
  readonly dirs: readonly string[];
  readonly allow: readonly string[] | undefined;
};

async function handlersIn(host: Host, { own, dirs, allow }: Sought): Promise<DiscoveredHandlers> {
  await installOwnHandlers(host, own);
  const refused = (await Promise.all(dirs.map((dir) => installFrom(host, dir)))).flat();
  const { offers, unavailable } = await discoverHandlers(host, {
    tenant: DEFAULT_TENANT,
    ...(allow !== undefined && { allow }),
  });
  if (allow !== undefined && offers.length + unavailable.length + refused.length === 0)
    throw await unknownHandlers(host, allow);
  return { offers, unavailable: [...unavailable, ...refused] };
}

async function unknownHandlers(host: Host, names: readonly string[]): Promise<UsageError> {
  const { offers } = await discoverHandlers(host, { tenant: DEFAULT_TENANT });
  const known = offers.map(({ name }) => name).join(', ');
  return new UsageError(
    `--handler names ${names.join(', ')}, which none of these plugins has`,
    `${known === '' ? '' : `There are ${known}. `}Name the plugin of another with --plugins.`,
  );
}

type Refused = { readonly plugin: string; readonly reason: string };

/** A plugin folder, or a folder of them. One that is refused keeps no other from the task, and is told where nobody takes it. */
async function installFrom(host: Host, dir: string): Promise<readonly Refused[]> {
  if (!existsSync(join(dir, 'plugin.json'))) {
    const { refused } = await host.installAll(dir);
    return refused.map(({ name, code, reason }) => ({ plugin: name, reason: `${reason} (${code})` }));
  }
  try {
    await host.install(dir);
    return [];
  } catch (error) {
    if (error instanceof HostError) return [{ plugin: dir, reason: `${error.message} (${error.code})` }];
    throw error;
  }
}
