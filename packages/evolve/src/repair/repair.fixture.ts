/**
 * For tests of repairs: a real host of their own, the plugins of `fixtures/broken`, plugins that a test writes, and proposers that keep
 * what they were asked.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import type { ProposalRequest, Proposer } from '../mutation/proposer.ts';
import { createScripted, parseScript } from '../mutation/stand-ins/scripted.ts';
import { parseRepairCalls, type RepairCall } from './repair-calls.ts';
import { repairPlugin, type RepairOutcome, type RepairRequest } from './repair.ts';

const BROKEN = join(import.meta.dirname, '../../../../fixtures/broken');

/** A proposer that keeps what it was asked. */
export type Heard = Proposer & { readonly asked: ProposalRequest[] };

/** A host with a folder for whatever a test writes; disposing ends both. */
export type Workbench = AsyncDisposable & {
  readonly host: Host;
  readonly root: string;
  /** Writes a plugin of these files, `plugin.json` of this name besides; returns its folder. */
  readonly write: (name: string, files: Readonly<Record<string, string>>, manifest?: object) => Promise<string>;
  readonly repair: (request: Asked, proposer: Proposer, signal?: AbortSignal) => Promise<RepairOutcome>;
};

/** What a test asks for. */
export type Asked = Pick<RepairRequest, 'folder' | 'calls'> & Partial<RepairRequest>;

/** Opens it. */
export async function openWorkbench(): Promise<Workbench> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-repair-'));
  const host = await createHost({ spareCount: 0, measured: 'lately', untrustedMinTier: 'process' });
  return {
    host,
    root,
    write: (name, files, manifest = {}) => writePlugin(join(root, 'plugins', name), { name, files, manifest }),
    repair: async (request, proposer, signal = new AbortController().signal) => {
      const workFolder = await mkdtemp(join(root, 'work-'));
      const parts = { host, proposer, clock: CLOCK, workFolder, signal };
      return repairPlugin({ seed: 7, evaluations: 5, cases: 40, ...request }, parts);
    },
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A plugin of `fixtures/broken`: its folder, its calls, and the scripted answers of a model. */
export async function brokenPlugin(
  name: string,
): Promise<{ readonly folder: string; readonly calls: readonly RepairCall[]; readonly proposer: Heard }> {
  const calls = parseRepairCalls(await readFile(join(BROKEN, `${name}.calls.jsonl`), 'utf8'), name);
  const script = parseScript(await readFile(join(BROKEN, `${name}.answers.json`), 'utf8'), name);
  return { folder: join(BROKEN, name), calls, proposer: heard(createScripted(script, name)) };
}

/** Keeps what a proposer is asked. */
export function heard(inner: Proposer): Heard {
  const asked: ProposalRequest[] = [];
  return {
    asked,
    propose: (request, signal) => {
      asked.push(request);
      return inner.propose(request, signal);
    },
  };
}

/** Answers these texts, in their order. */
export function answering(...texts: readonly string[]): Heard {
  return heard(createScripted(texts.map((text) => ({ text }))));
}

/** A diff that puts a line in place of another. */
export function replacing(path: string, before: string, after: string): string {
  const signed = (sign: string, text: string): string =>
    text
      .split('\n')
      .map((line) => `${sign}${line}\n`)
      .join('');
  return `\`\`\`diff\n--- a/${path}\n+++ b/${path}\n@@ @@\n${signed('-', before)}${signed('+', after)}\`\`\`\n`;
}

/** The source of a plugin with one tool `run` whose body is given; `params` is what it has. */
export function toolSource(
  body: string,
  properties: object = { n: { type: 'integer', minimum: 0, maximum: 99 } },
): string {
  return `export default { tools: [{ name: 'run', description: 'Runs.',
  parameters: { type: 'object', properties: ${JSON.stringify(properties)} },
  execute: async (params) => {
${body}
  } }] };
`;
}

const CLOCK = {
  now: () => performance.now(),
  wallTime: () => Date.UTC(2026, 10, 30),
  startTimer: (delayMs: number, didElapse: () => void) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};

type Written = { readonly name: string; readonly files: Readonly<Record<string, string>>; readonly manifest: object };

async function writePlugin(folder: string, { name, files, manifest }: Written): Promise<string> {
  await mkdir(folder, { recursive: true });
  const fields = { name, version: '1.0.0', description: 'A test.', author: 'Tests', main: 'main.js', ...manifest };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(fields, undefined, 2));
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  return folder;
}
