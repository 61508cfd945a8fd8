import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  REPOSITORY,
  answering,
  makeFolder,
  run,
  runHere,
  serve,
  verbsOf,
  writePlugin,
  type Ended,
  type Folder,
  type Served,
} from './cli-fixture.ts';

const PLATFORM = 'a-platform-token-that-is-long-enough-for-tests';

let folder: Folder;
let web: Server;
let url: string;
let served: Served;
let ask: (line: string, token?: string) => Promise<Ended>;
const at = (name: string): string => join(folder.path, name);
const here = (...args: string[]): Promise<Ended> => run(args, { cwd: folder.path });
/** Runs a verb of `index` in this process; what begins with ./ lies in the folder. */
const index = (...args: string[]): Promise<Ended> =>
  runHere(['index', ...args.map((arg) => (arg.startsWith('./') ? at(arg) : arg))]);

beforeAll(async () => {
  folder = await makeFolder();
  web = createServer((request, response) => {
    readFile(join(folder.path, 'index', decodeURIComponent(request.url ?? ''))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`; // Of a server on a port.
  await here('sign', '--new-key', 'index.pem');
  await here('sign', '--new-key', 'publisher.pem');
  const key = (await readFile(at('index.pem.pub'), 'utf8')).trim();
  await writeFile(at('bulkhead.toml'), `[[install.index]]\nplace = "${url}"\nkey = "${key}"\n`);
  const args = ['--data', at('data'), '--accept-weak-sandbox', '--config', at('bulkhead.toml')];
  served = await serve(args, { env: { BULKHEAD_TOKEN: PLATFORM } });
  ask = verbsOf(served.ready.url, PLATFORM);
}, 60_000);
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await folder[Symbol.asyncDispose]();
});

/** Packs a plugin, and signs it where it is asked for; answers the archive's name. */
async function pack(name: string, version: string, isSigned = true): Promise<string> {
  const manifest = { version, license: 'MIT', capabilities: ['weather'] };
  const dir = await writePlugin(at('sources'), { name, main: answering(version), manifest });
  await writeFile(join(dir, 'LICENSE'), 'MIT License');
  const file = `${name}-${version}.tgz`;
  await here('pack', dir, '--out', at(file));
  if (isSigned) await here('sign', at(file), '--key', 'publisher.pem');
  return file;
}

test(
  '[F000-48] [X000-34] an index is kept, searched, verified and installed from, and what is blocked is refused',
  { timeout: 180_000 },
  async () => {
    const first = await pack('weather', '1.0.0');
    const second = await pack('weather', '1.1.0');
    const added = await index('add', './index', `./${first}`, '--key', './index.pem', '--json');
    expect(JSON.parse(added.stdout)).toMatchObject({
      ...{ is_changed: true, name: 'plugins', serial: 1, plugins: 1, versions: 1, blocked: [] },
      file: at('index/index.json'),
    });
    expect(await index('add', './index', `./${second}`, '--key', './index.pem')).toMatchObject({
      code: 0,
      stdout: `${at('index/index.json')}\n`,
      stderr: expect.stringContaining('now has serial 2: 1 plugin, 2 versions'),
    });
    expect(await here('index', 'build', 'index', '--key', 'index.pem')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is as it was, with serial 2'),
    });

    expect(await index('search', url, 'weather', '--key', './index.pem.pub')).toMatchObject({
      code: 0,
      stdout:
        'PLUGIN   VERSION  LICENCE  CAPABILITIES  WHAT IT DOES\nweather  1.1.0    MIT      weather       weather.\n',
      stderr: expect.not.stringContaining('vouches') as string,
    });
    const found = await index('search', './index', '--capability', 'weather', '--json');
    expect(JSON.parse(found.stdout)).toMatchObject({
      ...{ vouched: false, name: 'plugins', serial: 2 },
      found: [{ name: 'weather', license: { id: 'MIT', is_allowed: true }, versions: ['1.1.0', '1.0.0'] }],
    });
    expect(found.stderr).toContain('nobody vouches');
    expect(await index('verify', url, '--key', './index.pem.pub')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/plugins {2}2 +ed25519:\S+ {2}never {2}2 of 2\n$/),
    });

    const key = at('index.pem.pub');
    expect(await ask(`install weather@1.0.0 --index ${url} --key ${key}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/weather +1\.0\.0 +INITIALIZED\n$/),
    });
    expect(await ask('install index:weather')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/weather +1\.1\.0 +INITIALIZED\n$/),
    });
    const releases = JSON.parse((await ask('releases weather --json')).stdout) as { readonly releases: unknown };
    const from = { name: 'plugins', place: url, serial: 2 };
    expect(releases.releases).toMatchObject([
      { version: '1.1.0', form: 'archive', index: from },
      { version: '1.0.0', form: 'archive', index: from },
    ]);
    await ask('offer weather 1.1.0 --to everybody');
    await ask('enable weather');
    expect(await ask('call weather answer')).toMatchObject({ code: 0, stdout: expect.stringContaining('1.1.0') });

    const reason = 'it sends what it hears to somebody';
    const block = await index('block', './index', 'weather@1.1.0', '--reason', reason, '--key', './index.pem');
    expect(block).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`blocked by operator: weather 1.1.0: ${reason}`),
    });
    expect(await ask('install index:weather@1.1.0')).toMatchObject({
      code: 14,
      stderr: expect.stringMatching(new RegExp(`${reason}.*INDEX_BLOCKED`)),
    });
    expect(await ask(`install weather@1.1.0 --index ${at('index')} --key ${key}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('INDEX_BLOCKED'),
    });
    expect(await index('unblock', './index', 'weather@1.1.0', '--key', './index.pem')).toMatchObject({ code: 0 });
    expect(await index('unblock', './index', 'weather@1.1.0', '--key', './index.pem')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('RELEASE_NOT_FOUND'),
    });

    await writeFile(at('index/weather-1.0.0.tgz'), 'another');
    const verified = await index('verify', './index', '--json');
    expect(verified).toMatchObject({ code: 1, stderr: expect.stringContaining('ARCHIVE_CHECKSUM') });
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: false,
      serial: 4,
      findings: [{ path: 'weather-1.0.0.tgz' }],
    });
    expect(await ask('install index:weather@1.0.0')).toMatchObject({
      code: 11,
      stderr: expect.stringContaining('ARCHIVE_CHECKSUM'),
    });
    expect(await ask('install index:nothing')).toMatchObject({ stderr: expect.stringContaining('RELEASE_NOT_FOUND') });
    expect(await index('verify', url, '--serial', '5')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has serial 4; 5 was seen before'),
    });
  },
);

test.each([
  [['build', './nowhere', '--key', './index.pem'], 1, 'INDEX_UNREACHABLE'],
  [['build', './index', '--key', './nowhere.pem'], 2, 'nowhere.pem cannot be read'],
  [['build', './index', '--key', './index.pem.pub'], 1, 'SIGNATURE_INVALID'],
  [['build', './index'], 2, '--key'],
  [['build', './index', '--key', './index.pem', '--at', 'soon'], 2, '--at is "soon"'],
  [['build', './index', '--key', './index.pem', '--serial', '0'], 2, 'whole number from 1'],
  [['build', './index', '--key', './index.pem', '--name', '../x'], 2, '--name is "../x"'],
  [['block', './index', '../x', '--reason', 'x', '--key', './index.pem'], 2, '"../x" names no plugin'],
  [['block', './index', 'weather', '--reason', ' ', '--key', './index.pem'], 2, '--reason'],
  [['search', 'http://example.com/', 'x'], 1, 'over https'],
  [['search', './nowhere', 'x', '--key', './bulkhead.toml'], 2, 'holds no public key'],
  [['add', './fresh', './bulkhead.toml', '--key', './index.pem'], 1, 'ARCHIVE_INVALID'],
])('index %j is refused with what to do', async (args, code, said) => {
  expect(await index(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(said) });
});

test.each([
  ['install weather --index nowhere', 'needs the key'],
  ['install ../weather --index nowhere --key x', 'is no plugin of an index'],
  ['install index:../weather', 'is no plugin of an index'],
  ['install weather --key x', '--key is the key of an index'],
])('%s is wrong usage', async (line, said) => {
  expect(await ask(line)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) });
});

test(
  'the guide to keeping an index says what can be typed, in the order in which it is',
  { timeout: 120_000 },
  async () => {
    await pack('weather', '0.1.0');
    await using guided = await makeFolder();
    await copyFile(at('weather-0.1.0.tgz'), join(guided.path, 'weather-0.1.0.tgz'));
    const guide = await readFile(join(REPOSITORY, 'docs/distribution.md'), 'utf8');
    const chapter = guide.slice(guide.indexOf('## For whoever keeps an index'));
    const lines = /```sh\n([^`]+)```/.exec(chapter)?.[1]?.trim().split('\n') ?? [];
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      const ended = await run(words.slice(1), { cwd: guided.path });
      expect({ line, code: ended.code, said: ended.code === 0 ? '' : ended.stderr }).toEqual({
        line,
        code: 0,
        said: '',
      });
    }
  },
);
