/** Outputs that cannot be written: what is told, and that nothing counts as done. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EVOLVE_FILES } from './evolve/init.ts';
import { makeFolder, REPOSITORY, run } from './cli-fixture.ts';

const BIN = join(REPOSITORY, 'packages/cli/bin/bulkhead.js');

/** Starts the command line with standard output, standard error or both on a disk that is always full. */
async function runOnFull(args: readonly string[], isFull: { readonly stdout: boolean; readonly stderr: boolean }) {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['--conditions=source', BIN, ...args], {
    stdio: ['ignore', isFull.stdout ? full : 'pipe', isFull.stderr ? full : 'pipe'],
  });
  closeSync(full);
  const told = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (told.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (told.stderr += text));
  const [code] = await once(child, 'close');
  return { ...told, code };
}

test('a result that standard output does not take is told in one line, and is no success', async () => {
  const { code, stderr } = await runOnFull(['doctor', '--json'], { stdout: true, stderr: false });
  expect(code).toBe(1);
  expect(stderr).toContain('bulkhead: standard output cannot be written (ENOSPC)');
  expect(stderr).not.toContain('    at ');
});

test('talk that cannot be written is lost, and the result is not', async () => {
  const { code, stdout } = await runOnFull(['doctor', '--json'], { stdout: false, stderr: true });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('layers');
});

test.each([
  ['init', (place: string) => ['evolve', 'init', place]],
  ['run', (place: string, config: string) => ['evolve', 'run', '--config', config, '--out', place]],
])('where evolve %s cannot make its folder, the folder is named and no stack is shown', async (_verb, argsOf) => {
  await using folder = await makeFolder();
  await writeFile(join(folder.path, 'file'), 'mine');
  const config = join(folder.path, 'run');
  await mkdir(config);
  for (const [name, text] of Object.entries(EVOLVE_FILES)) await writeFile(join(config, name), text);
  // A file is there; a folder below a file; and a folder that takes none, at which Node's own `recursive` never ends.
  for (const place of [join(folder.path, 'file'), join(folder.path, 'file', 'below'), '/proc/bulkhead/below']) {
    const { code, stderr } = await run(argsOf(place, join(config, 'evolve.toml')));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(`${place} cannot be made a folder (E`),
    });
    expect(stderr).not.toContain('    at ');
  }
});
