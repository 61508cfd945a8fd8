import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../cli-fixture.ts';
import { machineTags } from './machine-tags.ts';

test('a machine has what its commands bear out, what that implies, and what was typed [X000-7]', async () => {
  await using folder = await makeFolder();
  for (const name of ['rustc', 'docker', 'python3']) await writeFile(join(folder.path, name), '');
  for (const name of ['rustc', 'docker']) await chmod(join(folder.path, name), 0o755);
  expect(machineTags(undefined, {})).toEqual(['cpu', 'internet', 'node']);
  expect(machineTags(undefined, { PATH: folder.path })).toEqual(
    expect.arrayContaining(['cpu', 'internet', 'node', 'rust']),
  );
  expect(machineTags(undefined, { PATH: folder.path })).not.toContain('python');
  expect(machineTags(undefined, { PATH: folder.path, DOCKER_HOST: 'tcp://here' })).toContain('docker');
  expect(machineTags('cuda12, ada', {})).toEqual(['ada', 'cpu', 'cuda12', 'gpu', 'internet', 'node']);
});

test('what is no tag is refused, and named', () => {
  expect(() => machineTags('cpu,No Tag', {})).toThrow('"No Tag", which is no capability tag');
});
