/**
 * What a plugin offers beside its tools: resources that clients read, and prompts that people begin with.
 */
import type { ContentBytes, PromptMessage, ResourceContents } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * Completes what somebody has begun to write: answers what it may become, best first. `others` are arguments that are known already.
 *
 * @public
 */
export type Complete = (
  value: string,
  others: Readonly<Record<string, string>>,
  context: ToolContext,
) => readonly string[] | Promise<readonly string[]>;

/**
 * What `read` answers for one resource: text, bytes, or what it holds with a URI or type of its own.
 *
 * @public
 */
export type ResourceAnswer =
  | string
  | Uint8Array
  | ResourceContents
  | { readonly text: string; readonly mimeType?: string }
  | { readonly blob: ContentBytes; readonly mimeType?: string };

/**
 * Something that clients may read by its URI; either `uri`, or `uriTemplate` for many of a form.
 *
 * @public
 */
export interface ResourceDefinition {
  /** With a scheme of your own, such as `note://today`; unique within the plugin. */
  readonly uri?: string;
  /** RFC 6570 with variables such as `{id}`, or `{+path}` that takes "/" too: `note://{folder}/{id}`. */
  readonly uriTemplate?: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** Reads it. `variables` are those of the template, decoded. */
  read(
    asked: { readonly uri: string; readonly variables: Readonly<Record<string, string>> },
    context: ToolContext,
  ): ResourceAnswer | readonly ResourceAnswer[] | Promise<ResourceAnswer | readonly ResourceAnswer[]>;
  /** By variable of the template. */
  readonly complete?: Readonly<Record<string, Complete>>;
}

/**
 * An argument of a prompt. What it is given is text.
 *
 * @public
 */
export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}

/**
 * What `get` answers: one text of the user's, messages, or messages with a description.
 *
 * @public
 */
export type PromptAnswer =
  string | readonly PromptMessage[] | { readonly description?: string; readonly messages: readonly PromptMessage[] };

/**
 * A prompt: messages that a person puts at the beginning of a conversation, with arguments to fill in.
 *
 * @public
 */
export interface PromptDefinition {
  /** Unique within the plugin. */
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments?: readonly PromptArgument[];
  get(args: Readonly<Record<string, string>>, context: ToolContext): PromptAnswer | Promise<PromptAnswer>;
  /** By argument. */
  readonly complete?: Readonly<Record<string, Complete>>;
}

/**
 * Returns its argument, typed.
 *
 * @public
 */
export function defineResource<const R extends ResourceDefinition>(resource: R): R {
  return resource;
}

/**
 * Returns its argument, typed.
 *
 * @public
 */
export function definePrompt<const P extends PromptDefinition>(prompt: P): P {
  return prompt;
}
