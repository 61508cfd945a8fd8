/**
 * `context.client`: the MCP client that a call came from, asked while the tool works on it.
 */
import type { ContentBlock, JsonObject, JsonValue } from '@bulkhead/protocol';

/**
 * What a person is asked for: a few fields, each of a plain type. `requestedSchema` is JSON Schema of an object whose properties are
 * texts, numbers, booleans or choices, as MCP allows them.
 *
 * @public
 */
export interface ElicitRequest {
  readonly message: string;
  readonly requestedSchema: JsonObject & { readonly type: 'object'; readonly properties: JsonObject };
}

/**
 * What the person did. `content` is what a client says that was filled in: look at it before you trust it.
 *
 * @public
 */
export interface ElicitAnswer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Readonly<Record<string, JsonValue>>;
}

/**
 * One message to or of the client's model.
 *
 * @public
 */
export interface SampleMessage {
  readonly role: 'user' | 'assistant';
  readonly content: Extract<ContentBlock, { readonly type: 'text' | 'image' | 'audio' }>;
}

/**
 * What the client's model is asked.
 *
 * @public
 */
export interface SampleRequest {
  readonly messages: readonly SampleMessage[];
  readonly maxTokens: number;
  readonly systemPrompt?: string;
  readonly temperature?: number;
  readonly stopSequences?: readonly string[];
  readonly modelPreferences?: JsonObject;
}

/**
 * What the client's model answered.
 *
 * @public
 */
export interface SampleAnswer extends SampleMessage {
  readonly model: string;
  readonly stopReason?: string;
}

/**
 * The client of a call. Both methods reject with an Error that has `kind` and `code`: `CLIENT_UNABLE` where the call did not come over
 * MCP, or from a client that cannot be asked for this; `CLIENT_REFUSED` where it gave no answer; `SERVICE_QUOTA_EXCEEDED` after 16
 * questions of one call. The call's time goes on while somebody thinks: give such a tool a long `limits.timeout_ms`.
 *
 * @public
 */
export interface Client {
  /** Asks the person in front of the client. */
  elicit(request: ElicitRequest): Promise<ElicitAnswer>;
  /** Asks the client's model. */
  sample(request: SampleRequest): Promise<SampleAnswer>;
}
