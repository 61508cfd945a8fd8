/**
 * For tests: the stdio driver at a chosen tier, opened as in production, and servers made of the text of their files.
 */
import { LIMITS, type PinnedTool, type Tier } from '@bulkhead/protocol';
import { createHash } from 'node:crypto';
import { systemClock } from '../../base/clock.ts';
import { packTree } from '../../base/packed-tree.ts';
import { openSandboxFixture, type SandboxFixture } from '../process/sandbox-fixture.ts';
import type { GuestLine } from '../process/driver.ts';
import type { StdioDriver, StdioSpec } from './driver.ts';
import { openStdioDriver } from './open-stdio-driver.ts';

/** An open driver with what it told. */
export type StdioFixture = {
  readonly driver: StdioDriver;
  readonly process: SandboxFixture;
  readonly said: readonly GuestLine[];
  readonly droppedCount: () => number;
  readonly close: () => Promise<void>;
};

/** Opens it; a tier that does not hold here is an error. */
export async function openStdioFixture(tier: Tier, stateRoot?: string): Promise<StdioFixture> {
  let dropped = 0;
  const said: GuestLine[] = [];
  const process = await openSandboxFixture(tier);
  const quiet = (): void => undefined;
  const driver = await openStdioDriver({
    clock: systemClock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    sandbox: process.sandbox,
    stateRoot,
    onOpened: quiet,
    onDropped: () => void (dropped += 1),
    onSaid: (_, line) => void said.push(line),
    onErrorText: quiet,
  });
  return {
    driver,
    process,
    said,
    droppedCount: () => dropped,
    close: async () => {
      await driver.close();
      await process.close();
    },
  };
}

/** Makes the spec of a server whose files are these texts; its main is `main.mjs`. */
export function serverSpec(files: Readonly<Record<string, string>>, change: Partial<StdioSpec> = {}): StdioSpec {
  const tree = packTree(
    Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text), isExecutable: false })),
  );
  return {
    name: 'under_test',
    tenant: 'acme',
    digest: createHash('sha256').update(tree).digest('hex'),
    readTree: async () => tree,
    program: { main: 'main.mjs', command: undefined, args: [] },
    env: {},
    tools: undefined,
    keepsState: false,
    allowChildren: false,
    memoryMb: 64,
    cpuMsMax: 30_000,
    outputBytesMax: 1024 * 1024,
    initTimeoutMs: LIMITS.init_timeout_ms.value,
    ...change,
  };
}

/** Pins tools by their names alone, as {@link MCP_SERVER} lists them. */
export function pinned(...names: readonly string[]): readonly PinnedTool[] {
  return names.map((name) => ({ name, mcp_name: name, description: name, parameters: { type: 'object' } }));
}

/**
 * A server without a library: `serve(tools)` answers the protocol, a tool is a function of its arguments and of what it may say
 * meanwhile. What a test wants to be odd is in its own `main.mjs`.
 */
export const MCP_SERVER = `
import { createInterface } from 'node:readline';
const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const waiting = new Map();
let asked = 0;
export const notify = (method, params) => write({ method, params });
export const ask = (method, params = {}) => new Promise((resolve) => {
  asked += 1;
  waiting.set('s' + asked, resolve);
  write({ id: 's' + asked, method, params });
});
export const answer = (id, result) => write({ id, result });
export function serve(tools, { protocolVersion, list, onMessage = () => false } = {}) {
  const listed = list ?? Object.keys(tools).map((name) => ({ name, description: name, inputSchema: { type: 'object' } }));
  const handle = async (message) => {
    if (onMessage(message)) return;
    const { id, method, params } = message;
    if (method === undefined) return waiting.get(id)?.(message);
    if (method === 'initialize') {
      const about = { capabilities: { tools: {} }, serverInfo: { name: 'small', version: '1.0.0' } };
      return answer(id, { protocolVersion: protocolVersion ?? params.protocolVersion, ...about });
    }
    if (method === 'ping') return answer(id, {});
    if (method === 'tools/list') return answer(id, { tools: listed });
    if (method !== 'tools/call') return;
    try {
      const value = await tools[params.name](params.arguments, { id, token: params._meta?.progressToken });
      answer(id, { content: [{ type: 'text', text: JSON.stringify(value ?? null) }], structuredContent: { value: value ?? null } });
    } catch (error) {
      answer(id, { content: [{ type: 'text', text: String(error) }], isError: true });
    }
  };
  createInterface({ input: process.stdin }).on('line', (line) => handle(JSON.parse(line)));
}
`;
