/**
 * Where implementations run: one host, and an executor for each side, as the options of the command line say.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import {
  createLocalExecutor,
  openExecutor,
  parseExecutorSpec,
  runAnswerOf,
  type EvaluateRequest,
  type Executor,
  type Implementation,
  type RunCase,
} from '@bulkhead/guard';
import { createRandom } from '@bulkhead/guard/statistics';
import { createHost, type Host } from '@bulkhead/host';
import { installFolders } from '../plugin-folders.ts';
import { openStandIn, type StandInOptions } from '../stand-in.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { CLOCK } from './clock.ts';

/** Options of every verb that runs implementations, as they were typed. Seconds and MiB. */
export type RunOptions = StandInOptions & {
  readonly executor?: string;
  readonly func?: string;
  readonly timeout?: number;
  readonly mem?: number;
  readonly parallel?: number;
  readonly seed?: number;
  readonly plugins?: readonly string[];
};

/** An implementation of one side; `spec` is its executor as it was typed. */
export type SideOptions = { readonly option: string; readonly file: string; readonly spec: string };

/** What is open; disposing closes executors and the host. */
export type Workbench = AsyncDisposable & {
  readonly host: Host;
  readonly parallel: number;
  /** Reads an implementation, and gives it an executor of its own. @throws {UsageError} where there is no such file. */
  readonly implement: (side: SideOptions) => Promise<Implementation>;
};

const PARALLEL_DEFAULT_MAX = 4;
const IMPLEMENTATION_BYTES_MAX = 1_048_576;
/** Where the token for an executor over http is taken from. */
const HTTP_TOKEN = 'BULKHEAD_GUARD_HTTP_TOKEN';
/** The executor where nobody names another. */
export const LOCAL = 'local';

/** Opens it; says nothing but which plugins it installs. */
export async function openWorkbench(options: RunOptions, terminal: Terminal): Promise<Workbench> {
  const { plugins = [], seed = 42 } = options;
  const parallel = options.parallel ?? Math.min(PARALLEL_DEFAULT_MAX, availableParallelism());
  const standIn = await openStandIn(
    plugins.map((dir) => resolve(dir)),
    options,
    process.env,
  );
  const host = await createHost({ spareCount: 0, measured: 'lately', ...standIn.hostOptions });
  const executors: Executor[] = [];
  const close = async (): Promise<void> => {
    await Promise.allSettled(executors.map(async (executor) => executor.close?.()));
    await host.close();
  };
  try {
    if (plugins.length > 0) await installFolders(host, plugins, terminal);
    await standIn.prepare(
      host,
      host.plugins().map(({ name }) => name),
    );
  } catch (error) {
    await close();
    throw error;
  }
  const implement = async ({ option, file, spec }: SideOptions): Promise<Implementation> => {
    const text = await readImplementation(option, file);
    const parsed = parseExecutorSpec(spec);
    if (parsed.kind === 'llm') insistOnModel(host, parsed.backend);
    const executor = openExecutor(parsed, {
      host,
      clock: CLOCK,
      startTimer: CLOCK.startTimer,
      random: createRandom(seed),
      fetch,
      createNonce: randomUUID,
      openLocal: () => createLocalExecutor({ host, instances: parallel }),
      httpToken: process.env[HTTP_TOKEN],
    });
    executors.push(executor);
    return { filePath: resolve(file), text, executor, executorName: spec };
  };
  return { host, parallel, implement, [Symbol.asyncDispose]: close };
}

/** What of the options goes into the request of an evaluation; numbers are looked at by guard itself. */
export function requestOf({
  seed,
  func,
  timeout,
  mem,
}: RunOptions): Pick<EvaluateRequest, 'seed' | 'func' | 'timeoutS' | 'memMb'> {
  return {
    ...(seed !== undefined && { seed }),
    ...(func !== undefined && { func }),
    ...(timeout !== undefined && { timeoutS: timeout }),
    ...(mem !== undefined && { memMb: mem }),
  };
}

/** Runs an implementation on a list of arguments, for what asks one alone. */
export function runCaseOf({ filePath, executor }: Implementation, options: RunOptions): RunCase {
  const { func = 'solve', timeout = 2, mem = 512 } = options;
  return async (args) => runAnswerOf(await executor.execute(filePath, func, args, timeout, mem));
}

/** Each case would be tried again and again, for no language model comes meanwhile. @throws {UsageError} */
function insistOnModel({ llm }: Host, wanted: string | undefined): void {
  const why = whyNoModel(llm.backends(), wanted);
  if (why === undefined) return;
  throw new UsageError(
    `the executor "llm" has nobody to ask: ${why}`,
    'Name who answers with --backend scripted:FILE, or the folder of a plugin that offers a model with --plugins.',
  );
}

function whyNoModel(backends: ReturnType<Host['llm']['backends']>, wanted: string | undefined): string | undefined {
  if (backends.length === 0) return 'no plugin here offers a language model';
  if (wanted !== undefined) {
    const isThere = backends.some(({ name, plugin, entry }) => name === wanted || `${plugin}/${entry}` === wanted);
    const names = backends.map(({ name }) => name).join(', ');
    return isThere ? undefined : `there is no backend ${JSON.stringify(wanted)}; there is ${names}`;
  }
  const unable = backends.flatMap(({ name, lacks }) => (lacks === undefined ? [] : [`${name} lacks ${lacks}`]));
  return unable.length === backends.length ? unable.join('; ') : undefined;
}

async function readImplementation(option: string, file: string): Promise<string> {
  if (!existsSync(file)) throw new UsageError(`${option}: ${file} is no file`, 'Give the file of an implementation.');
  const found = await stat(file);
  if (!found.isFile() || found.size > IMPLEMENTATION_BYTES_MAX) {
    throw new UsageError(
      `${option}: ${file} is ${found.isFile() ? `a file of ${found.size} bytes` : 'no file'}; expected a file of at most ${IMPLEMENTATION_BYTES_MAX} bytes`,
    );
  }
  return readFile(file, 'utf8');
}
