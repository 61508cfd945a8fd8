/**
 * The contract of each kind of entry point, asked of the real thing in the sandbox. A check answers what is wrong, in words
 * for the author, or nothing.
 */
import {
  RESULT_STATUSES,
  TASK_KINDS,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ObjectGroup,
  type Outcome,
  type OutcomeKind,
} from '@bulkhead/protocol';

/** Calls a method of the entry point that is judged. */
export type AskEntry = (method: string, args: readonly JsonValue[]) => Promise<Outcome>;

/** What is judged: the entry point's constants, and a way to call it. */
export type JudgedEntry = { readonly about: JsonObject; readonly ask: AskEntry };

/** Ends that no input may bring about. */
const DEADLY: readonly OutcomeKind[] = ['crashed', 'timeout', 'out_of_memory', 'protocol_violation'];

/** Says how a call ended badly for the plugin and not only for its caller; undefined where it did not. */
export function deadlyEnd(what: string, outcome: Outcome): string | undefined {
  if (outcome.ok || !DEADLY.includes(outcome.error.kind)) return undefined;
  const { kind, code, message } = outcome.error;
  return `${what} ended as ${kind} (${code}): ${message}`;
}

/** The check of each group. */
export const KIND_CHECKS: Readonly<Record<ObjectGroup, (entry: JudgedEntry) => Promise<string | undefined>>> = {
  task_handlers: checkTaskHandler,
  llm_backends: checkBackend,
  parent_selectors: checkSelector,
  executors: checkExecutor,
  monitors: checkMonitor,
};

const SAMPLE_TASK = {
  id: '00000000000000000000000000000001',
  payload: {},
  requires: [],
  attempts: 0,
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
} as const;

/** It answers whether it takes a task, never takes another kind's, and answers a task with its own result (F000-6, F000-7). */
async function checkTaskHandler({ about, ask }: JudgedEntry): Promise<string | undefined> {
  const kind = typeof about['kind'] === 'string' ? about['kind'] : '';
  const task = { ...SAMPLE_TASK, kind, requires: about['provides'] ?? [] };
  const takes = await ask('dispatch', [task]);
  if (!takes.ok || typeof takes.value !== 'boolean') return wrong('dispatch', takes, 'true or false');
  const otherKind = TASK_KINDS.find((word) => word !== kind) ?? '';
  const other = await ask('dispatch', [{ ...task, kind: otherKind }]);
  if (!other.ok || other.value !== false) return wrong(`dispatch of a task of kind "${otherKind}"`, other, 'false');
  const handled = await ask('handle', [task]);
  if (!handled.ok) return deadlyEnd('handle', handled);
  return isResultOf(task.id, handled.value)
    ? undefined
    : wrong(
        'handle',
        handled,
        `{ task_id: "${task.id}", status: ${RESULT_STATUSES.join(' | ')}, data, created_at, attempts }`,
      );
}

function isResultOf(taskId: string, value: JsonValue): boolean {
  if (!isJsonObject(value) || value['task_id'] !== taskId || !isJsonObject(value['data'])) return false;
  if (!RESULT_STATUSES.some((word) => word === value['status'])) return false;
  const { attempts, created_at } = value;
  return isCount(attempts, 1) && typeof created_at === 'string' && !Number.isNaN(Date.parse(created_at));
}

/** It answers a text, or says that it cannot; tokens are counted where they are told (F000-16, F000-18). */
async function checkBackend({ ask }: JudgedEntry): Promise<string | undefined> {
  const generated = await ask('generate', ['Say hello.', { max_tokens: 16, temperature: 0 }]);
  if (!generated.ok) return deadlyEnd('generate', generated);
  const { text, usage } = isJsonObject(generated.value) ? generated.value : {};
  const isCounted =
    usage === undefined || (isJsonObject(usage) && isCount(usage['input_tokens']) && isCount(usage['output_tokens']));
  if (typeof text === 'string' && isCounted) return undefined;
  return wrong('generate', generated, 'a text, or { text, usage?: { input_tokens, output_tokens } }');
}

const PROGRAMS = [1, 2, 3].map((n) => ({
  id: `program-${n}`,
  source: `export const solve = () => ${n};`,
  generation: n,
  speed_ms: n,
  memory_kb: 64,
  parents: [],
}));
const POPULATION = {
  generation: 3,
  islands: PROGRAMS.map((champion) => ({ bucket: [champion.generation, 2, 0, 0], champion, history: [] })),
};

/** It chooses from what there is, and says so where there is nothing (X000-22, X000-23). */
async function checkSelector({ ask }: JudgedEntry): Promise<string | undefined> {
  const selected = await ask('select', [POPULATION]);
  const id = selected.ok && isJsonObject(selected.value) ? selected.value['id'] : undefined;
  if (!PROGRAMS.some((program) => program.id === id)) return wrong('select', selected, 'a program of the database');
  for (const k of [0, 2, 100]) {
    const sampled = await ask('sampleInspirations', [POPULATION, k]);
    if (!isTextsOf(k, sampled)) return wrong(`sampleInspirations of ${k}`, sampled, `at most ${k} sources, as texts`);
  }
  for (const gain of [0.5, -1]) {
    const learnt = await ask('feedback', [gain]);
    if (!learnt.ok) return wrong(`feedback of ${gain}`, learnt, 'nothing');
  }
  const none = await ask('select', [{ generation: 0, islands: [] }]);
  return none.ok
    ? wrong('select of an empty database', none, 'an error')
    : deadlyEnd('select of an empty database', none);
}

function isTextsOf(k: number, outcome: Outcome): boolean {
  if (!outcome.ok || !Array.isArray(outcome.value)) return false;
  return outcome.value.length <= k && outcome.value.every((source) => typeof source === 'string');
}

/** What it cannot run is a result that says so (F002-9 to F002-17). */
async function checkExecutor({ ask }: JudgedEntry): Promise<string | undefined> {
  const ran = await ask('execute', ['no/such/implementation.js', 'solve', [[1, 2]], 1, 64]);
  const value = ran.ok && isJsonObject(ran.value) ? ran.value : {};
  const { success, error, duration_ms, stdout, stderr } = value;
  const isWhole = typeof stdout === 'string' && typeof stderr === 'string' && typeof duration_ms === 'number';
  const hasEnd = success === true ? 'result' in value : success === false && typeof error === 'string';
  if (isWhole && hasEnd) return undefined;
  return wrong('execute', ran, '{ success, result or error, duration_ms, stdout, stderr }');
}

/** It is started, told of results, and sums up under its own name; started again it begins anew (F002-22 to F002-25). */
async function checkMonitor({ ask }: JudgedEntry): Promise<string | undefined> {
  const named = await ask('identifier', []);
  if (!named.ok || typeof named.value !== 'string') return wrong('identifier', named, 'a text');
  for (const total_cases of [2, 1]) {
    const said = (await watchCases(ask, total_cases)) ?? (await ask('finalize', []));
    if (typeof said === 'string') return said;
    if (!isSummaryOf(named.value, said)) {
      return wrong('finalize', said, `{ id: ${JSON.stringify(named.value)}, summary: {}, alerts: [] }`);
    }
  }
  return undefined;
}

async function watchCases(ask: AskEntry, total_cases: number): Promise<string | undefined> {
  const started = await ask('start', [{ task: 'sort', total_cases }]);
  if (!started.ok) return wrong('start', started, 'nothing');
  for (let case_index = 0; case_index < total_cases; case_index += 1) {
    for (const [role, duration_ms] of [
      ['baseline', 10],
      ['candidate', 12],
    ] as const) {
      const record = { case_index, role, duration_ms, success: true, result: { result: [1, 2] } };
      const recorded = await ask('record', [record]);
      if (!recorded.ok) return wrong('record', recorded, 'nothing');
    }
  }
  return undefined;
}

function isSummaryOf(id: string, outcome: Outcome): boolean {
  if (!outcome.ok || !isJsonObject(outcome.value)) return false;
  const { id: said, summary, alerts } = outcome.value;
  return said === id && isJsonObject(summary) && Array.isArray(alerts) && alerts.every(isJsonObject);
}

function isCount(value: unknown, least = 0): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least;
}

const SHOWN_CHARACTERS = 200;

function wrong(what: string, outcome: Outcome, expected: string): string {
  if (!outcome.ok) return `${what} ended as ${outcome.error.code}: ${outcome.error.message}; expected ${expected}`;
  return `${what} answered ${JSON.stringify(outcome.value).slice(0, SHOWN_CHARACTERS)}; expected ${expected}`;
}
