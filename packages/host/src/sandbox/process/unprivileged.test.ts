/**
 * The sandbox as it is for a host that is not root, and for a checkout that nobody else can enter. Both need root to be
 * arranged; a run of the suite without root is itself the first of them.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLaunchFixture } from './launch-fixture.ts';
import { missingForTier } from './receipt.ts';

const NOBODY = '65534';
const run = promisify(execFile);
const sourceOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bulkhead-test-unprivileged-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

// APPROVED: only root can start a host as somebody else; as anybody else the other tests are of that kind already.
describe.runIf(process.getuid?.() === 0)('arranged by root', () => {
  test('a host without root reaches confined and jail by itself', async () => {
    await chmod(directory, 0o755);
    const host = join(directory, 'sandbox', 'process', 'host.mjs');
    await build({
      entryPoints: [sourceOf('./fixture-host.ts')],
      outfile: host,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['source'],
    });
    // A package of its own, beside whose description its files are looked for.
    await writeFile(join(directory, 'package.json'), '{}');
    await mkdir(join(directory, 'dist'));
    await copyFile(sourceOf('./launch.pl'), join(directory, 'dist', 'launch.pl'));
    await copyFile(sourceOf('../stdio/online.pl'), join(directory, 'dist', 'online.pl'));
    await mkdir(join(directory, 'self-test'));
    await copyFile(sourceOf('../../self-test/probe.ts'), join(directory, 'self-test', 'probe.ts'));
    const node = await nodeIn(directory);
    const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'];
    const { stdout } = await run(
      'setpriv',
      [...asNobody, node, '--no-warnings', host, 'probe', 'process', 'confined', 'jail'],
      {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin' },
      },
    );
    expect(JSON.parse(stdout)).toEqual({ process: [], confined: [], jail: [] });
  });

  test('guests of other users start from a checkout below a folder of mode 0700', async () => {
    const fixture = await openLaunchFixture(await nodeIn(directory));
    const missing: (readonly string[])[] = [];
    for (const tier of ['uid', 'confined', 'jail'] as const) {
      missing.push(missingForTier(tier, await fixture.probe(tier)));
    }
    await fixture.close();
    expect(missing).toEqual([[], [], []]);
    expect(fixture.staged.node).toBe(join(fixture.runDirectory.path, 'node'));
  });
});

/** Costs no space where the folder is on the same file system. */
async function nodeIn(folder: string): Promise<string> {
  const path = join(folder, 'node');
  await link(process.execPath, path).catch(() => copyFile(process.execPath, path));
  return path;
}
