import { expect, test } from 'vitest';
import { OUTCOME_KINDS, callError, type JsonValue, type OutcomeKind } from '@bulkhead/protocol';
import type { MirroredCall } from '../gate-api.ts';
import type { CallEnd, CallRun } from './call-run.ts';
import { createMirror, type GivenCall, type Mirror, type WantedCalls } from './mirror.ts';

type Opened = {
  readonly mirror: Mirror;
  readonly fates: string[];
  readonly warnings: object[];
  /** Runs what was put off next, and tells whether there was anything. */
  readonly step: () => boolean;
  readonly settle: () => void;
};

function open(draws: readonly number[] = [0]): Opened {
  const fates: string[] = [];
  const warnings: object[] = [];
  const deferred: (() => void)[] = [];
  let drawn = 0;
  const step = (): boolean => {
    const work = deferred.shift();
    work?.();
    return work !== undefined;
  };
  return {
    fates,
    warnings,
    step,
    settle: () => {
      while (step());
    },
    mirror: createMirror({
      log: { warn: (fields: object) => void warnings.push(fields) },
      random: () => draws[drawn++ % draws.length] ?? 0,
      count: (fate) => void fates.push(fate),
      defer: (work) => void deferred.push(work),
    }),
  };
}

const WANTED: WantedCalls = { plugin: 'calc', tenant: 'acme', version: '1.0.0', share: 1 };
const OK: CallEnd = { ok: true, value: { sum: 3 } };

/** What a mirror reads of a run, and nothing else. */
function run(more: Partial<CallRun> = {}, task: Partial<CallRun['task']> = {}): CallRun {
  const called = { plugin: 'calc', target: { kind: 'tool', name: 'add' }, chain: [], ...task };
  return { tenant: 'acme', version: '1.0.0', didRun: true, hasChunks: false, task: called, ...more } as CallRun;
}

/** The tool as the call found it, or, `isLearnt`, as a guest has told of it since. */
function given(params: JsonValue = {}, { idempotent = true, isLearnt = false } = {}): GivenCall {
  const tool = { wire: { idempotent } };
  const live = { tools: () => new Map([['add', tool]]) };
  return { args: [params], tool: isLearnt ? undefined : tool, live } as unknown as GivenCall; // All that it reads of one.
}

function failed(kind: OutcomeKind): CallEnd {
  return { ok: false, error: { ...callError('PLUGIN_THREW', { message: 'no' }), kind } };
}

test('a call is handed over behind its answer, with what its plugin was given and answered', () => {
  const { mirror, settle, fates } = open();
  const taken: MirroredCall[] = [];
  mirror.open(WANTED, (call) => void taken.push(call));
  mirror.note(run(), given({ a: 1, b: 2 }), OK);
  expect(taken).toEqual([]);
  settle();
  expect(taken).toEqual([
    {
      ...{ tenant: 'acme', tool: 'add', params: { a: 1, b: 2 }, isIdempotent: true },
      end: { ok: true, value: { sum: 3 } },
    },
  ]);
  expect(fates).toEqual(['taken']);
});

test('what is handed over is what was given and answered, whatever their owners make of it afterwards', () => {
  const { mirror, settle } = open();
  const taken: MirroredCall[] = [];
  mirror.open(WANTED, (call) => void taken.push(call));
  mirror.open({ ...WANTED, tenant: undefined }, ({ params }) => Object.assign(params, { a: 'theirs' }));
  const params = { a: 1 };
  const value = { sum: 3 };
  mirror.note(run(), given(params), { ok: true, value });
  params.a = 9;
  value.sum = 9;
  settle();
  expect(taken).toMatchObject([{ params: { a: 1 }, end: { value: { sum: 3 } } }]);
});

test.each([
  ['that was known when it was called', { idempotent: false }, false],
  ['that a guest has told of since', { isLearnt: true }, true],
])('whether a tool %s is idempotent, it says itself', (_which, tool, isIdempotent) => {
  const { mirror, settle } = open();
  const taken: MirroredCall[] = [];
  mirror.open(WANTED, (call) => void taken.push(call));
  mirror.note(run(), given({}, tool), OK);
  settle();
  expect(taken).toMatchObject([{ isIdempotent }]);
});

test('ends that say something of the plugin are handed over, and no others', () => {
  const { mirror, step } = open();
  const kinds: string[] = [];
  mirror.open(WANTED, ({ end }) => void kinds.push(end.ok ? 'ok' : end.kind));
  for (const kind of OUTCOME_KINDS) {
    mirror.note(run(), given(), failed(kind));
    step();
  }
  expect(kinds.toSorted()).toEqual([
    ...['crashed', 'invalid_output', 'out_of_memory', 'output_too_large'],
    ...['protocol_violation', 'timeout', 'tool_error'],
  ]);
});

test.each<readonly [string, CallRun]>([
  ['never reached the plugin', run({ didRun: false })],
  ['was of another version', run({ version: '1.0.1' })],
  ['was another tenant’s', run({ tenant: 'other' })],
  ['was another plugin’s', run({}, { plugin: 'other' })],
  ['was of an export', run({}, { target: { kind: 'export', name: 'add' } })],
  ['was answered piece by piece', run({ hasChunks: true })],
  ['another plugin made', run({}, { chain: ['other'] })],
])('a call that %s is not drawn', (_what, called) => {
  const { mirror, settle, fates } = open();
  mirror.open(WANTED, () => undefined);
  mirror.note(called, given(), OK);
  settle();
  expect(fates).toEqual([]);
});

test('who wants every tenant’s calls has them, beside who wants one’s', () => {
  const { mirror, settle } = open();
  const all: string[] = [];
  const own: string[] = [];
  mirror.open({ ...WANTED, tenant: undefined }, ({ tenant }) => void all.push(tenant));
  mirror.open(WANTED, ({ tenant }) => void own.push(tenant));
  for (const tenant of ['acme', 'other']) mirror.note(run({ tenant }), given(), OK);
  settle();
  expect([all.toSorted(), own]).toEqual([['acme', 'other'], ['acme']]);
});

test('as many calls are handed over as the share says', () => {
  const { mirror, settle } = open([0, 0.25, 0.5, 0.249]);
  const taken: JsonValue[] = [];
  mirror.open({ ...WANTED, share: 0.25 }, ({ params }) => void taken.push(params['number'] ?? null));
  for (let number = 0; number < 8; number += 1) mirror.note(run(), given({ number }), OK);
  settle();
  expect(taken).toEqual([0, 3, 4, 7]);
});

test('what waits is bounded over all who want calls, and what comes beyond is dropped and counted', () => {
  const { mirror, settle, fates } = open();
  const versions: string[] = [];
  mirror.open(WANTED, () => void versions.push('first'));
  mirror.open(WANTED, () => void versions.push('second'));
  for (let number = 0; number < 10; number += 1) mirror.note(run(), given(), OK);
  expect(fates).toEqual(Array(4).fill('dropped'));
  settle();
  expect(versions).toHaveLength(16);
  mirror.note(run(), given(), OK);
  settle();
  expect(versions).toHaveLength(18);
});

test.each<readonly [string, JsonValue, JsonValue, string]>([
  ['parameters that just fit', { a: 'x'.repeat(65_536 - 8) }, 1, 'taken'],
  ['larger parameters than are mirrored', { a: 'x'.repeat(65_536 - 7) }, 1, 'dropped'],
  ['a value that just fits', {}, 'x'.repeat(1_048_574), 'taken'],
  ['a larger value than is mirrored', {}, 'x'.repeat(1_048_575), 'dropped'],
  ['parameters that are no object', [], 1, 'dropped'],
])('a call with %s is counted as such', (_what, params, value, fate) => {
  const { mirror, settle, fates } = open();
  mirror.open(WANTED, () => undefined);
  mirror.note(run(), given(params), { ok: true, value });
  settle();
  expect(fates).toEqual([fate]);
});

test('parameters that can be written no more cost the mirrored call and not the call', () => {
  const { mirror, fates, warnings } = open();
  mirror.open(WANTED, () => undefined);
  const params: Record<string, JsonValue> = {};
  params['own'] = params;
  expect(() => mirror.note(run(), given(params), OK)).not.toThrow();
  expect(fates).toEqual(['dropped']);
  expect(warnings).toHaveLength(1);
});

test('what throws at a call costs that call alone, and is logged', () => {
  const { mirror, settle, fates, warnings } = open();
  const taken: unknown[] = [];
  mirror.open(WANTED, ({ params }) => {
    if (params['bad'] === true) throw new Error('no');
    taken.push(params);
  });
  mirror.note(run(), given({ bad: true }), OK);
  mirror.note(run(), given({ bad: false }), OK);
  settle();
  expect(taken).toEqual([{ bad: false }]);
  expect(fates).toEqual(['dropped', 'taken']);
  expect(warnings).toMatchObject([{ plugin: 'calc', err: { message: 'no' } }]);
});

test('one call is handed over at a time, so that whatever else is due comes between', () => {
  const { mirror, step } = open();
  const taken: unknown[] = [];
  mirror.open(WANTED, ({ params }) => void taken.push(params));
  for (let number = 0; number < 3; number += 1) mirror.note(run(), given({ number }), OK);
  step();
  expect(taken).toEqual([{ number: 0 }]);
  step();
  expect(taken).toHaveLength(2);
});

test('after its end nobody is handed anything, not even what waits, and others go on', () => {
  const { mirror, settle, fates } = open();
  const ended: unknown[] = [];
  const others: unknown[] = [];
  const close = mirror.open(WANTED, (call) => void ended.push(call));
  mirror.open(WANTED, (call) => void others.push(call));
  mirror.note(run(), given(), OK);
  close();
  close();
  settle();
  mirror.note(run(), given(), OK);
  settle();
  expect(ended).toEqual([]);
  expect(others).toHaveLength(2);
  expect(fates).toEqual(['dropped', 'taken', 'taken']);
});

test('where nothing is open, or nobody mirrors the plugin, nothing of a call is looked at', () => {
  const { mirror } = open();
  const nothing = new Proxy({} as GivenCall, {
    get: () => expect.unreachable('a call that nobody mirrors was looked at'),
  });
  mirror.note(run(), nothing, OK);
  const close = mirror.open({ ...WANTED, plugin: 'other' }, () => undefined);
  mirror.note(run(), nothing, OK);
  close();
  mirror.note(new Proxy(run(), { get: () => expect.unreachable('the map was not empty again') }), nothing, OK);
  expect(mirror).toBeDefined();
});
