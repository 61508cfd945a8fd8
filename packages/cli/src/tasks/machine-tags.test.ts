import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../cli-fixture.ts';
import { machineTags } from './machine-tags.ts';

test('a machine has what its commands bear out, what that implies, and what was typed [X000-7]', async () => {
  await using folder = await makeFolder();
  for (const name of ['rustc', 'docker', 'python3']) await writeFile(join(folder.path, name), '');
  for (const name of ['rustc', 'docker']) await chmod(join(folder.path, name), 0o755);
  expect(await machineTags(undefined, {})).toEqual(['cpu', 'internet', 'node']);
  expect(await machineTags(undefined, { PATH: folder.path })).toEqual(
    expect.arrayContaining(['cpu', 'internet', 'node', 'rust']),
  );
  expect(await machineTags(undefined, { PATH: folder.path })).not.toContain('python');
  expect(await machineTags(undefined, { PATH: folder.path, DOCKER_HOST: 'tcp://here' })).toContain('docker');
  expect(await machineTags('cuda12, ada', {})).toEqual(['ada', 'cpu', 'cuda12', 'gpu', 'internet', 'node']);
});

test('a machine has docker where somebody listens at its socket, and not where the socket was left behind [X000-7]', async () => {
  await using folder = await makeFolder();
  await writeFile(join(folder.path, 'docker'), '');
  await chmod(join(folder.path, 'docker'), 0o755);
  const socket = join(folder.path, 'docker.sock');
  const env = { PATH: folder.path, DOCKER_HOST: `unix://${socket}` };
  expect(await machineTags(undefined, env)).not.toContain('docker');
  const daemon = createServer().listen(socket);
  await once(daemon, 'listening');
  expect(await machineTags(undefined, env)).toContain('docker');
  expect(await machineTags(undefined, { ...env, PATH: '' })).not.toContain('docker');
  daemon.close();
  await once(daemon, 'close');
  await writeFile(socket, '');
  expect(await machineTags(undefined, env)).not.toContain('docker');
});

test('what is no tag is refused, and named', async () => {
  await expect(machineTags('cpu,No Tag', {})).rejects.toThrow('"No Tag", which is no capability tag');
});
