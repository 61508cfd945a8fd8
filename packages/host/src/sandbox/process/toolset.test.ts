import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findToolset } from './toolset.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bulkhead-test-tools-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a tool that is nowhere is absent, with what installs it', async () => {
  const { bwrap, perl, bwrapOptions } = await findToolset([directory]);
  expect(bwrap).toEqual({ found: false, cure: 'apt-get install bubblewrap' });
  expect(perl).toEqual({ found: false, cure: 'apt-get install perl-base' });
  expect(bwrapOptions.size).toBe(0);
});

test('the first folder that has the program as an executable file wins', async () => {
  await writeFile(join(directory, 'bwrap'), 'not executable');
  expect((await findToolset([directory])).bwrap.found).toBe(false);
  await writeFile(join(directory, 'bwrap'), '#!/bin/sh\necho "    --disable-userns   text --json-status-fd FD"\n');
  await chmod(join(directory, 'bwrap'), 0o755);
  const { bwrap, bwrapOptions } = await findToolset([join(directory, 'none'), directory]);
  expect(bwrap).toEqual({ found: true, path: join(directory, 'bwrap') });
  expect([...bwrapOptions]).toEqual(['--disable-userns', '--json-status-fd']);
});

test('a program that fails when asked knows no option', async () => {
  await writeFile(join(directory, 'bwrap'), '#!/bin/sh\nexit 1\n');
  await chmod(join(directory, 'bwrap'), 0o755);
  expect((await findToolset([directory])).bwrapOptions.size).toBe(0);
});
