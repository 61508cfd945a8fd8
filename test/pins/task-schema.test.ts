/**
 * The shape of a task and its result, by version (F000-33). A breaking change of either adds one to the version and a shape here;
 * the shapes of earlier versions stay as they were.
 */
import { readFile } from 'node:fs/promises';
import { TASK_SCHEMA_VERSION } from '@bulkhead/protocol';
import { expect, test } from 'vitest';

const SHAPES: Readonly<Record<number, Readonly<Record<'Task' | 'Result', readonly string[]>>>> = {
  1: {
    Task: [
      'kind: TaskKind',
      'id: string',
      'payload: JsonObject',
      'requires: readonly string[]',
      'attempts: number',
      'created_at: string',
      'schema_v: number',
    ],
    Result: ['task_id: string', 'status: ResultStatus', 'data: JsonObject', 'created_at: string', 'attempts: number'],
  },
};

test('[F000-33] a task and its result have the shape of their schema version', async () => {
  const source = await readFile(new URL('../../packages/protocol/src/task.ts', import.meta.url), 'utf8');
  const shapeOf = (name: string): readonly string[] => {
    const [, body = ''] = new RegExp(`export type ${name} = \\{\\n(.*?)\\n\\};`, 's').exec(source) ?? [];
    return [...body.matchAll(/^ {2}readonly (.+);$/gm)].map(([, field = '']) => field);
  };
  expect({ Task: shapeOf('Task'), Result: shapeOf('Result') }).toEqual(SHAPES[TASK_SCHEMA_VERSION]);
});
