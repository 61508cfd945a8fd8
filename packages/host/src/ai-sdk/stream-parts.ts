/**
 * Pieces of an answer as the parts of a stream of the AI SDK: texts and thoughts stand between a start and an end.
 */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { LlmPiece } from '../llm/generated.ts';

/** Where pieces go, and what is ended when there are no more. */
export type Parts = { readonly add: (piece: LlmPiece) => void; readonly end: () => void };

type Block = 'text' | 'reasoning';

/** Begins with nothing open. */
export function createParts(give: (part: LanguageModelV4StreamPart) => void): Parts {
  let open: { readonly block: Block; readonly id: string } | undefined;
  let blocks = 0;

  function end(): void {
    if (open !== undefined) give({ type: `${open.block}-end`, id: open.id });
    open = undefined;
  }

  function say(block: Block, delta: string | undefined): void {
    if (delta === undefined || delta === '') return;
    if (open?.block !== block) {
      end();
      blocks += 1;
      open = { block, id: String(blocks) };
      give({ type: `${block}-start`, id: open.id });
    }
    give({ type: `${block}-delta`, id: open.id, delta });
  }

  function add({ reasoning, text, tool_calls: calls = [], model }: LlmPiece): void {
    if (model !== undefined) give({ type: 'response-metadata', modelId: model });
    say('reasoning', reasoning);
    say('text', text);
    if (calls.length > 0) end();
    for (const { id, name, arguments: input } of calls)
      give({ type: 'tool-call', toolCallId: id, toolName: name, input: JSON.stringify(input) });
  }

  return { add, end };
}
