/**
 * What stands in for the network and for language models in a host of plugin folders: `--backend`, `--record`, `--secret`.
 *
 *   cassette, replay   what the plugin fetches is answered from the file, and nothing goes out; secrets have values of no matter
 *   cassette, record   it goes out, with the secrets that were named, and is written into the file without them
 *   scripted           llm_mock is installed beside the plugin, and answers as the file says
 */
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Host, HostOptions } from '@bulkhead/host';
import { isHostPort, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { parseStandIn, type StandInChoice } from './backend-option.ts';
import { readManifest } from './place.ts';
import { UsageError } from './usage-error.ts';

/** Options as they were typed. */
export type StandInOptions = {
  readonly backend?: string;
  readonly record?: boolean;
  readonly secret?: readonly string[];
};

/** How a host is made with it, and what it needs once the plugins of the folders are there, each by its name. */
export type StandIn = {
  readonly hostOptions: Pick<HostOptions, 'cassette' | 'llm' | 'privateHosts'>;
  readonly prepare: (host: Host, plugins: readonly string[]) => Promise<void>;
};

/** In replay nobody is shown them. */
const OF_NO_MATTER = 'of-no-matter-in-replay';
const MOCK = { plugin: 'llm_mock', backend: 'mock' } as const;

/** Reads the options and the script, for the plugins of folders. @throws {UsageError} for what does not fit together, or cannot be read. */
export async function openStandIn(
  dirs: readonly string[],
  options: StandInOptions,
  env: Environment,
): Promise<StandIn> {
  const choice = choiceOf(options);
  const given = secretsIn(options.secret ?? [], env);
  const answers = choice?.kind === 'scripted' ? await readScript(choice.file) : undefined;
  const cassette = choice?.kind === 'cassette' ? cassetteIn(choice.file, options) : undefined;
  const replayed = cassette?.mode === 'replay' ? await Promise.all(dirs.map(replayedIn)) : [];
  return {
    hostOptions: {
      ...(cassette !== undefined && { cassette }),
      ...(replayed.length > 0 && { privateHosts: replayed.flatMap(({ hosts }) => hosts) }),
      ...(answers !== undefined && { llm: { backends: [{ name: MOCK.backend, plugin: MOCK.plugin }] } }),
    },
    prepare: async (host, plugins) => {
      if (answers !== undefined) await script(host, answers);
      for (const [index, plugin] of plugins.entries())
        for (const [name, value] of Object.entries({ ...replayed[index]?.secrets, ...given }))
          await host.secrets.set(plugin, { name, value });
    },
  };
}

/** The cassette of a server, whose plugins bring their own language models. @throws {UsageError} for any other stand-in. */
export function cassetteOf(options: StandInOptions): HostOptions['cassette'] {
  const choice = choiceOf(options);
  if (choice?.kind === 'scripted')
    throw new UsageError(
      'a server takes no --backend scripted:FILE',
      'Serve plugins/llm_mock, and configure its answers.',
    );
  return choice && cassetteIn(choice.file, options);
}

function choiceOf({ backend, record }: StandInOptions): StandInChoice | undefined {
  const choice = backend === undefined ? undefined : parseStandIn(backend);
  if (record !== true || choice?.kind === 'cassette') return choice;
  throw new UsageError('--record needs --backend cassette:FILE, which says where to', RECORD_EXAMPLE);
}

const RECORD_EXAMPLE = 'Such as `--backend cassette:tests/cassettes/weather.json --record --secret WEATHER_KEY`.';

function cassetteIn(file: string, { record }: StandInOptions): NonNullable<HostOptions['cassette']> {
  return { file: resolve(file), mode: record === true ? 'record' : 'replay' };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Named one by one: a plugin that may name them itself would be given whatever the shell holds. */
function secretsIn(names: readonly string[], env: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      const value = env[name];
      if (value !== undefined && value !== '') return [name, value];
      throw new UsageError(`--secret names ${name}, and there is no such environment variable`, `Set ${name} first.`);
    }),
  );
}

type Replayed = { readonly hosts: readonly string[]; readonly secrets: Readonly<Record<string, string>> };

/** Where nothing goes out, a host of a private network may be named, and a secret is no secret. */
async function replayedIn(dir: string): Promise<Replayed> {
  const { network, secrets } = await readManifest(dir);
  const { allow } = Object(network) as { readonly allow?: unknown };
  const hosts = Array.isArray(allow) ? allow.filter((host) => typeof host === 'string' && isHostPort(host)) : [];
  return { hosts, secrets: Object.fromEntries(Object.keys(Object(secrets)).map((name) => [name, OF_NO_MATTER])) };
}

async function script(host: Host, answers: readonly JsonValue[]): Promise<void> {
  const { name } = await host.install(join(ownDist(), MOCK.plugin));
  await host.registrations.enable(name, { config: { answers } });
}

function ownDist(): string {
  return join(dirname(findPackageJSON(import.meta.url) ?? ''), 'dist');
}

/** Reads a script: each answer is a text, or an answer of llm_mock; one without a condition is for the request of its place. */
async function readScript(file: string): Promise<readonly JsonValue[]> {
  const answers = await readJson(file);
  if (!Array.isArray(answers)) throw new UsageError(`${file} is no JSON array of answers`, SCRIPT_EXAMPLE);
  return answers.map((answer: JsonValue, index) => answerOf(answer, { file, request: index + 1 }));
}

const SCRIPT_EXAMPLE = `Such as '["It is 5.", {"match": "weather", "text": "Rain."}]'; plugins/llm_mock says what an answer may have.`;

function answerOf(
  answer: JsonValue,
  { file, request }: { readonly file: string; readonly request: number },
): JsonObject {
  if (typeof answer === 'string') return { request, text: answer };
  if (!isJsonObject(answer))
    throw new UsageError(`answer ${request} of ${file} is neither a text nor an object`, SCRIPT_EXAMPLE);
  const isConditional = ['turn', 'request', 'match'].some((condition) => Object.hasOwn(answer, condition));
  return isConditional ? answer : { request, ...answer };
}

async function readJson(file: string): Promise<JsonValue> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file}, which --backend names, cannot be read`, SCRIPT_EXAMPLE);
  });
  try {
    return JSON.parse(text) as JsonValue; // JSON.parse gives nothing else.
  } catch {
    throw new UsageError(`${file} is not JSON`, SCRIPT_EXAMPLE);
  }
}
