import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  answering,
  makeFolder,
  run,
  serve,
  verbsOf,
  writePlugin,
  type Ended,
  type Folder,
  type Served,
} from './cli-fixture.ts';

const PLATFORM = 'a-platform-token-that-is-long-enough-for-tests';

let folder: Folder;
let served: Served;
let ask: (line: string, token?: string) => Promise<Ended>;
beforeAll(async () => {
  folder = await makeFolder();
  const args = ['--data', join(folder.path, 'data'), '--accept-weak-sandbox'];
  served = await serve(args, { env: { BULKHEAD_TOKEN: PLATFORM } });
  ask = verbsOf(served.ready.url, PLATFORM);
}, 60_000);
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function writeLicensed(name: string, version: string): Promise<string> {
  const dir = await writePlugin(folder.path, { name, main: answering(version), manifest: { version, license: 'MIT' } });
  await writeFile(join(dir, 'LICENSE'), 'MIT License');
  return dir;
}

const here = (...args: string[]): Promise<Ended> => run(args, { cwd: folder.path });

test('[F004-21] a plugin is packed, signed, verified, installed and called', { timeout: 120_000 }, async () => {
  await writeLicensed('weather', '1.0.0');
  const packed = await here('pack', './weather');
  expect(packed).toMatchObject({
    code: 0,
    stdout: 'weather-1.0.0.tgz\n',
    stderr: expect.stringMatching(/5 files, \d+ bytes, sha256 /),
  });
  const again = await here('pack', './weather', '--out', 'again.tgz', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    ...{ name: 'weather', version: '1.0.0', file: join(folder.path, 'again.tgz'), dependencies: [], findings: [] },
    files: ['CHECKSUM.sha256', 'DEPENDENCIES.json', 'LICENSE', 'main.js', 'plugin.json'],
  });
  const bytes = await readFile(join(folder.path, 'weather-1.0.0.tgz'));
  expect(bytes.equals(await readFile(join(folder.path, 'again.tgz')))).toBe(true);
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.part'))).toEqual([]);

  const made = await here('sign', '--new-key', 'publisher.pem');
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ed25519:\S{44}\n$/) });
  expect((await stat(join(folder.path, 'publisher.pem'))).mode & 0o777).toBe(0o600);
  expect(await here('sign', '--new-key', 'publisher.pem')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is there already'),
  });
  expect(await here('verify', 'weather-1.0.0.tgz')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('SIGNATURE_MISSING'),
  });
  expect(await here('sign', 'weather-1.0.0.tgz', '--key', 'publisher.pem')).toMatchObject({
    code: 0,
    stdout: 'weather-1.0.0.tgz.sig.json\n',
  });
  expect(await here('verify', 'weather-1.0.0.tgz', '--key', 'publisher.pem.pub')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^PLUGIN +VERSION +SIGNED BY +AT +ENDS\nweather +1\.0\.0 +ed25519:/),
    stderr: expect.stringContaining('as this key signed it'),
  });

  expect(await ask(`install ${join(folder.path, 'weather-1.0.0.tgz')}`)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/weather +1\.0\.0 +INITIALIZED\n$/),
    stderr: expect.not.stringContaining('SIGNATURE_MISSING') as string,
  });
  await ask('offer weather 1.0.0 --to everybody');
  await ask('enable weather');
  expect(await ask('call weather answer')).toMatchObject({ code: 0, stdout: expect.stringContaining('1.0.0') });
  expect((await ask('releases weather')).stdout).toContain(made.stdout.trim());
});

test(
  'a folder is packed and sent where that is asked for, and a package of npm is fetched',
  { timeout: 60_000 },
  async () => {
    const dir = await writePlugin(folder.path, { name: 'sent', main: answering(1) });
    expect(await ask(`install ${dir} --upload`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/sent +1\.0\.0 +INITIALIZED\n$/),
      stderr: expect.stringMatching(/warning {2}LICENSE {2}LICENSE_MISSING {2}[^]*SIGNATURE_MISSING/),
    });
    await ask('offer sent 1.0.0 --to everybody');
    await ask('enable sent');
    expect(await ask('reload sent')).toMatchObject({ code: 11, stderr: expect.stringContaining('SOURCE_NOT_FOUND') });
    expect(await ask('install npm:../x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('NPM_FETCH_FAILED'),
    });
  },
);

test('[F004-21] [X003-8] what may not be published is refused with every reason', { timeout: 60_000 }, async () => {
  const dir = await writePlugin(folder.path, { name: 'careless', main: answering(1) });
  await writeFile(join(dir, '.env'), 'TOKEN=1');
  expect(await here('pack', dir)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /\(PACK_REFUSED\)\n {2}\.env {2}error {2}SECRET_FILE {2}.+\n {2}LICENSE {2}error {2}LICENSE_MISSING/,
    ),
  });
  const sent = await ask(`install ${dir} --upload`);
  expect(sent).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/\(PACK_REFUSED\)\n {2}\.env {2}error {2}SECRET_FILE {2}/),
  });
  expect(sent.stderr).not.toContain('LICENSE_MISSING');
});

test.each([
  [['sign'], 'name the archive and the key'],
  [['sign', 'x.tgz', '--key', 'nowhere.pem'], 'the key nowhere.pem cannot be read'],
  [['sign', 'x.tgz', '--key', 'bulkhead.json', '--expires', 'soon'], '--expires is "soon"'],
  [['verify', 'x.tgz', '--key', 'bulkhead.json'], 'bulkhead.json holds no public key'],
])('%j is wrong usage', async (args, said) => {
  await writeFile(join(folder.path, 'bulkhead.json'), '{}');
  expect(await here(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) });
});
