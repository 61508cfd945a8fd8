/**
 * What the command line loads before a verb runs is what everybody waits for, whatever they typed. Counted, never timed.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { makeFolder, REPOSITORY, run, type Ended, type Surroundings } from './cli-fixture.ts';

/** Says on standard error which modules were loaded, when the process ends. */
const COUNTER = `
import { registerHooks } from 'node:module';
const urls = [];
registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
process.on('exit', () => process.stderr.write('\\nLOADED ' + JSON.stringify(urls) + '\\n'));
`;

const QUICK = ['--version', '--help', 'init --help', 'list', 'call calculator add', 'audit list'];

/** Measured: 22 to 23 modules of 367 KB, half of them a few lines. With what reads manifests, or the host, it would be more than twice the bytes. */
const MODULES_MAX = 25;
const BYTES_MAX = 400_000;

test.each(QUICK)('built, %s loads few modules, and nothing that is read for a plugin alone', async (line) => {
  const urls = await loadedBy(line, { isBuilt: true });
  expect(urls.length).toBeGreaterThan(1);
  expect(urls.length).toBeLessThanOrEqual(MODULES_MAX);
  const bytes = urls.reduce((sum, url) => sum + statSync(new URL(url)).size, 0);
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
});

test.each(QUICK)('%s loads neither the host nor what else only verbs of this machine need', async (line) => {
  const packages = packagesOf(await loadedBy(line, { isBuilt: false }));
  expect(packages).toEqual(expect.arrayContaining(['bulkhead', '@bulkhead/protocol', 'commander']));
  for (const heavy of ['@bulkhead/host', '@bulkhead/store', '@bulkhead/server', 'fastify', 'ajv', 'esbuild']) {
    expect(packages).not.toContain(heavy);
  }
});

test('built, a worker that asks a server loads neither the store nor what breeds and judges programs', async () => {
  await using server = createServer((_request, response) => response.writeHead(403).end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // Of a server that listens on TCP.
  await using folder = await makeFolder();
  const packages = packagesOf(
    await loadedBy(`worker start --once --server http://127.0.0.1:${port} --data ${folder.path}`, { isBuilt: true }),
  );
  expect(packages).toEqual(expect.arrayContaining(['@bulkhead/evolve', '@bulkhead/host']));
  for (const heavy of [
    '@bulkhead/store',
    '@bulkhead/guard',
    'kysely',
    'pg',
    'fast-check',
    'oxc-parser',
    'typebox',
    'yaml',
  ])
    expect(packages).not.toContain(heavy);
});

async function loadedBy(line: string, how: Surroundings = {}): Promise<readonly string[]> {
  const counter = `data:text/javascript,${encodeURIComponent(COUNTER)}`;
  const env = { BULKHEAD_SERVER: 'http://127.0.0.1:1', BULKHEAD_TOKEN: 'nobody' };
  return urlsIn(await run(line.split(' '), { ...how, env, nodeArgs: ['--import', counter] }));
}

function urlsIn({ stderr }: Ended): readonly string[] {
  const [, list] = /^LOADED (.*)$/m.exec(stderr) ?? [];
  return (JSON.parse(list ?? '[]') as readonly string[]).filter((url) => url.startsWith('file:')); // Written above.
}

function packagesOf(urls: readonly string[]): readonly string[] {
  const ours = pathToFileURL(join(REPOSITORY, 'packages/')).href;
  const names = urls.map((url) => {
    if (!url.startsWith(ours)) return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url;
    const [folder] = url.slice(ours.length).split('/');
    return folder === 'cli' ? 'bulkhead' : `@bulkhead/${folder}`;
  });
  return [...new Set(names)].toSorted();
}
