import fc from 'fast-check';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendAudit, AUDIT_KEY, AUDIT_LOG, verifyAudit } from './audit-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function written(lines: number): Promise<readonly string[]> {
  for (let line = 1; line <= lines; line += 1)
    await appendAudit(folder, { at: '2026-03-04T05:06:07.000Z', event: 'tested', line });
  return (await readFile(join(folder, AUDIT_LOG), 'utf8')).trimEnd().split('\n');
}

function rewrite(lines: readonly string[]): Promise<void> {
  return writeFile(join(folder, AUDIT_LOG), lines.map((line) => `${line}\n`).join(''));
}

test('a log that nobody touched is whole, and its key is for its owner alone [X002-16]', async () => {
  await written(5);
  expect(await verifyAudit(folder)).toEqual({ ok: true, lines: 5 });
  expect((await stat(join(folder, AUDIT_KEY))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, AUDIT_LOG))).mode & 0o777).toBe(0o600);
});

test.each([
  [
    'a line that was changed',
    (lines: readonly string[]) => lines.with(2, (lines[2] ?? '').replace('"line":3', '"line":9')),
    3,
  ],
  ['a line that was left out', (lines: readonly string[]) => lines.toSpliced(1, 1), 2],
  ['the first line left out', (lines: readonly string[]) => lines.slice(1), 1],
  ['a line that was copied', (lines: readonly string[]) => lines.toSpliced(3, 0, lines[0] ?? ''), 4],
  ['lines that were exchanged', (lines: readonly string[]) => lines.with(1, lines[2] ?? '').with(2, lines[1] ?? ''), 2],
  ['a line of something else', (lines: readonly string[]) => lines.with(4, 'hello'), 5],
])('%s is found at its place [X002-16]', async (_name, change, line) => {
  await rewrite(change(await written(5)));
  expect(await verifyAudit(folder)).toMatchObject({ ok: false, line });
});

test('any character that is changed is found, at its line', async () => {
  const lines = await written(3);
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.nat(400), fc.constantFrom('x', '0', '"', ' '), async (line, at, character) => {
      const text = lines[line] ?? '';
      const place = at % text.length;
      const changed = text.slice(0, place) + character + text.slice(place + 1);
      await rewrite(lines.with(line, changed));
      const isSame = changed === text;
      expect(await verifyAudit(folder)).toMatchObject(isSame ? { ok: true } : { ok: false, line: line + 1 });
    }),
    { numRuns: 40 },
  );
});

test('a log that was written with another key is none of ours', async () => {
  const key = Buffer.alloc(32, 1);
  await appendAudit(folder, { at: '2026-03-04T05:06:07.000Z', event: 'tested' }, { key });
  expect(await verifyAudit(folder, { key })).toEqual({ ok: true, lines: 1 });
  expect(await verifyAudit(folder, { key: Buffer.alloc(32, 2) })).toMatchObject({ ok: false, line: 1 });
  await expect(verifyAudit(folder)).rejects.toMatchObject({ code: 'AUDIT_INVALID' });
});

test('a log that breaks off is not written on', async () => {
  const lines = await written(2);
  await writeFile(join(folder, AUDIT_LOG), `${lines[0] ?? ''}\n${(lines[1] ?? '').slice(0, 20)}`);
  await expect(written(1)).rejects.toMatchObject({ code: 'AUDIT_INVALID' });
  expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 2 });
});

test.each([
  [
    'a key that is too short',
    () => appendAudit(folder, { at: '', event: '' }, { key: Buffer.alloc(4) }),
    'the key has 4 bytes; expected at least 16',
  ],
  ['no log', () => verifyAudit(folder, { key: Buffer.alloc(32) }), 'cannot be read'],
  [
    'an entry that is too long',
    () => appendAudit(folder, { at: '', event: 'x'.repeat(70_000) }),
    'expected at most 65536',
  ],
])('%s is told in plain words', async (_name, act, message) => {
  await expect(act()).rejects.toThrow(message);
});
