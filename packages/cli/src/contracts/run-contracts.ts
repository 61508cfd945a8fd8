/**
 * Runs the contract tests of a plugin folder, in the real sandbox of a host of their own that ends with them. What fails says
 * in which file and line to look, and what to do.
 */
import { createHost, HostError, type Host, type InstalledRelease } from '@bulkhead/host';
import {
  capabilitiesOf,
  contractTests,
  parseObjectGroup,
  type ContractOutcome,
  type ContractTest,
  type Finding,
} from '@bulkhead/protocol';
import { checkBadInput, checkCleanup, checkMetadata, checkSurvival, type Judged } from './every-plugin.ts';
import { KIND_CHECKS } from './kinds.ts';
import {
  escaped,
  placeInStack,
  placeOfEntry,
  placeOfHang,
  placeOfReason,
  placeOfText,
  readManifest,
  type Place,
} from '../place.ts';
import type { StandIn } from '../stand-in.ts';

/** How the tests of a folder went; `findings` are those of its review. */
export type ContractReport = {
  readonly ok: boolean;
  readonly plugin: string | null;
  readonly findings: readonly Finding[];
  readonly contracts: readonly ContractOutcome[];
};

/** What is wrong, where, and what to do. */
type Problem = Place & { readonly message: string; readonly hint: string };

/** Longest that one call of a contract test may take; a plugin's own limit is kept where it is lower. */
const CALL_TIMEOUT_MS = 5_000;

/** Runs them all; where the plugin does not load, the others have not been tried and say so. */
export async function runContracts(dir: string, standIn: StandIn): Promise<ContractReport> {
  const tests = contractTests(await readManifest(dir));
  const stacks: unknown[] = [];
  const keep = (fields: object): void => void stacks.push('stack' in fields ? fields.stack : undefined);
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn: keep, error: keep };
  await using host = await createHost({ spareCount: 0, log, measured: 'lately', ...standIn.hostOptions });
  const loaded = await load(host, dir, stacks);
  if (loaded.problem !== undefined) {
    const { problem, release, findings } = loaded;
    const contracts = tests.map((test) => (test.id === 'loads' ? failed(test, problem) : untried(test, problem)));
    return { ok: false, plugin: release?.name ?? null, findings, contracts };
  }
  const { name, findings } = loaded.release;
  await standIn.prepare(host, [name]);
  const judged: Judged = { host, dir, plugin: name, timeoutMs: CALL_TIMEOUT_MS };
  const contracts: ContractOutcome[] = [];
  for (const test of tests) {
    stacks.length = 0;
    const problem = await problemOf(test, judged, stacks);
    contracts.push(problem === undefined ? { ...test, ok: true } : failed(test, problem));
  }
  return { ok: contracts.every((test) => test.ok), plugin: name, findings, contracts };
}

function failed(test: ContractTest, { message, hint, path, line }: Problem): ContractOutcome {
  return { ...test, ok: false, message, hint, path, line };
}

/** Said of every other test of a plugin that does not load; where and why is what `loads` says. */
export const NOT_TRIED = 'not tried, since it does not load';

function untried(test: ContractTest, problem: Problem): ContractOutcome {
  return failed(test, { ...problem, message: NOT_TRIED });
}

type Loaded = { readonly findings: readonly Finding[] } & (
  | { readonly release: InstalledRelease; readonly problem: undefined }
  | { readonly release: InstalledRelease | undefined; readonly problem: Problem }
);

/** Installs it with all that it asks for, as `call` on a folder does not: a test of what it does needs what it needs. */
async function load(host: Host, dir: string, stacks: readonly unknown[]): Promise<Loaded> {
  try {
    const { required_permissions, optional_permissions } = await readManifest(dir);
    const words = [...textsOf(required_permissions), ...textsOf(optional_permissions)];
    const release = await host.install(dir, { grant: capabilitiesOf(words) });
    const { findings, state, reason = '' } = release;
    if (state === 'INITIALIZED') return { release, findings, problem: undefined };
    const place = placeInStack(stacks.find((stack) => stack !== undefined)) ?? (await placeOfReason(dir, reason));
    const hint = state === 'UNAVAILABLE' ? cureOf(reason) : 'Correct it there, and test again.';
    return { release, findings, problem: { ...place, message: reason, hint } };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const { findings, message, hint } = error;
    const first = findings.find(({ severity }) => severity === 'error');
    const problem = first ?? { path: 'plugin.json', line: null, message, hint };
    return { release: undefined, findings, problem };
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

/** A reason ends with its cure. */
function cureOf(reason: string): string {
  return reason.split('To cure: ')[1] ?? 'Do what the reason ends with, and test again.';
}

async function problemOf(test: ContractTest, judged: Judged, stacks: readonly unknown[]): Promise<Problem | undefined> {
  const message = await messageOf(test.id, judged);
  if (message === undefined) return undefined;
  const thrown = placeInStack(stacks.find((stack) => stack !== undefined));
  return { message, hint: hintOf(test.id), ...(thrown ?? (await placeOfTest(test.id, judged.dir, message))) };
}

function messageOf(id: string, judged: Judged): Promise<string | undefined> {
  switch (id) {
    case 'loads':
      return Promise.resolve(undefined); // It has.
    case 'metadata':
      return checkMetadata(judged);
    case 'bad_input':
      return checkBadInput(judged);
    case 'survives':
      return checkSurvival(judged);
    case 'cleanup':
      return checkCleanup(judged);
    default:
      return checkEntry(id, judged);
  }
}

async function checkEntry(id: string, { host, plugin, timeoutMs }: Judged): Promise<string | undefined> {
  const entry = host.entries().find((listed) => listed.plugin === plugin && `${listed.group}/${listed.name}` === id);
  const group = parseObjectGroup(entry?.group);
  if (entry === undefined || group === undefined) return `the plugin does not offer "${id}", which plugin.json names`;
  const { name, about } = entry;
  return KIND_CHECKS[group]({
    about,
    ask: (method, args) => host.callEntry({ plugin, group, name, method, args, timeoutMs }),
  });
}

async function placeOfTest(id: string, dir: string, message: string): Promise<Place> {
  const [group = '', name] = id.split('/');
  if (name !== undefined) return placeOfEntry(dir, group, name);
  const tool = /the tool "([^"]+)"/.exec(message)?.[1];
  const found =
    tool === undefined
      ? undefined
      : await placeOfText(dir, new RegExp(`["'\`]${escaped(tool)}["'\`]|\\b${escaped(tool)}\\b`));
  return found ?? (id === 'metadata' ? { path: 'plugin.json', line: 1 } : { ...(await placeOfHang(dir)), line: 1 });
}

const HINTS: Readonly<Record<string, string>> = {
  metadata: 'Take it from plugin.json, as in `new PluginMetadata(manifest)`, so that the two cannot differ.',
  bad_input: 'Check the input first, and throw what is wrong with it; bound every loop and length by the schema.',
  survives: 'Let nothing end the process: handle every rejection, and bound what grows.',
  cleanup: 'Let onUnload (cleanup) release what onLoad acquired within 2 s, and throw nothing.',
};

function hintOf(id: string): string {
  return HINTS[id] ?? 'Answer as docs/PLUGIN_SDK.md says for this kind.';
}
