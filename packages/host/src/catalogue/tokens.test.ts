import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { openCatalogue } from './catalogue.ts';
import { createTokens, type NewToken, type Tokens } from './tokens.ts';

const NOW = Date.UTC(2026, 0, 1);

/** Tokens, and the time that the test sets. */
async function open(storage: Storage = createMemoryStorage()): Promise<{ tokens: Tokens; time: { wall: number } }> {
  const time = { wall: NOW };
  const clock = { now: () => time.wall - NOW, wallTime: () => time.wall };
  return { tokens: createTokens({ catalogue: await openCatalogue(storage, clock), clock }), time };
}

const WANTED: NewToken = { tenant: 'default', role: 'operator' };

test('a token that was issued is recognized, with its role and scopes', async () => {
  const { tokens } = await open();
  const { row, text } = await tokens.issue({ ...WANTED, scopes: ['math:calculate'] });
  expect(text).toMatch(/^bh_[0-9a-f]{24}_[\w-]{43}$/);
  expect(tokens.recognize(text)).toEqual(row);
  expect(row).toMatchObject({ tenant_id: 'default', role: 'operator', scopes: ['math:calculate'], expires_at: null });
});

test('of a token only its digest is kept: its text is in no row, step or line of the audit log', async () => {
  const storage = createMemoryStorage();
  const { tokens } = await open(storage);
  const { row, text } = await tokens.issue(WANTED);
  const kept = JSON.stringify([
    await storage.readCatalogue(),
    await storage.readSteps(0),
    await storage.readAudit(0, 9),
  ]);
  expect(row.hash).toBe(hash('sha256', text));
  expect(kept).toContain(row.hash);
  expect(kept).not.toContain(text.slice(-43));
  expect(JSON.stringify((await storage.readAudit(0, 9)).rows)).not.toContain(row.hash);
});

test('another text is not: not one character more, less or other, and no text of a form that none has', async () => {
  const { tokens } = await open();
  const { row, text } = await tokens.issue(WANTED);
  const last = text.endsWith('A') ? 'B' : 'A';
  const texts = [`${text}A`, text.slice(0, -1), text.slice(0, -1) + last, text.toUpperCase(), ` ${text}`];
  const others = ['', 'bh_', row.id, row.hash, `bh_${'0'.repeat(24)}_${'A'.repeat(43)}`, 'x'.repeat(100_000)];
  for (const each of [...texts, ...others]) expect(tokens.recognize(each)).toBeUndefined();
});

test('a token is refused from the moment at which it expires', async () => {
  const { tokens, time } = await open();
  const { text } = await tokens.issue({ ...WANTED, expiresAt: '2026-01-01T00:01:00Z' });
  time.wall = NOW + 59_999;
  expect(tokens.recognize(text)).toBeDefined();
  time.wall = NOW + 60_000;
  expect(tokens.recognize(text)).toBeUndefined();
});

test('a revoked token is refused, and no other; revoking it again tells that there is none', async () => {
  const { tokens } = await open();
  const [one, two] = [await tokens.issue(WANTED), await tokens.issue(WANTED)];
  expect(await tokens.revoke(one.row.id)).toBe(true);
  expect(await tokens.revoke(one.row.id)).toBe(false);
  expect([tokens.recognize(one.text), tokens.recognize(two.text)]).toEqual([undefined, two.row]);
  expect(tokens.of('default')).toEqual([two.row]);
  expect(tokens.of('acme')).toEqual([]);
});

test('a row that was recognized stands until its token is revoked or expires', async () => {
  const { tokens, time } = await open();
  const { text } = await tokens.issue({ ...WANTED, expiresAt: '2026-01-01T00:01:00Z' });
  const revoked = await tokens.issue(WANTED);
  const row = tokens.recognize(text) ?? revoked.row;
  expect([tokens.isStanding(row), tokens.isStanding(revoked.row)]).toEqual([true, true]);
  await tokens.revoke(revoked.row.id);
  expect([tokens.isStanding(row), tokens.isStanding(revoked.row)]).toEqual([true, false]);
  time.wall = NOW + 60_000;
  expect(tokens.isStanding(row)).toBe(false);
});

test('a token that another node revoked is refused half a second later, by being presented', async () => {
  const storage = createMemoryStorage();
  const { tokens: here } = await open(storage);
  const { row, text } = await here.issue(WANTED);
  const { tokens: there, time } = await open(storage);
  await here.revoke(row.id);
  expect(there.recognize(text)).toEqual(row);
  time.wall += 500;
  there.recognize(text);
  await new Promise(setImmediate);
  expect(there.recognize(text)).toBeUndefined();
});

test.each([
  [{ ...WANTED, tenant: 'nobody' }, 'TENANT_NOT_FOUND', 'there is no tenant "nobody"'],
  [{ ...WANTED, role: 'owner' as never }, 'VALIDATION_FAILED', 'role is "owner"'],
  [{ ...WANTED, scopes: ['internet'] }, 'VALIDATION_FAILED', '"internet" is no scope'],
  [{ ...WANTED, expiresAt: '2025-12-31T23:59:59Z' }, 'VALIDATION_FAILED', 'expected a time to come'],
  [{ ...WANTED, expiresAt: 'soon' }, 'VALIDATION_FAILED', 'expires_at is "soon"'],
] as const)('%j is refused', async (wanted, code, said) => {
  const { tokens } = await open();
  await expect(tokens.issue(wanted)).rejects.toMatchObject({ code, message: expect.stringContaining(said) as string });
  expect(tokens.of('default')).toEqual([]);
});
