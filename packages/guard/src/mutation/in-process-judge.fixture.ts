/**
 * A gate in this process, for tests: a candidate is turned away at the first case that it fails and the baseline passes. It runs in a context of its
 * own behind a wall of JSON, which is no sandbox; one that runs out of time is run again with five times as much.
 */
import { stripTypeScriptTypes } from 'node:module';
import { createContext, Script } from 'node:vm';
import type { JsonValue } from '@bulkhead/protocol';
import { generateCases, type Case } from '../task/cases.ts';
import { judgeCase, type JudgedCase, type RunCase } from '../task/judge-case.ts';
import type { MutantVerdict } from './gate-quality.ts';
import type { StudiedPair } from './study.ts';

const TIMEOUT_MS = 200;
const AGAIN_MS = 5 * TIMEOUT_MS;

/** A list of billions of holes is written in one step that no timeout ends. */
const CALL = `{
  const out = solve(...JSON.parse(input));
  if (Array.isArray(out) && out.length > 100_000) throw new RangeError('the result is too long');
  JSON.stringify(out);
}`;

/** Judges one mutant, or one refactoring, of a study. */
export async function judgeInProcess({ task, candidate, n, seed }: StudiedPair): Promise<MutantVerdict> {
  const judge = (one: Case, run: RunCase): Promise<JudgedCase> => judgeCase(task, one, { run, seed });
  const run = runOf(candidate, TIMEOUT_MS);
  for (const one of generateCases(task, { n, seed })) {
    const once = await judge(one, run);
    const judged = isTimeout(once) ? await judge(one, runOf(candidate, AGAIN_MS)) : once;
    if (isTimeout(judged)) return { kind: 'timed_out', confirmed: true };
    if (judged.grade === 'failed') return { kind: 'killed' };
    if (judged.grade === 'ungraded') return { kind: 'error', message: judged.faults[0]?.message ?? 'ungraded' };
  }
  return { kind: 'survived' };
}

function isTimeout({ runFailures }: JudgedCase): boolean {
  return runFailures.some(({ kind }) => kind === 'timeout');
}

function runOf(source: string, timeoutMs: number): RunCase {
  const context = createContext({ input: '' });
  const plain = stripTypeScriptTypes(source).replaceAll(/^export /gmu, '');
  const call = new Script(CALL);
  let isReady = false;
  return (args) => {
    try {
      if (!isReady) new Script(plain).runInContext(context, { timeout: timeoutMs });
      isReady = true;
      context['input'] = JSON.stringify(args);
      const text: unknown = call.runInContext(context, { timeout: timeoutMs });
      const value = JSON.parse(typeof text === 'string' ? text : 'null') as JsonValue; // JSON.parse makes JSON.
      return Promise.resolve({ ok: true, value, durationMs: 1 });
    } catch (cause) {
      // Not by its class: the error is of the other context.
      const isSlow =
        typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      const kind = isSlow ? 'timeout' : 'tool_error';
      return Promise.resolve({ ok: false, kind, code: 'VM', message: String(cause), durationMs: 1 });
    }
  };
}
