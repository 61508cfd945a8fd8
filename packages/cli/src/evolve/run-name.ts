/**
 * Where runs are kept that nobody gave a folder: `.bulkhead/evolve/NAME-SEED`, and `NAME-SEED-2` where that is another run's.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRunFolder, openRunFolder, readRunFile, type RunFolder } from '@bulkhead/evolve';
import { makeNamedFolder } from './named-folder.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import type { NewRun } from './read-config.ts';

const ROOT = join('.bulkhead', 'evolve');
const NAMES_MAX = 1_000;

/** Makes a folder for a run, or opens the one that was not ended. */
export async function folderFor(
  run: NewRun,
  { out, resume = false }: { readonly out?: string; readonly resume?: boolean },
  terminal: Terminal,
): Promise<RunFolder> {
  if (out !== undefined) return resume && existsSync(join(out, 'run.json')) ? sameRun(out, run) : create(out, run);
  const taken = namesOf(run).filter((name) => existsSync(join(name, 'run.json')));
  const open = await unended(taken);
  if (resume && open !== undefined) return sameRun(open, run);
  if (open !== undefined) terminal.say(`${open} was not ended; \`bulkhead evolve resume ${open}\` goes on with it`);
  const free = namesOf(run).find((name) => !existsSync(name));
  if (free === undefined)
    throw new UsageError(`${ROOT} has ${NAMES_MAX} runs of this name`, 'Name a folder with --out.');
  return create(free, run);
}

async function create(path: string, { head, source }: NewRun): Promise<RunFolder> {
  await makeNamedFolder(resolve(path));
  return createRunFolder(resolve(path), head, source);
}

/** Workers change how long a run takes, and nothing else. */
async function sameRun(path: string, { head, source }: NewRun): Promise<RunFolder> {
  const folder = await openRunFolder(resolve(path));
  if (identity(folder.head.config) === identity(head.config) && folder.source === source) return folder;
  await folder[Symbol.asyncDispose]();
  throw new UsageError(
    `${path} is a run of another configuration, seed or first program`,
    `Go on with it as it began (bulkhead evolve resume ${path}), or name another folder.`,
  );
}

function identity(config: NewRun['head']['config']): string {
  return JSON.stringify(config, (key, value: unknown) => (key === 'workers' ? undefined : value));
}

function namesOf({ head, config }: NewRun): readonly string[] {
  const name = `${head.name}-${config.settings.seed}`.replaceAll(/[^\w.-]+/g, '_');
  return Array.from({ length: NAMES_MAX }, (_, at) => join(ROOT, at === 0 ? name : `${name}-${at + 1}`));
}

async function unended(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths.toReversed()) {
    const progress = await readRunFile(path, 'progress.json');
    if (progress?.['phase'] !== 'done') return path;
  }
  return undefined;
}
