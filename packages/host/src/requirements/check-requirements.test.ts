import { parseManifest, type JsonObject, type Manifest } from '@bulkhead/protocol';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MANIFEST, makePluginFolder, type PluginFolder } from '../source/plugin-folder.fixture.ts';
import { GPU_FRAMEWORKS, checkRequirements, missingReason, type MissingRequirement } from './check-requirements.ts';
import { createSystemProbe } from './system-probe.ts';

function manifestWith(fields: JsonObject): Manifest {
  const parsed = parseManifest({ ...MANIFEST, ...fields });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return parsed.manifest;
}

type Env = Readonly<Record<string, string>>;
async function missingIn(
  plugin: PluginFolder,
  fields: JsonObject,
  env: Env = {},
): Promise<readonly MissingRequirement[]> {
  const probe = createSystemProbe({
    dir: plugin.dir,
    env: { PATH: join(plugin.parent, 'bin'), ...env },
    gpuTimeoutMs: 300,
  });
  return checkRequirements(manifestWith(fields), probe, { shownDir: 'plugins/sample', platformVersion: '1.4.0' });
}

async function addCommand(plugin: PluginFolder, name: string, script: string): Promise<string> {
  await mkdir(join(plugin.parent, 'bin'), { recursive: true });
  const path = join(plugin.parent, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test('a plugin that asks for nothing lacks nothing', async () => {
  await using plugin = await makePluginFolder({});
  expect(await missingIn(plugin, {})).toEqual([]);
});

test('[F001-29] [X001-6] a missing package is named with the command that installs it', async () => {
  await using plugin = await makePluginFolder({ 'node_modules/there/package.json': {} });
  const missing = await missingIn(plugin, { requirements: { modules: ['there', 'left-pad', '@scope/pad'] } });
  expect(missing.map(({ name, cure }) => [name, cure])).toEqual([
    ['left-pad', 'npm install --prefix plugins/sample left-pad'],
    ['@scope/pad', 'npm install --prefix plugins/sample @scope/pad'],
  ]);
  expect(missingReason(missing.slice(0, 1))).toBe(
    'Missing dependencies: ModuleNotFoundError: no package "left-pad" in the plugin\'s node_modules (requirements.modules asks for it). To cure: npm install --prefix plugins/sample left-pad',
  );
});

test('[F001-28] a missing command is named; one that is on the PATH and executable is not', async () => {
  await using plugin = await makePluginFolder({});
  await addCommand(plugin, 'ffmpeg', 'exit 0');
  await chmod(await addCommand(plugin, 'locked', 'exit 0'), 0o644);
  await mkdir(join(plugin.parent, 'bin', 'folder'));
  const missing = await missingIn(plugin, { requirements: { commands: ['ffmpeg', 'locked', 'folder', 'absent'] } });
  expect(missing.map(({ kind, name }) => [kind, name])).toEqual([
    ['command', 'locked'],
    ['command', 'folder'],
    ['command', 'absent'],
  ]);
  expect(missingReason(missing)).toMatch(/install absent and put it on the server's PATH$/);
});

test('[X001-6] a file must be there, be a file, be whole and have its first bytes', async () => {
  await using plugin = await makePluginFolder({
    'model.bin': 'weights of a model, more than sixteen bytes',
    'tiny.bin': 'x',
    'empty.bin': '',
    'folder/a': 'x',
    'pointer.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
  });
  const files = [
    'model.bin',
    'tiny.bin',
    join(plugin.dir, 'model.bin'),
    'absent.bin',
    'empty.bin',
    'folder',
    'pointer.bin',
  ];
  const missing = await missingIn(plugin, { requirements: { files } });
  expect(missing.map(({ name, cause, cure }) => [name, /" (.+) \(/.exec(cause)?.[1], cure])).toEqual([
    ['absent.bin', 'does not exist', 'put the whole file at plugins/sample/absent.bin'],
    ['empty.bin', 'is empty', 'put the whole file at plugins/sample/empty.bin'],
    ['folder', 'is not a file', 'put the whole file at plugins/sample/folder'],
    ['pointer.bin', 'is a Git LFS pointer, not the file itself', 'git -C plugins/sample lfs pull'],
  ]);
});

test('a variable that is not set, or empty, is named with what to do', async () => {
  await using plugin = await makePluginFolder({});
  const missing = await missingIn(
    plugin,
    { requirements: { env: ['SET', 'EMPTY', 'UNSET'] } },
    { SET: '1', EMPTY: '' },
  );
  expect(missing.map(({ name }) => name)).toEqual(['EMPTY', 'UNSET']);
  expect(missingReason(missing)).toMatch(/set UNSET in the server's environment and start the server again$/);
});

test('[X001-6] a GPU needs its framework and an nvidia-smi that answers', async () => {
  const framework = GPU_FRAMEWORKS[0] ?? '';
  await using bare = await makePluginFolder({});
  expect((await missingIn(bare, { requirements: { gpu: true } })).map(({ name }) => name)).toEqual([
    'gpu framework',
    'nvidia-smi',
  ]);
  await using plugin = await makePluginFolder({ [`node_modules/${framework}/package.json`]: {} });
  expect((await missingIn(plugin, { requirements: { gpu: true } })).map(({ name }) => name)).toEqual(['nvidia-smi']);
  await addCommand(plugin, 'nvidia-smi', 'echo "GPU 0: test"');
  expect(await missingIn(plugin, { requirements: { gpu: true } })).toEqual([]);
});

test('[X001-6] a framework that the manifest names itself counts as one', async () => {
  await using plugin = await makePluginFolder({ 'node_modules/own-gpu/package.json': {} });
  await addCommand(plugin, 'nvidia-smi', 'exit 0');
  expect(await missingIn(plugin, { requirements: { gpu: true, modules: ['own-gpu'] } })).toEqual([]);
});

test.each([
  ['exits with 9', 'exit 9', 'answered with exit code 9'],
  ['hangs, and a child of it too', 'sleep 60 & sleep 60', 'did not answer within 300 ms'],
])('[X001-6] an nvidia-smi that %s is no GPU, and nothing of it is left', async (_, script, said) => {
  await using plugin = await makePluginFolder({ [`node_modules/${GPU_FRAMEWORKS[0] ?? ''}/package.json`]: {} });
  await addCommand(plugin, 'nvidia-smi', `PATH=/usr/bin:/bin; ${script}`);
  const [missing] = await missingIn(plugin, { requirements: { gpu: true } });
  expect(missing).toMatchObject({ kind: 'gpu', name: 'nvidia-smi' });
  expect(missing?.cause).toContain(said);
  expect(missingReason(missing === undefined ? [] : [missing])).toMatch(/nvidia-smi answers$/);
});

test.each([
  ['>=1.0.0 <2', []],
  ['^1.4.0', []],
  ['>=2.0.0', ["npm install 'bulkhead@>=2.0.0'"]],
  ['not a range', ['write compatible_versions as a semver range such as ">=1.0.0 <2"']],
])('[F003-17] compatible_versions %j is compared with the platform’s version', async (range, cures) => {
  await using plugin = await makePluginFolder({});
  expect((await missingIn(plugin, { compatible_versions: range })).map(({ cure }) => cure)).toEqual(cures);
});

test('[F001-25] [F001-26] a reason names class, message and cause of each, and ends with the cures', async () => {
  await using plugin = await makePluginFolder({});
  const missing = await missingIn(plugin, { requirements: { modules: ['torch'], commands: ['ffmpeg'] } });
  const reason = missingReason(missing);
  expect(reason).toMatch(
    /^Missing dependencies: ModuleNotFoundError: .+ \(.+\); CommandNotFoundError: .+ \(.+\)\. To cure: /,
  );
  expect(reason).toMatch(
    /npm install --prefix plugins\/sample torch; then install ffmpeg and put it on the server's PATH$/,
  );
});
