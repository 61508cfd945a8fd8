import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKeyFile } from './key-file.ts';
import { makeKeyText } from './seal.ts';

let dir: string;
const path = (): string => join(dir, 'secrets.key');
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-keys-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('keys that are written are read again, from a file of its owner alone', async () => {
  const keys = [makeKeyText(), makeKeyText()];
  await openKeyFile(dir).write(keys);
  expect(await openKeyFile(dir).read()).toEqual(keys);
  expect((await stat(path())).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['secrets.key']);
});

test('a file that is not there holds no keys, and no keys leave no file', async () => {
  const file = openKeyFile(dir);
  expect(await file.read()).toEqual([]);
  await file.write([makeKeyText()]);
  await file.write([]);
  expect(await readdir(dir)).toEqual([]);
});

test.each([0o640, 0o604, 0o644, 0o666, 0o610])(
  'a file with mode %o is refused, with the mode and what to do',
  async (mode) => {
    await openKeyFile(dir).write([makeKeyText()]);
    await chmod(path(), mode);
    await expect(openKeyFile(dir).read()).rejects.toMatchObject({
      code: 'SECRETS_KEY_UNUSABLE',
      message: expect.stringContaining(`has mode ${mode.toString(8)}`),
      hint: expect.stringContaining(`chmod 600 ${path()}`),
    });
  },
);

test('a line that is no key is named by its number, and not shown', async () => {
  await writeFile(path(), `${makeKeyText()}\nnearly-a-key\n`, { mode: 0o600 });
  const refusal = openKeyFile(dir).read();
  await expect(refusal).rejects.toMatchObject({
    code: 'SECRETS_KEY_UNUSABLE',
    message: expect.stringContaining('line 2'),
  });
  await expect(refusal).rejects.not.toThrow('nearly-a-key');
});

test('what a host left that was killed while it wrote is neither read nor kept, whatever its rights', async () => {
  const [first, second] = [makeKeyText(), makeKeyText()];
  await openKeyFile(dir).write([first]);
  await writeFile(`${path()}.next`, 'half a k', { mode: 0o644 });
  expect(await openKeyFile(dir).read()).toEqual([first]);
  await openKeyFile(dir).write([second]);
  expect((await stat(path())).mode & 0o777).toBe(0o600);
  expect(await readFile(path(), 'utf8')).toBe(`${second}\n`);
  expect(await readdir(dir)).toEqual(['secrets.key']);
});

test('a folder that is gone is said without its path', async () => {
  const file = openKeyFile(join(dir, 'gone'));
  const refusal = file.write([makeKeyText()]);
  await expect(refusal).rejects.toMatchObject({
    code: 'SECRETS_KEY_UNUSABLE',
    message: expect.stringContaining('ENOENT'),
  });
  await expect(refusal).rejects.not.toThrow(dir);
});
