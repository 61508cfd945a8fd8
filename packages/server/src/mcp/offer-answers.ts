/**
 * Resources and prompts in the words of MCP. What a plugin's URIs are on this endpoint is put in here: those of its resources, and
 * those that it names in content blocks.
 */
import {
  ERRORS,
  isJsonObject,
  type CallError,
  type JsonObject,
  type JsonValue,
  type ListedPrompt,
  type ListedResource,
} from '@bulkhead/protocol';
import {
  ProtocolError,
  ResourceNotFoundError,
  type Prompt,
  type Resource,
  type ResourceTemplateType,
} from '@modelcontextprotocol/server';
import { listedUri, type Named } from './names.ts';

/** What a client lists of a resource that is no template. */
export function toMcpResource(resource: ListedResource, plugin: string | undefined): Resource {
  return { uri: listedUri(plugin, resource.plugin, resource.uri), ...factsOf(resource) };
}

/** What a client lists of a template. */
export function toMcpTemplate(resource: ListedResource, plugin: string | undefined): ResourceTemplateType {
  return { uriTemplate: listedUri(plugin, resource.plugin, resource.uri), ...factsOf(resource) };
}

function factsOf({ plugin, name, title, description, mime_type: mimeType }: ListedResource): Omit<Resource, 'uri'> {
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(mimeType !== undefined && { mimeType }),
    _meta: { 'bulkhead/plugin': plugin },
  };
}

/** What a client lists of a prompt. */
export function toMcpPrompt({ name, item }: Named<ListedPrompt>): Prompt {
  const { title, description, arguments: taken, plugin } = item;
  return {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    arguments: taken.map((argument) => ({ ...argument })),
    _meta: { 'bulkhead/plugin': plugin },
  };
}

/** Says what became of a reading that did not go well, as an error of the protocol; `uri` is what was read. */
export function offerError({ kind, code, message, hint, retryable }: CallError, uri?: string): ProtocolError {
  if (kind === 'not_found' && uri !== undefined) return new ResourceNotFoundError(uri, message);
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : ERRORS.HOST_FAULT; // Just tested.
  const data: JsonObject = { kind, code, hint, retryable };
  return new ProtocolError(known.rpc, `${message} (${code})`, data);
}

/** Writes the URIs in contents, blocks and messages as they are listed. */
export function withListedUris(value: JsonValue, owner: string, plugin: string | undefined): JsonValue {
  if (plugin !== undefined) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => withListedUris(item, owner, plugin));
  if (!isJsonObject(value)) return value;
  const listed: Record<string, JsonValue> = { ...value };
  for (const key of HOLDERS) {
    const held = value[key];
    if (held !== undefined) listed[key] = withListedUris(held, owner, plugin);
  }
  const { uri } = value;
  if (typeof uri === 'string') listed['uri'] = listedUri(plugin, owner, uri);
  return listed;
}

/** Members of a result in which something with a URI may be. */
const HOLDERS = ['contents', 'content', 'resource'];
