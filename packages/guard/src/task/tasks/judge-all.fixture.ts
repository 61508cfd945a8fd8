/**
 * Judges an implementation in this process on the cases of a task, behind a wall of JSON as in a sandbox; what throws is a run that
 * failed.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { generateCases } from '../cases.ts';
import { judgeCase, type JudgedCase, type RunCase } from '../judge-case.ts';
import type { Task } from '../task.ts';

/** An implementation; what it takes is the task's. */
export type Solve = (...args: never[]) => unknown;

const SEED = 42;

/** Judges an implementation on `n` cases of a task. */
export async function judgeAll(task: Task, solve: Solve, n = 400): Promise<readonly JudgedCase[]> {
  const judged: JudgedCase[] = [];
  for (const one of generateCases(task, { n, seed: SEED })) {
    judged.push(await judgeCase(task, one, { run: runOf(solve), seed: SEED }));
  }
  return judged;
}

/** Those that failed. */
export function failedOf(judged: readonly JudgedCase[]): readonly JudgedCase[] {
  return judged.filter(({ grade }) => grade === 'failed');
}

/** The names of the properties and relations that were broken, or whose runs failed. */
export function brokenOf(judged: readonly JudgedCase[]): readonly string[] {
  const broken = judged.flatMap(({ checks }) => checks.filter(({ state }) => state === 'violated'));
  return [...new Set(broken.map(({ name }) => name))];
}

function runOf(solve: Solve): RunCase {
  return (args) => {
    try {
      const copy = JSON.parse(JSON.stringify(args)) as never[]; // The task made them.
      const value = JSON.parse(JSON.stringify(solve(...copy))) as JsonValue; // JSON.parse makes JSON.
      return Promise.resolve({ ok: true, value, durationMs: 1 });
    } catch (cause) {
      return Promise.resolve({ ok: false, kind: 'tool_error', code: 'THROWN', message: String(cause), durationMs: 1 });
    }
  };
}
