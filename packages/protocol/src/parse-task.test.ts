import { Ajv } from 'ajv';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createTask, newerTaskResult, parseResult, parseTask } from './parse-task.ts';
import { ResultSchema, TaskSchema } from './task-schema.ts';
import { TASK_KINDS, type Task } from './task.ts';

const linesOf = (name: string): readonly string[] =>
  readFileSync(new URL(`task-vectors/${name}.jsonl`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
type Lenient = { readonly json: string; readonly as: string };
type Refused = { readonly why: string; readonly json: string; readonly paths: readonly string[] };
const lenient = (name: string): readonly Lenient[] => linesOf(name).map((line) => JSON.parse(line) as Lenient); // The files beside.
const refused = (name: string): readonly Refused[] => linesOf(name).map((line) => JSON.parse(line) as Refused);

function writtenTask(json: unknown): string {
  const parsed = parseTask(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return JSON.stringify(parsed.task);
}

function writtenResult(json: unknown): string {
  const parsed = parseResult(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return JSON.stringify(parsed.result);
}

test.each(linesOf('tasks'))('a task is written as it was read, byte for byte [X000-4] [X000-6]: %s', (line) => {
  expect(writtenTask(line)).toBe(line);
  expect(writtenTask(JSON.parse(line))).toBe(line);
});

test.each(linesOf('results'))('a result is written as it was read, byte for byte [X000-4] [X000-6]: %s', (line) => {
  expect(writtenResult(line)).toBe(line);
  expect(writtenResult(JSON.parse(line))).toBe(line);
});

test.each(lenient('tasks-lenient'))(
  'unknown fields and other spellings of a task are read [X000-5]: $json',
  (vector) => {
    expect(writtenTask(vector.json)).toBe(vector.as);
  },
);

test.each(lenient('results-lenient'))('unknown fields of a result are ignored [X000-5]: $json', (vector) => {
  expect(writtenResult(vector.json)).toBe(vector.as);
});

test.each(refused('tasks-refused'))('a task is refused with every finding at its path [X000-4]: $why', (vector) => {
  const parsed = parseTask(vector.json);
  expect(parsed).toMatchObject({ ok: false, kind: 'invalid' });
  const findings = 'findings' in parsed ? parsed.findings : [];
  expect(findings.map(({ path }) => path).toSorted()).toEqual(vector.paths.toSorted());
  for (const { id, message } of findings)
    expect([id, message]).toEqual(['TASK_INVALID', expect.stringMatching(/; |schema/)]);
});

test.each(refused('results-refused'))('a result is refused with every finding at its path [X000-4]: $why', (vector) => {
  const parsed = parseResult(vector.json);
  expect(parsed).toMatchObject({ ok: false, kind: 'invalid' });
  const findings = 'findings' in parsed ? parsed.findings : [];
  expect(findings.map(({ path }) => path).toSorted()).toEqual(vector.paths.toSorted());
  for (const { id } of findings) expect(id).toBe('RESULT_INVALID');
});

test('the published schemas take the same tasks and results as the parser [X000-4]', () => {
  // JSON Schema has no word for a day that the calendar does not have, nor for JSON that is none.
  const known = new Set(['a day that is none', 'an hour that is none', 'no JSON', 'empty']);
  const ajv = new Ajv({ allErrors: true, validateFormats: false });
  for (const [name, schema] of [
    ['tasks', TaskSchema],
    ['results', ResultSchema],
  ] as const) {
    const check = ajv.compile(JSON.parse(JSON.stringify(schema)) as object); // As it is published.
    for (const line of linesOf(name)) expect([line, check(JSON.parse(line))]).toEqual([line, true]);
    for (const { json } of lenient(`${name}-lenient`)) expect([json, check(JSON.parse(json))]).toEqual([json, true]);
    for (const { why, json } of refused(`${name}-refused`)) {
      if (!known.has(why)) expect([why, check(JSON.parse(json))]).toEqual([why, false]);
    }
  }
});

test('a task of a later schema is told as that, and can be answered with an error [X000-5] [F000-33]', () => {
  const later = { id: '0123456789abcdef', schema_v: 2, what: 'nobody knows yet' };
  const parsed = parseTask(JSON.stringify(later));
  expect(parsed).toEqual({ ok: false, kind: 'newer', task_id: later.id, schema_v: 2, supported: 1 });
  if (parsed.ok || parsed.kind !== 'newer') throw new Error('unreachable');
  expect(newerTaskResult(parsed, Date.UTC(2026, 0, 1, 12, 0, 1, 999))).toEqual({
    task_id: later.id,
    status: 'error',
    data: {
      retryable: true,
      code: 'TASK_SCHEMA_NEWER',
      message: 'the task has schema_v 2; this worker reads up to 1',
    },
    created_at: '2026-01-01T12:00:01Z',
    attempts: 1,
  });
});

test('a task of a later schema without an id that fits cannot be answered', () => {
  for (const id of [undefined, 7, 'x', 'A'.repeat(16)]) {
    const parsed = parseTask({ id, schema_v: 3 });
    expect(parsed).toMatchObject({ kind: 'newer', task_id: null });
    if (!parsed.ok && parsed.kind === 'newer') expect(newerTaskResult(parsed, 0)).toBeUndefined();
  }
});

test('a payload that is too deep is refused', () => {
  const deep = `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`;
  const json = (linesOf('tasks')[0] ?? '').replace('"payload":{}', `"payload":${deep}`);
  expect(parseTask(json)).toMatchObject({ kind: 'invalid', findings: [{ path: 'task', id: 'TASK_INVALID' }] });
});

test('a new task has every field, with an id from the caller’s randomness and whole seconds [X000-2] [X000-5]', () => {
  const source = {
    randomBytes: (count: number) => new Uint8Array(count).fill(10),
    now: () => Date.UTC(2026, 0, 1, 12, 0, 0, 999),
  };
  const task = createTask({ kind: 'render' }, source);
  expect(task).toEqual({
    kind: 'render',
    id: '0a'.repeat(16),
    payload: {},
    requires: [],
    attempts: 0,
    created_at: '2026-01-01T12:00:00Z',
    schema_v: 1,
  });
  expect(Object.isFrozen(task)).toBe(true);
  expect(() => createTask({ kind: 'render', requires: ['Big GPU'] }, source)).toThrow(
    'field "requires.0" of the task is "Big GPU"; expected a tag of a-z, 0-9, "-" and "_" such as "docker"',
  );
});

test('every task that can be made is read as it was written [X000-4]', () => {
  const tag = fc.stringMatching(/^[a-z0-9]{1,8}([-_][a-z0-9]{1,8}){0,3}$/);
  const fields = fc.record({
    kind: fc.constantFrom(...TASK_KINDS),
    payload: fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 3 }),
    ),
    requires: fc.uniqueArray(tag, { maxLength: 16 }),
  });
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const now = fc.integer({ min: 0, max: 4_102_444_800_000 });
  fc.assert(
    fc.property(fields, bytes, now, ({ payload, ...rest }, random, time) => {
      const given = { ...rest, payload: JSON.parse(JSON.stringify(payload)) as Task['payload'] }; // -0 is no JSON.
      const task = createTask(given, { randomBytes: () => random, now: () => time });
      expect(writtenTask(JSON.stringify(task))).toBe(JSON.stringify(task));
    }),
  );
});
