/**
 * The analysis that a caller asks for: of one artifact, or of all that a query finds. What cannot be analysed is said in the
 * answer (F004-23); it is no failure of the call.
 */
import type { JsonObject, JsonValue, Memory, MemoryArtifact, ToolContext } from '@bulkhead/sdk';
import { analyzeArtifacts } from './analysis.ts';
import { readFacts } from './read-memory.ts';

/** What is to be analysed: one of the two. */
export type Request = { readonly memory_id?: string; readonly query?: string; readonly plugin?: string };

/** What `analyze_memory` answers. */
export type Answer = { readonly status: 'success'; readonly analysis: JsonObject } | Failure;

type Failure = { readonly status: 'error'; readonly message: string };

type Context = Pick<ToolContext, 'memory' | 'signal'>;

/** Analyses what the request names; never rejects. */
export async function analyzeOnRequest(request: Request, context: Context): Promise<Answer> {
  const { memory_id, query, plugin } = request;
  const of = plugin === undefined ? {} : { plugin };
  try {
    if (memory_id !== undefined && query !== undefined) return failure('give memory_id or query, not both');
    if (memory_id !== undefined) return await analyzeArtifact(context.memory, memory_id, of);
    if (query !== undefined) return await analyzeQuery(context, query, of);
    return failure('give memory_id, the id of an artifact, or query, words that artifacts hold');
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error));
  }
}

/** What every id looks like; the host refuses to look for anything else. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Whose = { readonly plugin?: string };

async function analyzeArtifact(memory: Memory, id: string, of: Whose): Promise<Answer> {
  const artifact = ID.test(id) ? await memory.get(id, of) : undefined;
  if (artifact === undefined) return failure(`there is no artifact "${id}"`);
  const { source, tags, confidence, timestamp, related_artifacts: named } = artifact;
  const near = await memory.related(id, { ...of, maxDepth: 1 });
  const reachable = await memory.related(id, { ...of, maxDepth: 8 });
  return success({
    kind: 'artifact',
    memory_id: id,
    source,
    tags: [...tags],
    confidence,
    age_seconds: Math.max(0, Math.round((Date.now() - Date.parse(timestamp)) / 1_000)),
    content: shapeOf(artifact),
    relations: { named: named.length, missing: named.length - near.length, reachable: reachable.length },
  });
}

function shapeOf({ content }: MemoryArtifact): JsonObject {
  const bytes = Buffer.byteLength(JSON.stringify(content));
  return { type: typeOf(content), bytes };
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

async function analyzeQuery({ memory, signal }: Context, text: string, of: Whose): Promise<Answer> {
  const analysis = analyzeArtifacts(await readFacts(memory, { text, wanted: of, signal }), Date.now());
  return success({ kind: 'query', query: text, ...(analysis as unknown as JsonObject) }); // It is JSON, which its type cannot say.
}

function success(analysis: JsonObject): Answer {
  return { status: 'success', analysis };
}

function failure(message: string): Failure {
  return { status: 'error', message };
}
