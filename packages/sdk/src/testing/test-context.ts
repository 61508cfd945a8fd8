/**
 * A context for an author's own unit tests, which call a plugin's functions without a sandbox. The host's services are not there: a
 * test gives what it stands in for, and `testPlugin` runs the plugin with the real ones.
 */
import type { Memory, PluginContext, ToolContext } from '../context.ts';
import type { Events } from '../events.ts';

/** What a test gives; the rest has a default. */
export type TestContext = Partial<PluginContext & ToolContext>;

/** Makes a context: tenant `default`, no configuration, a logger that says nothing, and services that reject. */
export function createTestContext(given: TestContext = {}): PluginContext & ToolContext {
  return {
    tenantId: 'default',
    config: {},
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    signal: new AbortController().signal,
    secrets: {},
    memory: absentMemory(),
    callTool: absent('callTool'),
    run: absent('run'),
    llm: { generate: absent('llm', 'llm.generate'), stream: absentStream },
    events: absentEvents(),
    progress: silent,
    client: { elicit: absent('client', 'client.elicit'), sample: absent('client', 'client.sample') },
    resourceUpdated: silent,
    threads: { start: absent('threads', 'threads.start'), list: () => [] },
    resources: () => ({ memoryBytes: 0, memoryLimitBytes: Infinity, threads: 0, threadsMax: 16, ok: true }),
    onConfigChange: () => silent,
    setLogLevel: silent,
    ...given,
  };
}

const silent = (): void => undefined;

function absentMemory(): Memory {
  const method = (name: string): (() => Promise<never>) => absent('memory', `memory.${name}`);
  return {
    store: method('store'),
    query: method('query'),
    get: method('get'),
    related: method('related'),
    summarize: method('summarize'),
    remove: method('remove'),
  };
}

function absentEvents(): Events {
  return { publish: absent('events', 'events.publish'), subscribe: absent('events', 'events.subscribe') };
}

async function* absentStream(): AsyncGenerator<never> {
  yield await absent('llm', 'llm.stream')();
}

function absent(service: string, name: string = service): () => Promise<never> {
  return async () => {
    throw new Error(`${name} is not in this test context; give createTestContext({ ${service} }) one of your own`);
  };
}
