/**
 * What one tenant may use, as an MCP server of the official library, which speaks every revision of the protocol: tools, resources,
 * prompts, completions, and what a call says meanwhile. It is made for one request, or for one session; who asks is read from
 * each request, and what there is, too.
 */
import type { CallRequest, Host } from '@bulkhead/host';
import type { CallError, JsonObject, ListedPrompt, Outcome } from '@bulkhead/protocol';
import {
  CLIENT_CAPABILITIES_META_KEY,
  ProtocolError,
  Server,
  inputRequired,
  type CallToolResult,
  type ClientCapabilities,
  type CompleteRequestParams,
  type CompleteResult,
  type GetPromptResult,
  type InputRequiredResult,
  type ReadResourceResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Caller } from '../door/principal.ts';
import { findNamed, nameAll, ownUri, type Named } from './names.ts';
import { offerError, toMcpPrompt, toMcpResource, toMcpTemplate, withListedUris } from './offer-answers.ts';
import { RunningCall, readCan, type Can } from './running-call.ts';
import { schemaOf, toMcpResult, toMcpTool } from './tool-answers.ts';
import type { WaitingCalls } from './waiting-calls.ts';

/** For whom a server is made, and of what. */
export type McpServing = {
  readonly host: Pick<Host, 'tools' | 'call' | 'offers'>;
  /** Who sent the request that is handled. */
  readonly callerOf: (context: ServerContext) => Caller;
  /** The call of a tool that this request waits for, where it was begun before the library had it. */
  readonly begunBy: (context: ServerContext) => RunningCall | undefined;
  /** Told that the library found nothing wrong with a call of a tool. */
  readonly didJudge: (context: ServerContext) => void;
  /** The only plugin that is shown; undefined for all of the tenant's. */
  readonly plugin: string | undefined;
  /** Told how each call ended. */
  readonly didCall: (outcome: Outcome) => void;
  readonly waiting: WaitingCalls;
  /** The session's part in resources that are watched; undefined where there is none. */
  readonly watched?: Set<string>;
};

/** The revision of what is listed and answered here, not of the protocol. */
export const IDENTITY = { name: 'bulkhead', version: '1' };
const INSTRUCTIONS =
  'Tools of plugins that run in sandboxes. A result with isError says in its text what went wrong, with a code, and what can be done.';
const INVALID_PARAMS = -32_602;
const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

/** Makes the server; one that answers a single request can do what its method needs, and is made in half the time. */
export function createMcpServer(serving: McpServing, method?: string): Server {
  const server = new Server(IDENTITY, { capabilities: CAPABILITIES, instructions: INSTRUCTIONS });
  const family = method?.split('/', 1)[0];
  const isNeeded = (name: string): boolean => family === undefined || family === name;
  if (isNeeded('tools')) addTools(server, serving);
  if (isNeeded('resources')) addResources(server, serving);
  if (isNeeded('prompts')) addPrompts(server, serving);
  if (isNeeded('completion'))
    server.setRequestHandler('completion/complete', ({ params }, context) => complete(serving, params, context));
  return server;
}

function addTools(server: Server, serving: McpServing): void {
  const { host, plugin } = serving;
  const named = (context: ServerContext) => nameAll(host.tools(serving.callerOf(context).tenant), plugin);
  server.setRequestHandler('tools/list', (_request, context) => ({ tools: named(context).map(toMcpTool) }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    serving.didJudge(context);
    const tool = findNamed(named(context), params.name);
    if (tool === undefined) throw new ProtocolError(INVALID_PARAMS, `Unknown tool: ${shown(params.name)}`);
    const asked = { plugin: tool.plugin, tool: tool.name, params: params.arguments ?? {} };
    const served = { server, serving, plugin: tool.plugin };
    return serveRound(served, context, {
      begun: serving.begunBy(context),
      start: (more) => host.call({ ...asked, ...more }),
      toResult: (outcome): CallToolResult => {
        const result = toMcpResult(outcome, tool, (value) => withListedUris(value, tool.plugin, plugin));
        return server.projectCallToolResult(result, schemaOf(tool.returns));
      },
    });
  });
}

function addResources(server: Server, serving: McpServing): void {
  const { host, plugin, watched } = serving;
  const listed = (context: ServerContext) =>
    host.offers
      .resources(serving.callerOf(context).tenant)
      .filter((resource) => plugin === undefined || resource.plugin === plugin);
  server.setRequestHandler('resources/list', (_request, context) => ({
    resources: listed(context).flatMap((each) => (each.is_template ? [] : [toMcpResource(each, plugin)])),
  }));
  server.setRequestHandler('resources/templates/list', (_request, context) => ({
    resourceTemplates: listed(context).flatMap((each) => (each.is_template ? [toMcpTemplate(each, plugin)] : [])),
  }));
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const owners = [...new Set(listed(context).map((resource) => resource.plugin))];
    const found = ownUri(plugin, owners, params.uri);
    if (found === undefined) throw offerError(NOT_FOUND, params.uri);
    const { plugin: owner, uri } = found;
    return serveRound({ server, serving, plugin: owner }, context, {
      start: (more) => host.offers.read({ plugin: owner, uri, ...more }),
      toResult: (outcome) => {
        if (!outcome.ok) throw offerError(outcome.error, params.uri);
        return withListedUris(outcome.value, owner, plugin) as unknown as ReadResourceResult; // The host judged its form.
      },
    });
  });
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    watch(watched, params.uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    watched?.delete(params.uri);
    return {};
  });
}

const NOT_FOUND: CallError = {
  kind: 'not_found',
  code: 'TOOL_NOT_FOUND',
  message: 'no plugin of the tenant offers this resource',
  hint: 'List the resources.',
  retryable: false,
};
const WATCHED_MAX = 1_000;

/** Without a session there is nowhere that an update could go to. */
function watch(watched: Set<string> | undefined, uri: string): void {
  if (watched === undefined)
    throw new ProtocolError(INVALID_PARAMS, 'To subscribe needs a session; send `initialize`.');
  if (watched.size >= WATCHED_MAX)
    throw new ProtocolError(INVALID_PARAMS, `A session subscribes to ${WATCHED_MAX} resources at most.`);
  watched.add(uri);
}

function addPrompts(server: Server, serving: McpServing): void {
  const { host, plugin } = serving;
  server.setRequestHandler('prompts/list', (_request, context) => ({
    prompts: promptsOf(serving, context).map(toMcpPrompt),
  }));
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const prompt = findPrompt(serving, context, params.name);
    const { plugin: owner, name } = prompt;
    return serveRound({ server, serving, plugin: owner }, context, {
      start: (more) => host.offers.get({ plugin: owner, prompt: name, args: { ...params.arguments }, ...more }),
      toResult: (outcome) => {
        if (!outcome.ok) throw offerError(outcome.error);
        const { messages, ...about } = outcome.value as JsonObject; // The host judged its form.
        return { ...about, messages: withListedUris(messages ?? [], owner, plugin) } as unknown as GetPromptResult;
      },
    });
  });
}

function promptsOf({ host, callerOf, plugin }: McpServing, context: ServerContext): readonly Named<ListedPrompt>[] {
  return nameAll(host.offers.prompts(callerOf(context).tenant), plugin);
}

function findPrompt(serving: McpServing, context: ServerContext, name: string): ListedPrompt {
  const prompt = findNamed(promptsOf(serving, context), name);
  if (prompt === undefined) throw new ProtocolError(INVALID_PARAMS, `Unknown prompt: ${shown(name)}`);
  return prompt;
}

const NOTHING: CompleteResult = { completion: { values: [], total: 0, hasMore: false } };

/** What nobody completes has no values. */
async function complete(
  serving: McpServing,
  { ref, argument, context: known }: CompleteRequestParams,
  context: ServerContext,
): Promise<CompleteResult> {
  const { host, callerOf, plugin } = serving;
  const { tenant, scopes } = callerOf(context);
  const found = completedOf(serving, ref, context);
  if (found?.completes?.includes(argument.name) !== true) return NOTHING;
  const outcome = await host.offers.complete({
    ...{ tenant, scopes, plugin: plugin ?? found.plugin, of: found.of, signal: context.mcpReq.signal },
    ...{ argument: argument.name, value: argument.value, others: { ...known?.arguments } },
  });
  serving.didCall(outcome);
  if (!outcome.ok) throw offerError(outcome.error);
  return { completion: outcome.value as unknown as CompleteResult['completion'] }; // The host judged its form.
}

function completedOf(serving: McpServing, ref: CompleteRequestParams['ref'], context: ServerContext) {
  const { host, callerOf, plugin } = serving;
  if (ref.type === 'ref/prompt') {
    const prompt = findPrompt(serving, context, ref.name);
    return { ...prompt, of: { prompt: prompt.name } };
  }
  const templates = host.offers.resources(callerOf(context).tenant).filter((resource) => resource.is_template);
  const template = templates.find((each) => toMcpTemplate(each, plugin).uriTemplate === ref.uri);
  return template && { ...template, of: { uriTemplate: template.uri } };
}

type Served = { readonly server: Server; readonly serving: McpServing; readonly plugin: string };

/** A call: how it is started, and what its client is answered. */
type Round<Result> = {
  readonly begun?: RunningCall | undefined;
  readonly start: (more: Omit<CallRequest, 'plugin' | 'tool'>) => Promise<Outcome>;
  readonly toResult: (outcome: Outcome) => Result;
};

/** Runs a call until it has ended, or its client has to answer something first; then the client comes again. */
async function serveRound<Result>(
  { server, serving, plugin }: Served,
  context: ServerContext,
  { begun, start, toResult }: Round<Result>,
): Promise<Result | InputRequiredResult> {
  const { waiting, callerOf, didCall } = serving;
  const { tenant, scopes, actor } = callerOf(context);
  const owner = `${tenant}\0${actor}\0${plugin}`;
  const state = context.mcpReq.requestState<string>();
  let call = state === undefined ? begun : waiting.take(state, owner);
  if (state !== undefined && call === undefined)
    throw new ProtocolError(
      INVALID_PARAMS,
      'The call that this answers is over, or was another server’s. Send it anew.',
    );
  if (call === undefined) {
    const isAskedByAnswer = context.mcpReq.envelope !== undefined;
    const hears = { hearsProgress: true, hearsLines: true }; // What there is of it is the library's to judge.
    call = new RunningCall({ plugin, isAskedByAnswer, can: canOf(server, context), ...hears });
    void call.start((links) => start({ tenant, scopes, ...links })).then(didCall);
  }
  const end = await call.next(context);
  if (end.kind === 'outcome') return toResult(end.outcome);
  return inputRequired({ inputRequests: end.inputRequests, requestState: waiting.keep(call, owner) });
}

/** What the client said that it can be asked: with this request, or when its session began. */
function canOf(server: Server, { mcpReq }: ServerContext): Can {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope };
  const here = envelope[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined; // The library judged it.
  return readCan(here ?? server.getClientCapabilities());
}

function shown(name: string): string {
  return name.slice(0, 128);
}
