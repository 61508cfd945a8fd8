import { expect, expectTypeOf, test } from 'vitest';
import { ENTRY_POINT_METHODS, TASK_KINDS } from '@bulkhead/protocol';
import {
  type Executor,
  type LLMBackend,
  type Monitor,
  type ParentSelector,
  Result,
  TaskHandler,
  TaskKind,
  type ExecutionResult,
  type Generated,
  type GeneratedText,
  type MonitorRecord,
  type MonitorSummary,
  type Program,
  type ProgramDatabase,
  type Task,
} from './index.ts';

const task: Task = {
  kind: 'mutate',
  id: '0123456789abcdef',
  payload: {},
  requires: ['llm'],
  attempts: 2,
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
};

class Mutator extends TaskHandler {
  readonly KIND = TaskKind.MUTATE;
  readonly PROVIDES = ['cpu', 'llm'];
  handle(given: Task): Result {
    return Result.ok(given);
  }
}

test('a handler takes every task of its kind as it stands [F000-6]', () => {
  const handler = new Mutator();
  expect([handler.dispatch(task), handler.dispatch({ ...task, kind: 'execute' })]).toEqual([true, false]);
});

test('results have every field of the wire, and one attempt more than the task [X000-3] [X000-10]', () => {
  const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const base = { task_id: task.id, created_at, attempts: 3 };
  expect(Result.ok(task, { n: 1 })).toEqual({ ...base, status: 'ok', data: { n: 1 } });
  expect(Result.error(task, 'no')).toEqual({ ...base, status: 'error', data: { message: 'no', retryable: false } });
  expect(Result.error(task, 'busy', { retryable: true })).toMatchObject({ data: { retryable: true } });
  expect(Result.skip(task, 'no gpu')).toEqual({ ...base, status: 'skip', data: { reason: 'no gpu' } });
});

test('TaskKind has the kinds of the protocol [X000-1]', () => {
  expect(Object.values(TaskKind)).toEqual(TASK_KINDS);
});

test('the classes have the methods that the host calls [F000-16] [F002-6]', () => {
  const methods = Object.fromEntries(
    Object.entries(ENTRY_POINT_METHODS).map(([group, all]) => [group, Object.keys(all)]),
  );
  expect(methods).toEqual({
    task_handlers: ['dispatch', 'handle'],
    llm_backends: ['generate'],
    parent_selectors: ['select', 'sampleInspirations', 'feedback'],
    executors: ['execute'],
    monitors: ['start', 'record', 'finalize', 'identifier'],
  });
});

test('the classes are typed as the contracts say [F000-8] [F000-16] [F002-6] [F002-9] [F002-10] [F002-11] [F002-12] [F002-13] [F002-14] [F002-15] [F002-16] [F002-23] [F002-24]', () => {
  expectTypeOf<Parameters<TaskHandler['dispatch']>>().toEqualTypeOf<[Task]>();
  expectTypeOf<Parameters<TaskHandler['handle']>[0]>().toEqualTypeOf<Task>();
  expectTypeOf<Awaited<ReturnType<TaskHandler['handle']>>>().toEqualTypeOf<Result>();
  expectTypeOf<ReturnType<LLMBackend['generate']>>().toEqualTypeOf<Generated>();
  expectTypeOf<{ text: string }>().toExtend<GeneratedText>();
  expectTypeOf<Parameters<ParentSelector['select']>[0]>().toEqualTypeOf<ProgramDatabase>();
  expectTypeOf<Awaited<ReturnType<ParentSelector['select']>>>().toEqualTypeOf<Program>();
  expectTypeOf<Parameters<ParentSelector['feedback']>[0]>().toEqualTypeOf<number>();
  expectTypeOf<Parameters<Executor['execute']>['length']>().toEqualTypeOf<6>();
  expectTypeOf<keyof ExecutionResult>().toEqualTypeOf<
    'success' | 'result' | 'error' | 'duration_ms' | 'stdout' | 'stderr' | 'error_type' | 'error_code'
  >();
  expectTypeOf<MonitorRecord['role']>().toEqualTypeOf<'baseline' | 'candidate'>();
  expectTypeOf<keyof MonitorSummary>().toEqualTypeOf<'id' | 'summary' | 'alerts'>();
  expectTypeOf<ReturnType<Monitor['identifier']>>().toEqualTypeOf<string>();
  // @ts-expect-error -- A kind is one of the list.
  expectTypeOf<'paint'>().toExtend<TaskKind>();
});
