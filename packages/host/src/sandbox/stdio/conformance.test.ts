import { sandboxConformance } from '../conformance.ts';
import type { DriverUnderTest } from '../conformance-fixture.ts';
import type { Sandbox, SandboxOpening, SandboxReply } from '../sandbox.ts';
import { PLUGIN } from '../conformance-plugin.ts';
import { MCP_SERVER, openStdioFixture, pinned, serverSpec } from './stdio-fixture.ts';

/** Serves the tools of a plugin's main module over the protocol, and aborts them when they are cancelled. */
const SERVED_PLUGIN = `
import { serve } from './mcp.mjs';
const { main } = await import('./plugin.mjs');
const plugin = main.default;
await plugin.onLoad?.({});
const aborts = new Map();
const run = ({ execute }) => (params, { id }) => {
  const abort = new AbortController();
  aborts.set(id, abort);
  return execute(params, { signal: abort.signal, config: {} });
};
const heard = ({ method, params }) => method === 'notifications/cancelled' && aborts.get(params.requestId)?.abort();
serve(Object.fromEntries(plugin.tools.map((tool) => [tool.name, run(tool)])), { onMessage: (message) => void heard(message) });
`;

/** The names of the suite's tools, as its plugin writes them. */
const NAMES = [...PLUGIN.matchAll(/^ {4}([a-z]\w*)[:,]/gim)]
  .map(([, name = '']) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  .filter((name) => !['default', 'tools', 'hooks', 'health_check', 'on_unload', 'plus'].includes(name));

for (const tier of ['confined', 'jail'] as const) {
  sandboxConformance(`stdio driver at tier ${tier}`, () => openUnderTest(tier), 'mcp_server');
}

/** A guest boots before its plugin is loaded; for a server that is one. */
const BOOT_MS = 3_000;

async function openUnderTest(tier: 'confined' | 'jail'): Promise<DriverUnderTest> {
  const fixture = await openStdioFixture(tier);
  return {
    open: async (source, { memoryMb = 64, outputBytesMax = 1024 * 1024, initTimeoutMs = 10_000 } = {}) => {
      const files = { 'main.mjs': SERVED_PLUGIN, 'plugin.mjs': source, 'mcp.mjs': MCP_SERVER };
      const tools = source === PLUGIN ? pinned(...NAMES) : [];
      const limits = { memoryMb, outputBytesMax, initTimeoutMs: initTimeoutMs + BOOT_MS };
      return plainly(await fixture.driver.open(serverSpec(files, { tools, ...limits })));
    },
    droppedCount: fixture.droppedCount,
    logged: () => [],
    leftovers: fixture.process.leftovers,
    close: fixture.close,
  };
}

/** The suite's tools answer with values of any kind; a structured result is an object around them. */
function plainly(opening: SandboxOpening): SandboxOpening {
  if (!opening.ok) return opening;
  const { sandbox } = opening;
  const plain: Sandbox = {
    instanceId: sandbox.instanceId,
    tier: sandbox.tier,
    ready: sandbox.ready,
    died: sandbox.died,
    worn: sandbox.worn,
    run: async (call) => unwrapped(await sandbox.run(call)),
    configure: (config) => sandbox.configure(config),
    isServing: () => sandbox.isServing(),
    whenServing: () => sandbox.whenServing(),
    close: () => sandbox.close(),
    diagnose: () => sandbox.diagnose(),
    usage: () => sandbox.usage(),
    takePeakRssBytes: () => sandbox.takePeakRssBytes(),
  };
  return { ok: true, sandbox: plain };
}

function unwrapped(reply: SandboxReply): SandboxReply {
  if (!reply.ok || typeof reply.value !== 'object' || reply.value === null || !('value' in reply.value)) return reply;
  return { ...reply, value: reply.value['value'] }; // As the server above wraps it.
}
