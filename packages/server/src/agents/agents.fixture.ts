/**
 * For tests: a server with a scripted model and a calculator, and what a client of `/v1/agents/runs` does.
 */
import { join } from 'node:path';
import type { AgentRun, CallError, JsonObject } from '@bulkhead/protocol';
import {
  REPOSITORY,
  TOKEN,
  startServer,
  writePlugin,
  type TestServer,
  type TestServerOptions,
} from '../server-fixture.ts';

/** What the model says at each turn of a chat; see `config_schema` of llm_mock. */
export type Script = readonly JsonObject[];

/** A server whose model is scripted. */
export type AgentServer = TestServer & {
  readonly script: (answers: Script) => Promise<void>;
  readonly run: (body: object) => Promise<RunAnswer>;
  readonly ask: (path: string, init?: { readonly method?: string; readonly body?: object }) => Promise<Response>;
  /** Installs a plugin of these lines, for everybody unless a tenant is named. */
  readonly install: (name: string, main: string, options?: Installing) => Promise<void>;
};

/** What is beside a plugin's code; what it asks for is granted. */
export type Installing = {
  readonly manifest?: object;
  readonly grant?: readonly string[];
  readonly tenant?: string;
};

/** How a run was answered. */
export type RunAnswer = {
  readonly status: number;
  readonly run: AgentRun;
  readonly error: CallError;
  readonly call: { readonly call_id: string };
};

/** Asks for a sum, then says what it is. */
export const ADDS: Script = [
  { turn: 1, text: 'I add.', tool_calls: [{ name: 'calculator__add', arguments: { a: 2, b: 3 } }] },
  { turn: 2, text: 'It is 5.' },
];

/** Starts it. */
export async function startAgentServer(options: TestServerOptions = {}): Promise<AgentServer> {
  const plugins = ['calculator', 'llm_mock'].map((name) => join(REPOSITORY, 'plugins', name));
  const opened = new AsyncDisposableStack();
  const server = opened.use(await startServer({ ...options, plugins }));
  const ask: AgentServer['ask'] = (path, { method = 'POST', body } = {}) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return {
    ...server,
    ask,
    script: async (answers) => void (await server.host.registrations.enable('llm_mock', { config: { answers } })),
    run: async (body) => {
      const response = await ask('/v1/agents/runs', { body: { backend: 'mock', ...body } });
      const { value, error, call } = (await response.json()) as {
        value: AgentRun;
        error: CallError;
        call: { call_id: string };
      };
      return { status: response.status, run: value, error, call };
    },
    install: async (name, main, { manifest = {}, grant = [], tenant } = {}) => {
      const asks = grant.length === 0 ? {} : { required_permissions: grant };
      const plugin = opened.use(await writePlugin(name, main, { ...manifest, ...asks }));
      const { state, reason } = await server.host.install(plugin.dir, {
        grant,
        ...(tenant !== undefined && { tenant }),
      });
      if (state !== 'INITIALIZED') throw new Error(reason);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
