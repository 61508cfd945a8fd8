/**
 * `@bulkhead/host/ai-sdk`: a tenant's tools and language models as the AI SDK (`ai`) takes them, in process. What runs runs in the
 * sandbox all the same. `ai` is the embedder's own; nothing else of the host needs it.
 */
export type { AiModelOptions } from './ai-model.ts';
export { createAiModel } from './ai-model.ts';
export type { AiToolsOptions } from './ai-tools.ts';
export { ToolCallError, createAiTools } from './ai-tools.ts';
export { toToolCalls, toToolMessage } from './to-chat.ts';
