import { expect, test } from 'vitest';
import { callError, redactText, type JsonValue } from '@bulkhead/protocol';
import type { RecordedCall } from '../storage/recordings-port.ts';
import type { CallEnd, CallRun } from './call-run.ts';
import { createRecorder, type Recorder } from './recorder.ts';

type Opened = {
  readonly recorder: Recorder;
  readonly rows: RecordedCall[];
  readonly fates: string[];
  /** Runs what was put off, all of it. */
  readonly settle: () => void;
  readonly time: { now: number };
};

type Given = {
  readonly share?: number;
  readonly draws?: readonly number[];
  readonly redact?: (text: string) => string;
};

function open({ share = 1, draws = [0], redact = redactText }: Given = {}): Opened {
  const rows: RecordedCall[] = [];
  const fates: string[] = [];
  const deferred: (() => void)[] = [];
  let drawn = 0;
  const time = { now: 5_000 };
  return {
    time,
    rows,
    fates,
    settle: () => {
      for (let work = deferred.shift(); work !== undefined; work = deferred.shift()) work();
    },
    recorder: createRecorder({
      clock: { now: () => time.now, wallTime: () => Date.UTC(2026, 0, 1) },
      log: { warn: () => undefined },
      random: () => draws[drawn++ % draws.length] ?? 0,
      redact,
      shareOf: (tenant, plugin) => (tenant === 'acme' && plugin === 'calc' ? share : 0),
      batch: { add: (row) => void rows.push(row), flush: async () => undefined },
      count: (fate) => void fates.push(fate),
      defer: (work) => void deferred.push(work),
    }),
  };
}

const OK: CallEnd = { ok: true, value: { sum: 3 } };

function run(more: Partial<CallRun> = {}, target: CallRun['task']['target'] = { kind: 'tool', name: 'add' }): CallRun {
  const task = { plugin: 'calc', target };
  // The recorder reads these and nothing else of a run.
  return {
    id: 'call-1',
    tenant: 'acme',
    version: '1.0.0',
    startedAt: 4_998.5,
    didRun: true,
    hasChunks: false,
    task,
    ...more,
  } as CallRun;
}

test('a call is recorded behind its answer, with what its plugin was given and answered', () => {
  const { recorder, rows, settle, fates } = open();
  recorder.note(run(), { a: 1, b: 2 }, OK);
  expect(rows).toEqual([]);
  settle();
  expect(rows).toEqual([
    {
      ...{ id: 'call-1', tenant_id: 'acme', plugin_name: 'calc', plugin_version: '1.0.0', tool: 'add' },
      ...{ params: { a: 1, b: 2 }, outcome: 'ok', code: null, result: { value: { sum: 3 } } },
      value_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      ...{ duration_ms: 1.5, recorded_at: '2026-01-01T00:00:00.000Z' },
    },
  ]);
  expect(fates).toEqual(['kept']);
});

test('a call is recorded with the release that ended it so, whichever serves it after that', () => {
  const { recorder, rows, settle } = open();
  const noted = run();
  recorder.note(noted, {}, OK);
  noted.version = '0.9.0';
  settle();
  expect(rows).toMatchObject([{ plugin_version: '1.0.0' }]);
});

test('a call that failed in its plugin is recorded with its code, and one that never reached it is not', () => {
  const { recorder, rows, settle } = open();
  const error = callError('TOOL_REPORTED_ERROR', { message: 'not today' });
  recorder.note(run(), {}, { ok: false, error });
  recorder.note(run({ didRun: false }), {}, { ok: false, error });
  settle();
  expect(rows).toMatchObject([
    { outcome: 'tool_error', code: 'TOOL_REPORTED_ERROR', value_sha256: null, result: null },
  ]);
});

test('only tools, and only of tenants and plugins of which a share is recorded, are drawn', () => {
  const { recorder, rows, settle } = open();
  recorder.note(run({}, { kind: 'export', name: 'add' }), {}, OK);
  recorder.note(run({ tenant: 'other' }), {}, OK);
  settle();
  expect(rows).toEqual([]);
});

test('as many calls are recorded as the share says', () => {
  const { recorder, rows, settle } = open({ share: 0.25, draws: [0, 0.25, 0.5, 0.249] });
  for (let number = 0; number < 8; number += 1) recorder.note(run({ id: `call-${number}` }), {}, OK);
  settle();
  expect(rows.map(({ id }) => id)).toEqual(['call-0', 'call-3', 'call-4', 'call-7']);
});

test('what is secret in parameters and value is gone before anything is handed on', () => {
  const { recorder, rows, settle } = open();
  recorder.note(run(), { password: 'hunter2' }, { ok: true, value: { text: 'password=hunter2' } });
  settle();
  expect(JSON.stringify(rows)).not.toContain('hunter2');
});

test.each<readonly [string, JsonValue, JsonValue, readonly (string | null)[]]>([
  ['larger parameters than are kept', 'x'.repeat(65_535), 1, ['too_large']],
  ['parameters that just fit', 'x'.repeat(65_534), 1, ['kept', 'value', 'digest']],
  ['a larger value than is kept', {}, 'x'.repeat(16_383), ['kept', null, 'digest']],
  ['a value that just fits', {}, 'x'.repeat(16_382), ['kept', 'value', 'digest']],
  ['a larger value than is read', {}, 'x'.repeat(256 * 1_024), ['kept', null, null]],
])('of a call with %s is kept what fits', (_what, params, value, kept) => {
  const { recorder, rows, settle, fates } = open();
  recorder.note(run(), params, { ok: true, value });
  settle();
  const [row] = rows;
  const parts = row === undefined ? [] : [row.result && 'value', row.value_sha256 && 'digest'];
  expect([...fates, ...parts]).toEqual(kept);
});

test('equal values have equal digests, in whatever order their keys were written', () => {
  const { recorder, rows, settle } = open();
  recorder.note(run(), {}, { ok: true, value: { a: 1, b: { c: 2, d: 3 } } });
  recorder.note(run(), {}, { ok: true, value: { b: { d: 3, c: 2 }, a: 1 } });
  settle();
  expect(rows[0]?.value_sha256).toBe(rows[1]?.value_sha256);
});

test('a result that was given piece by piece is not recorded as none', () => {
  const { recorder, rows, settle } = open();
  recorder.note(run({ hasChunks: true }), {}, { ok: true, value: null });
  settle();
  expect(rows).toMatchObject([{ outcome: 'ok', value_sha256: null, result: null }]);
});

test('so many are recorded in a second, and the next second brings as many again', () => {
  const opened = open();
  for (let number = 0; number < 60; number += 1) opened.recorder.note(run(), {}, OK);
  opened.time.now += 1_000;
  opened.recorder.note(run(), {}, OK);
  opened.settle();
  expect(opened.rows).toHaveLength(51);
  expect(opened.fates.filter((fate) => fate === 'too_often')).toHaveLength(10);
});

test('what waits is bounded, and what comes beyond is lost and counted', () => {
  const opened = open();
  for (let number = 0; number < 300; number += 1) {
    opened.time.now += 1_000;
    opened.recorder.note(run(), {}, OK);
  }
  expect(opened.fates).toEqual(Array(44).fill('lost'));
  opened.settle();
  expect(opened.rows).toHaveLength(256);
});

test('what redacts may throw, which costs that recording alone', () => {
  const redact = (text: string): string => {
    if (text === 'bad') throw new Error('no');
    return text;
  };
  const { recorder, rows, settle, fates } = open({ redact });
  recorder.note(run(), 'bad', OK);
  recorder.note(run(), 'good', OK);
  settle();
  expect(fates).toEqual(['lost', 'kept']);
  expect(rows).toMatchObject([{ params: 'good' }]);
});

test('flushing hands on what still waits', async () => {
  const { recorder, rows } = open();
  recorder.note(run(), {}, OK);
  await recorder.flush();
  expect(rows).toHaveLength(1);
});
