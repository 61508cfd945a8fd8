/**
 * A candidate's function on its cases: every repeat in a process, a folder and with a nonce of its own.
 */
import type { CommandResult, CommandRun, JsonObject, JsonValue, ToolContext } from '@bulkhead/sdk';
import { figuresOf, measured } from './figures.ts';
import { ANSWER_BYTES_MAX, ANSWER_FILE, HARNESS, harnessFlags } from './harness.ts';
import type { Executed } from './main.ts';
import type { FunctionPayload } from './payload.ts';
import { OUTPUT_BYTES, errorOf } from './run-command.ts';

/** Runs it. An error is a candidate that does not answer, whose answers differ between repeats, or that answers none of its cases. */
export async function runFunction(payload: FunctionPayload, context: Pick<ToolContext, 'run'>): Promise<Executed> {
  const runs: CommandRun[] = [];
  const answers: (readonly CaseAnswer[])[] = [];
  let last: CommandResult | undefined;
  while (runs.length < payload.repeats) {
    const nonce = crypto.randomUUID();
    last = await context.run(requestOf(payload, nonce));
    runs.push(...last.runs);
    const answer = readAnswer(last, { nonce, count: payload.cases.length });
    if (typeof answer === 'string') return { error: answer, data: { ...said(last), ...measured(runs) } };
    answers.push(answer);
  }
  const judged = judge(answers);
  const data = { ...valuesOf(judged, payload), ...said(last), ...timesOf(answers), ...measured(runs) };
  const [first] = judged;
  return first === undefined || judged.some(({ ok }) => ok)
    ? { data }
    : { data, error: first.error ?? 'no case was answered' };
}

/** One case of one repeat, or of all: what JSON it gave, or what went wrong. */
type CaseAnswer = {
  readonly ok: boolean;
  readonly ms: number;
  readonly value: JsonValue;
  readonly error: string | null;
};

function requestOf(payload: FunctionPayload, nonce: string): Parameters<ToolContext['run']>[0] {
  const { image, lang, source, entry, cases, timeoutMs, memoryMb } = payload;
  const module = lang === 'ts' ? './candidate.mts' : './candidate.mjs';
  return {
    ...(image !== undefined && { image }),
    command: 'node',
    args: [...harnessFlags(memoryMb), 'harness.mjs'],
    files: { 'harness.mjs': HARNESS, [module.slice(2)]: source },
    stdin: `${nonce}\n${JSON.stringify({ module, entry, cases })}`,
    collect: [ANSWER_FILE],
    outputBytes: OUTPUT_BYTES,
    timeoutMs,
    memoryMb,
  };
}

type Asked = { readonly nonce: string; readonly count: number };

/** Returns the cases, or what became of the run in words. What is not behind the nonce is not the harness's. */
function readAnswer(ended: CommandResult, { nonce, count }: Asked): readonly CaseAnswer[] | string {
  const error = errorOf('the candidate', ended);
  if (error !== undefined) return error;
  const bytes = ended.files[ANSWER_FILE];
  if (bytes !== undefined && bytes.length > ANSWER_BYTES_MAX)
    return `the results have ${bytes.length} bytes; expected at most ${ANSWER_BYTES_MAX}`;
  const text = bytes === undefined ? '' : new TextDecoder().decode(bytes);
  if (!text.startsWith(`${nonce}\n`)) return 'the candidate ended its process before it had answered';
  const answer = JSON.parse(text.slice(nonce.length + 1)) as Answer; // The harness wrote it.
  if ('failed' in answer) return answer.failed;
  return answer.cases.length === count
    ? answer.cases.map(({ ok, ms, value, error: why }) => ({ ok, ms, value: value ?? null, error: why ?? null }))
    : 'the candidate answered another number of cases than it was asked';
}

type Answer = { readonly failed: string } | { readonly cases: readonly Answered[] };
type Answered = { readonly ok: boolean; readonly ms: number; readonly value?: JsonValue; readonly error?: string };

/** A case counts where each repeat gave the same. */
function judge(answers: readonly (readonly CaseAnswer[])[]): readonly CaseAnswer[] {
  const [first = [], ...others] = answers;
  return first.map((one, index) => {
    const wrong = others.map((other) => other[index]).find((other) => other?.ok !== true);
    if (!one.ok || wrong !== undefined) return one.ok ? { ...one, ...wrong, ok: false, value: null } : one;
    const json = JSON.stringify(one.value);
    const isSame = others.every((other) => JSON.stringify(other[index]?.value) === json);
    return isSame ? one : { ...one, ok: false, value: null, error: 'the result differs between repeats' };
  });
}

function valuesOf(judged: readonly CaseAnswer[], { isOneCall, lang, entry }: FunctionPayload): JsonObject {
  const values = judged.map(({ value }) => value);
  return {
    ...{ lang, entry_fn: entry, values, ok: judged.map(({ ok }) => ok), errors: judged.map(({ error }) => error) },
    ...(isOneCall && { value: values[0] ?? null }),
  };
}

/** Time in the function itself, all cases of a repeat together, by the clock of its own process. */
function timesOf(answers: readonly (readonly CaseAnswer[])[]): JsonObject {
  return { call_ms: figuresOf(answers.map((cases) => cases.reduce((sum, { ms }) => sum + ms, 0))) };
}

function said(ended: CommandResult | undefined): JsonObject {
  return { stdout: ended?.stdout ?? '', stderr: ended?.stderr ?? '', stopped_by: ended?.stopped_by ?? null };
}
