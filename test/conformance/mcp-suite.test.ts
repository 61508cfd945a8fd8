/**
 * The public MCP conformance suite, as it is released, against a server that was started by the command line, with the conformance
 * plugin in the strongest sandbox. The suite sends no token; a proxy adds it.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { makeFolder, serve } from '../../packages/cli/src/cli-fixture.ts';
import { openBearerProxy } from '../support/bearer-proxy.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SUITE = '@modelcontextprotocol/conformance';

type Check = { readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'INFO'; readonly errorMessage?: string };
type Scenario = { readonly name: string; readonly checks: readonly Check[] };
type CallLine = { readonly msg: string; readonly target: string; readonly outcome: string };

const run = promisify(execFile);
const suiteFile = createRequire(import.meta.url)
  .resolve(`${SUITE}/package.json`)
  .replace('package.json', 'dist/index.js');
const suite = async (...args: readonly string[]): Promise<string> =>
  (await run(process.execPath, [suiteFile, ...args], { maxBuffer: 16 * 1024 * 1024 })).stdout;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let offered: readonly string[];
let scenarios: readonly Scenario[];
let calls: readonly CallLine[];

beforeAll(async () => {
  folder = await makeFolder();
  const data = join(folder.path, 'data');
  const results = join(folder.path, 'results');
  await mkdir(results);
  offered = [...(await suite('list', '--server')).matchAll(/^ {2}- (\S+)/gm)].map(([, name = '']) => name);
  const served = await serve(['--plugins', join(ROOT, 'fixtures/conformance'), '--data', data]);
  const token = (await readFile(join(data, 'token'), 'utf8')).trim();
  const proxy = await openBearerProxy(served.ready.url, token);
  await suite('server', '--suite', 'all', '--url', `${proxy.url}/mcp/conformance`, '--output-dir', results);
  await proxy[Symbol.asyncDispose]();
  await served[Symbol.asyncDispose]();
  scenarios = await readResults(results);
  calls = callLines((await served.ended).stderr);
}, 120_000);
afterAll(() => folder[Symbol.asyncDispose]());

async function readResults(results: string): Promise<readonly Scenario[]> {
  const folders = await readdir(results);
  return Promise.all(
    offered.map(async (name) => {
      const found = folders.find((each) => each.startsWith(`server-${name}-2`)) ?? `server-${name}`;
      return { name, checks: JSON.parse(await readFile(join(results, found, 'checks.json'), 'utf8')) as Check[] };
    }),
  );
}

function callLines(log: string): readonly CallLine[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as CallLine).filter(({ msg }) => msg === 'call');
}

const count = ({ checks }: Scenario, status: Check['status']): number =>
  checks.filter((check) => check.status === status).length;

test('every server scenario of the released suite passes, without a warning', () => {
  expect(offered.length).toBeGreaterThan(30);
  const bad = scenarios.filter((scenario) => count(scenario, 'FAILURE') + count(scenario, 'WARNING') > 0);
  expect(bad).toEqual([]);
  expect(scenarios.filter((scenario) => count(scenario, 'SUCCESS') === 0)).toEqual([]);
});

test('what the scenarios called went well in the sandbox, but for the tool that is to fail', () => {
  expect(calls.length).toBeGreaterThan(20);
  expect(calls.filter(({ outcome }) => outcome !== 'ok')).toMatchObject([
    { target: 'test_error_handling', outcome: 'tool_error' },
  ]);
});

test('docs/mcp.md has the table of this run', async () => {
  const page = await readFile(join(ROOT, 'docs/mcp.md'), 'utf8');
  const { version } = JSON.parse(await readFile(suiteFile.replace('dist/index.js', 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const [, section = ''] = page.split('## Conformance');
  expect(section).toContain(`${SUITE}\` ${version}`);
  const rows = [...section.matchAll(/^\| `(\S+)` +\| +(\d+) \|$/gm)].map(([, name, passed]) => [name, Number(passed)]);
  expect(rows).toEqual(scenarios.map((scenario) => [scenario.name, count(scenario, 'SUCCESS')]));
});
