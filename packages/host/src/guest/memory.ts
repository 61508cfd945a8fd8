/**
 * `context.memory` (X004-6), as messages to the host.
 */
import type { JsonObject, JsonValue, MemoryArtifact, MemorySummary } from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** What a plugin may say of an artifact beside its content. */
export type MemoryFacts = {
  readonly source?: string;
  readonly tags?: readonly string[];
  readonly confidence?: number;
  readonly related?: readonly string[];
};

/** Which artifacts a plugin looks for beside a text. */
export type MemoryWanted = {
  readonly tags?: readonly string[];
  readonly source?: string;
  readonly minConfidence?: number;
  readonly before?: Pick<MemoryArtifact, 'timestamp' | 'id'>;
  readonly limit?: number;
  readonly plugin?: string;
};

/** The memory of one plugin for the tenant that it serves. */
export type PluginMemory = {
  readonly store: (content: JsonValue, facts?: MemoryFacts) => Promise<string>;
  readonly query: (text?: string, wanted?: MemoryWanted) => Promise<readonly MemoryArtifact[]>;
  readonly get: (id: string, of?: Pick<MemoryWanted, 'plugin'>) => Promise<MemoryArtifact | undefined>;
  readonly related: (
    id: string,
    wanted?: Pick<MemoryWanted, 'limit' | 'plugin'> & { readonly maxDepth?: number },
  ) => Promise<readonly MemoryArtifact[]>;
  readonly summarize: (ids: readonly string[], of?: Pick<MemoryWanted, 'plugin'>) => Promise<MemorySummary>;
  readonly remove: (id: string) => Promise<boolean>;
};

/** Makes it. */
export function createPluginMemory(ask: Ask): PluginMemory {
  const asked = async (method: string, args: Record<string, unknown>): Promise<JsonObject> =>
    (await ask('memory', method, args as JsonObject)) as JsonObject; // The host answers each method with an object.
  return {
    store: async (content, { related, ...facts } = {}) =>
      (await asked('store', { content, ...facts, related_artifacts: related }))['id'] as string,
    query: async (text, { minConfidence, before, ...wanted } = {}) => {
      const place = before && { timestamp: before.timestamp, id: before.id };
      return artifactsOf(await asked('query', { text, ...wanted, before: place, min_confidence: minConfidence }));
    },
    get: async (id, of = {}) => ((await asked('get', { id, ...of }))['artifact'] as MemoryArtifact | null) ?? undefined,
    related: async (id, { maxDepth, ...wanted } = {}) =>
      artifactsOf(await asked('related', { id, ...wanted, max_depth: maxDepth })),
    summarize: async (ids, of = {}) => (await asked('summarize', { ids: [...ids], ...of })) as unknown as MemorySummary,
    remove: async (id) => (await asked('remove', { id }))['removed'] as boolean,
  };
}

function artifactsOf(answer: JsonObject): readonly MemoryArtifact[] {
  return answer['artifacts'] as unknown as readonly MemoryArtifact[]; // The host's own.
}
