import type { MirroredCall } from '@bulkhead/host';
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReleaseJudge } from './release-judge.ts';
import { ADD, openReleases, type Releases, type TestTool } from './release-judge.fixture.ts';

const judge = createReleaseJudge();
let releases: Releases;
let opened: string[];
let installed: number;

beforeEach(async () => {
  releases = await openReleases();
  opened = [];
  installed = 0;
});

afterEach(async () => {
  await releases[Symbol.asyncDispose]();
});

async function mirror(
  { live, candidate }: { readonly live: TestTool; readonly candidate: TestTool },
  call: Partial<MirroredCall>,
) {
  installed += 2; // A version keeps its code for good.
  const [from, to] = [`${installed - 1}.0.0`, `${installed}.0.0`];
  await releases.install(from, { go: live });
  await releases.install(to, { go: candidate });
  const trial = releases.trial({
    didOpen: (version, isGranted) => opened.push(`${version} ${isGranted ? 'granted' : 'bare'}`),
  });
  await using shadow = await judge.openShadow({ ...trial, from, to });
  // Not without waiting: the shadow ends with this function.
  return await shadow.run({
    tenant: 'default',
    tool: 'go',
    params: {},
    isIdempotent: true,
    end: served(null),
    ...call,
  });
}

const served = (value: JsonValue) => ({ ok: true, value }) as const;
const answering = (body: string): TestTool => ({ body });
const params: JsonObject = { a: 1, b: 2 };

test('of an idempotent tool only the candidate is asked where it answers as the live call was answered', async () => {
  const pair = await mirror({ live: ADD, candidate: ADD }, { params, end: served(3) });
  expect(pair).toEqual({ end: 'both' });
  expect(opened).toEqual(['2.0.0 granted']);
});

test('where it answers otherwise, and the live release still does as it did, the difference is told', async () => {
  const wrong = { ...ADD, body: 'return params.a - params.b;' };
  const pair = await mirror({ live: ADD, candidate: wrong }, { params, end: served(3) });
  expect(pair).toEqual({ end: 'only_baseline', flip: { tool: 'go', params, why: 'expected 3, got -1' } });
  expect(opened.toSorted()).toEqual(['1.0.0 granted', '2.0.0 granted']);
});

test('where the live release itself answers otherwise by now, any value does', async () => {
  const now = answering('return Math.random();');
  expect(await mirror({ live: now, candidate: now }, { end: served(0.5) })).toEqual({ end: 'both' });
});

test('a candidate that crashes has failed, whether answers vary or not', async () => {
  const end = served(0.5);
  const pair = await mirror(
    { live: answering('return Math.random();'), candidate: answering('process.exit(1);') },
    { end },
  );
  expect(pair).toMatchObject({
    end: 'only_baseline',
    flip: { why: expect.stringMatching(/^expected a value, got crashed/) },
  });
});

test('a call that the live release failed by a crash is won by a candidate that answers it', async () => {
  const end = { ok: false, kind: 'crashed', code: 'GUEST_EXITED' } as const;
  const crashing = answering('process.exit(1);');
  expect(await mirror({ live: crashing, candidate: answering('return 1;') }, { end })).toEqual({
    end: 'only_candidate',
  });
  expect(await mirror({ live: crashing, candidate: crashing }, { end })).toEqual({ end: 'neither' });
});

test('a call that the live release refused may be refused otherwise', async () => {
  const end = { ok: false, kind: 'tool_error', code: 'TOOL_REPORTED_ERROR' } as const;
  const refusing = (text: string) => answering(`throw new Error('${text}');`);
  expect(await mirror({ live: refusing('no'), candidate: refusing('never') }, { end })).toEqual({ end: 'both' });
});

test('a call that was ended for no reason of a release says nothing', async () => {
  const end = { ok: false, kind: 'over_quota', code: 'QUOTA_EXCEEDED' } as const;
  expect(await mirror({ live: ADD, candidate: ADD }, { params, end })).toBeUndefined();
});

test('of any other tool both are asked, in guests that are granted nothing', async () => {
  const pair = await mirror({ live: ADD, candidate: ADD }, { params, end: served(3), isIdempotent: false });
  expect(pair).toEqual({ end: 'both' });
  expect(opened.toSorted()).toEqual(['1.0.0 bare', '2.0.0 bare']);
});

test('of any other tool what the live call was answered counts only where the bare live release says so', async () => {
  const [seven, eight] = [answering('return 7;'), answering('return 8;')];
  const call = { end: served(12), isIdempotent: false };
  expect(await mirror({ live: seven, candidate: seven }, call)).toEqual({ end: 'both' });
  expect(await mirror({ live: seven, candidate: eight }, call)).toMatchObject({
    end: 'only_baseline',
    flip: { why: 'expected 7, got 8' },
  });
  const count = answering('globalThis.n = (globalThis.n ?? 0) + 1; return globalThis.n;');
  expect(await mirror({ live: count, candidate: eight }, call)).toEqual({ end: 'both' });
});

test('a flip tells no secret', async () => {
  const secrets = { key: 'AKIAABCDEFGHIJKLMNOP', password: 'hunter2', word: 'plain' };
  const pair = await mirror(
    { live: answering('return params.key;'), candidate: answering('return params.word;') },
    { params: secrets, end: served(secrets.key) },
  );
  expect(pair).toEqual({
    end: 'only_baseline',
    flip: {
      tool: 'go',
      params: { key: '[REDACTED]', password: '[REDACTED]', word: 'plain' },
      why: 'expected "[REDACTED]", got "plain"',
    },
  });
});

test('what cannot be opened says nothing and never rejects, and a shadow that ended leaves no guest', async () => {
  await releases.install('1.0.0', { go: ADD });
  const trial = releases.trial();
  const shadow = await judge.openShadow(trial);
  const call = { tenant: 'default', tool: 'go', params, isIdempotent: true, end: served(3) } as const;
  expect(await shadow.run(call)).toBeUndefined();
  await releases.install('2.0.0', { go: ADD });
  expect(await shadow.run(call)).toEqual({ end: 'both' });
  expect(trial.openCount()).toBe(1);
  await shadow[Symbol.asyncDispose]();
  expect(trial.openCount()).toBe(0);
  expect(await shadow.run(call)).toBeUndefined();
});
