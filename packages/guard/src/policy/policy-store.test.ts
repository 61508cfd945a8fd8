import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createKeyPair } from '@bulkhead/host';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPolicy, DEFAULT_POLICY, superiority } from '../decision/policy.ts';
import { openPolicyStore, type PolicyStore } from './policy-store.ts';
import { policySha256, signPolicy } from './sign-policy.ts';

const KEYS = createKeyPair();
const SIGNED = signPolicy(DEFAULT_POLICY, { signed_at: '2026-01-01T00:00:00.000Z', expires_at: null }, KEYS.privateKey);
const STRICT = createPolicy({ kind: 'classic', name: 'strict', minDelta: 0.05 });

let dir = '';
let store: PolicyStore;
let nowMs = 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'policy-store-'));
  nowMs = Date.parse('2026-02-03T04:05:06Z');
  store = openPolicyStore(dir, { now: () => nowMs });
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const historyPath = (): string => join(dir, 'history.ndjson');
const policyPath = (digest: string): string => join(dir, 'policies', `${digest}.json`);
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

/** Changes one line of the history behind the store's back. */
async function edit(line: number, change: (text: string) => string): Promise<void> {
  const lines = (await readFile(historyPath(), 'utf8')).split('\n');
  await writeFile(historyPath(), lines.map((text, index) => (index === line - 1 ? change(text) : text)).join('\n'));
}

describe('a store', () => {
  test('of nothing has no current policy, no line, and is whole', async () => {
    expect(await store.current()).toBeUndefined();
    expect(await store.list()).toEqual([]);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 0, head: '0'.repeat(64) });
    const nowhere = openPolicyStore(join(dir, 'nowhere'), { now: () => 0 });
    expect(await nowhere.verify()).toMatchObject({ isWhole: true, lines: 0 });
    expect(await readdir(dir)).not.toContain('nowhere');
  });

  test('[X002-9] keeps each snapshot by its digest, with its time and signature, and the last is current', async () => {
    await store.snapshot(DEFAULT_POLICY, SIGNED);
    nowMs += 1_000;
    const { line, healedBytes } = await store.snapshot(STRICT);
    expect(healedBytes).toBe(0);
    expect(line).toMatchObject({ seq: 2, action: 'snapshot', name: 'strict', time: '2026-02-03T04:05:07.000Z' });
    expect(await store.current()).toEqual({ policy: STRICT, line });
    expect(await store.list()).toEqual([
      expect.objectContaining({ seq: 1, sha256: policySha256(DEFAULT_POLICY), signature: SIGNED, restores: null }),
      line,
    ]);
    expect((await readdir(join(dir, 'policies'))).toSorted()).toEqual(
      [DEFAULT_POLICY, STRICT].map((policy) => `${policySha256(policy)}.json`).toSorted(),
    );
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 2, faults: [], tornBytes: 0 });
  });

  test('[X002-9] goes back by a new line, and rewrites nothing', async () => {
    await store.snapshot(DEFAULT_POLICY, SIGNED);
    await store.snapshot(STRICT);
    const before = await readFile(historyPath(), 'utf8');
    const { policy, line } = await store.rollback(1);
    expect(policy).toEqual(DEFAULT_POLICY);
    expect(line).toMatchObject({ seq: 3, action: 'rollback', restores: 1, signature: SIGNED });
    const after = await readFile(historyPath(), 'utf8');
    expect(after.slice(0, before.length)).toBe(before);
    expect(after.slice(before.length)).toMatch(/^.+\n$/);
    expect((await store.current())?.policy).toEqual(DEFAULT_POLICY);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 3 });
  });

  test('has nothing to go back to where there is no such line', async () => {
    await store.snapshot(STRICT);
    await expect(store.rollback(2)).rejects.toThrow(refusal('POLICY_NOT_FOUND', 'no line 2; expected 1 to 1'));
    expect(await store.list()).toHaveLength(1);
  });

  test('refuses a signature of another policy, and keeps nothing', async () => {
    await expect(store.snapshot(superiority(), SIGNED)).rejects.toThrow(
      refusal('POLICY_SIGNATURE_INVALID', 'is of another policy'),
    );
    expect(await store.list()).toEqual([]);
  });
});

describe('a history that somebody changed', () => {
  beforeEach(async () => {
    await store.snapshot(DEFAULT_POLICY, SIGNED);
    await store.snapshot(STRICT);
    await store.snapshot(superiority());
  });

  test.each<[string, number, (text: string) => string, number, string]>([
    ['a time', 1, (text) => text.replace('2026-02-03', '2025-02-03'), 2, 'does not follow the line before it'],
    ['a number', 2, (text) => text.replace('"seq":2', '"seq":9'), 2, 'has seq 9; expected 2'],
    ['its spelling', 3, (text) => `${text} `, 3, 'is no line of a history'],
    ['a line to nonsense', 2, () => 'nonsense', 2, 'is no line of a history'],
    ['a path for a digest', 3, (text) => text.replace(/"sha256":"\w+"/, '"sha256":"../../x"'), 3, 'is no line'],
    [
      'the statement that was signed',
      1,
      (text) => text.replace('"signed_at":"2026-01-01', '"signed_at":"2026-01-02'),
      1,
      'is signed, and the signature of the policy was not made by the key',
    ],
  ])('in %s is found, with its line', async (_name, line, change, faulty, what) => {
    await edit(line, change);
    const verdict = await store.verify();
    expect(verdict.isWhole).toBe(false);
    expect(verdict.faults[0]).toEqual({ line: faulty, what: expect.stringContaining(what) });
    await expect(store.snapshot(STRICT)).rejects.toThrow(refusal('POLICY_HISTORY_BROKEN', `line ${faulty} of`));
    await expect(store.list()).rejects.toThrow(refusal('POLICY_HISTORY_BROKEN', `line ${faulty} of`));
  });

  test('by a line that was taken out is found', async () => {
    const [first, , third] = (await readFile(historyPath(), 'utf8')).split('\n');
    await writeFile(historyPath(), `${first}\n${third}\n`);
    expect((await store.verify()).faults).toEqual([{ line: 2, what: 'has seq 3; expected 2' }]);
  });

  test('by last lines that were taken away is found by whoever kept the head', async () => {
    const { head } = await store.verify();
    expect(await store.verify(head)).toMatchObject({ isWhole: true });
    const [first, second] = (await readFile(historyPath(), 'utf8')).split('\n');
    await writeFile(historyPath(), `${first}\n${second}\n`);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 2 });
    expect((await store.verify(head)).faults).toEqual([
      { line: 2, what: `is the last, and the line with hash ${head} is gone` },
    ]);
  });

  test('in a policy itself is found, and that policy is not handed out', async () => {
    const digest = policySha256(superiority());
    await writeFile(policyPath(digest), (await readFile(policyPath(digest), 'utf8')).replace('0.02', '0.01'));
    await expect(store.current()).rejects.toThrow(refusal('POLICY_HISTORY_BROKEN', 'was changed'));
    await expect(store.rollback(3)).rejects.toThrow(refusal('POLICY_HISTORY_BROKEN', 'was changed'));
    expect((await store.verify()).faults).toEqual([{ line: 3, what: expect.stringContaining('was changed') }]);
    await rm(policyPath(digest));
    expect((await store.verify()).faults).toEqual([{ line: 3, what: expect.stringContaining('is not there') }]);
  });

  test('a policy that was changed is mended by a snapshot of it', async () => {
    await writeFile(policyPath(policySha256(STRICT)), 'rubbish');
    await store.snapshot(STRICT);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 4 });
  });
});

describe('a write that was cut off', () => {
  test('is reported, and removed by the next', async () => {
    await store.snapshot(DEFAULT_POLICY);
    // In the middle of a letter of two bytes.
    await appendFile(historyPath(), Buffer.from('{"name":"prüfung').subarray(0, 13));
    expect(await store.verify()).toMatchObject({ isWhole: false, lines: 1, faults: [], tornBytes: 13 });
    expect((await store.current())?.policy).toEqual(DEFAULT_POLICY);
    const { healedBytes, line } = await store.snapshot(STRICT);
    expect([healedBytes, line.seq]).toEqual([13, 2]);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 2, tornBytes: 0 });
  });

  test('that left part of a policy is written over', async () => {
    await store.snapshot(DEFAULT_POLICY);
    await writeFile(`${policyPath(policySha256(STRICT))}.part`, '{"al');
    await store.snapshot(STRICT);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 2 });
  });
});

describe('writers at once', () => {
  test('of one process lose no line', async () => {
    const other = openPolicyStore(dir, { now: () => nowMs });
    const policies = Array.from({ length: 20 }, (_policy, index) =>
      createPolicy({ kind: 'classic', name: `policy ${index}` }),
    );
    await Promise.all(policies.map(async (policy, index) => await (index % 2 === 0 ? store : other).snapshot(policy)));
    const names = (await store.list()).map(({ name }) => name);
    expect(names.toSorted()).toEqual(policies.map(({ name }) => name).toSorted());
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 20 });
  });

  test('of two processes lose no line', async () => {
    const run = promisify(execFile);
    const writer = join(import.meta.dirname, 'store-writer.fixture.ts');
    const write = async (name: string): Promise<unknown> =>
      await run(process.execPath, ['--conditions=source', writer, dir, '10', name]);
    await Promise.all([write('one'), write('other')]);
    expect(await store.verify()).toMatchObject({ isWhole: true, lines: 20 });
    expect(new Set((await store.list()).map(({ name }) => name)).size).toBe(20);
  });
});
