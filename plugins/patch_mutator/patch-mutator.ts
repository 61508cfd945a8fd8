/**
 * Mutates a source by a language model (X000-19):
 *
 *   prompt ─▶ context.llm ─▶ unified diff, strictly applied ─▶ entry as before ─▶ result with the task that runs it
 *      └── refused: asked again with the reason, three times at most ──┘
 *
 * Whatever the model answers is read as an edit and never as anything else.
 */
import {
  EvolveError,
  mutateWith,
  readWrittenEntry,
  type MutationOutcome,
  type Proposal,
  type ProposalRequest,
  type Proposer,
} from '@bulkhead/evolve/edits';
import { Result, TaskHandler, TaskKind, type JsonObject, type Task, type ToolContext } from '@bulkhead/sdk';
import { changedData } from './mutated.ts';
import { nameIn, numberIn, PayloadError, sourceIn, textIn, textsIn } from './payload.ts';

/** Tokens that an answer may be asked for. */
const MAX_TOKENS_MOST = 65_536;

/** Tasks of kind `mutate` without a `patch_kind`: `source` and `entry_fn` become a mutation. */
export class PatchMutatorHandler extends TaskHandler {
  readonly KIND = TaskKind.MUTATE;
  readonly PROVIDES = ['cpu', 'llm'];

  /** What has a patch already is the other handler's. */
  override dispatch(task: Task): boolean {
    return this.config['enabled'] !== false && task.kind === this.KIND && task.payload['patch_kind'] === undefined;
  }

  /** Asks the tenant's models. What a backend failed with is retryable where the host says so; all else is not. */
  override async handle(task: Task, { llm, signal }: Pick<ToolContext, 'llm' | 'signal'>): Promise<Result> {
    try {
      const asked = askedIn(task);
      const parts = { proposer: proposerOf(llm, asked.backend), readEntry };
      return resultOf(task, asked, await mutateWith(asked.request, parts, signal));
    } catch (error) {
      if (error instanceof PayloadError) return Result.error(task, error.message);
      if (error instanceof EvolveError) return Result.error(task, `${error.message} (${error.code})`);
      if (isOfHost(error)) {
        const wait = typeof error.retryAfterMs === 'number' ? { retryAfterMs: error.retryAfterMs } : {};
        return Result.error(task, `${error.message} (${error.code})`, { retryable: error.retryable === true, ...wait });
      }
      throw error;
    }
  }
}

type Asked = {
  readonly request: Parameters<typeof mutateWith>[0];
  readonly backend: string | undefined;
  readonly lang: string | undefined;
};

function askedIn({ id, payload }: Task): Asked {
  const temperature = numberIn(payload, 'temperature', { min: 0, max: 2 });
  const maxTokens = numberIn(payload, 'max_tokens', { min: 1, max: MAX_TOKENS_MOST });
  const request = {
    ...{ parent: sourceIn(payload), entryName: textIn(payload, 'entry_fn') },
    ...{ fileName: nameIn(payload, 'file') ?? 'source', inspirations: textsIn(payload, 'inspirations') },
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxTokens }),
    seed: nameIn(payload, 'seed') ?? id,
    form: 'diff' as const,
  };
  return { request, backend: nameIn(payload, 'backend'), lang: nameIn(payload, 'lang') };
}

/** No parser runs in a sandbox, so of every language the text says how the entry is declared. */
function readEntry(source: string, { name }: { readonly name: string }): ReturnType<typeof readWrittenEntry> {
  return readWrittenEntry(source, name);
}

/** `auto` is the word of the contract for whom the tenant's weights choose. */
function proposerOf(llm: ToolContext['llm'], backend: string | undefined): Proposer {
  const named = backend === undefined || backend === 'auto' ? {} : { backend };
  return {
    propose: async ({ prompt, temperature, maxTokens }: ProposalRequest): Promise<Proposal> => {
      const { text, usage } = await llm.generate(prompt, { temperature, max_tokens: maxTokens, ...named });
      const { input_tokens: inputTokens = 0, output_tokens: outputTokens = 0, cost_usd: costUsd = 0 } = usage ?? {};
      return { text, usage: { inputTokens, outputTokens, costUsd } };
    },
  };
}

function resultOf(task: Task, { request, lang }: Asked, outcome: MutationOutcome): Result {
  const { refusals, usage } = outcome;
  if (outcome.kind === 'failed') {
    const last = refusals.at(-1);
    return Result.error(
      task,
      `none of ${refusals.length} answers could be taken; the last: ${last?.reason} (${last?.code})`,
    );
  }
  const { parent: before, fileName: file, entryName: entryFunction } = request;
  const data: JsonObject = {
    ...changedData(task, { before, after: outcome.source, file, lang, entryFunction }),
    refusals: refusals.map(({ code, reason }) => ({ code, reason })),
    usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cost_usd: usage.costUsd },
  };
  return Result.ok(task, data);
}

type OfHost = Error & { readonly code: string; readonly retryable?: unknown; readonly retryAfterMs?: unknown };

/** What the host refused, or the backend behind it failed with (`kind`, `code`, `retryable`, `retryAfterMs`). */
function isOfHost(error: unknown): error is OfHost {
  return error instanceof Error && 'kind' in error && 'code' in error && typeof error.code === 'string';
}
