/**
 * What the conformance suite of sandboxes is told of a driver, and how its tests call.
 */
import { LIMITS, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { PLUGIN } from './conformance-plugin.ts';
import type { Sandbox, SandboxCall, SandboxOpening, SandboxReply } from './sandbox.ts';

/** What guests may leave: processes of the host, files beyond those at the start, and all timers of the process. */
export type Leftovers = { readonly processes: number; readonly files: number; readonly timers: number };

/** A driver under test. */
export type DriverUnderTest = {
  /** Opens a plugin from the text of its main module. */
  readonly open: (source: string, plugin?: PluginUnderTest) => Promise<SandboxOpening>;
  /** Replies that were dropped so far. */
  readonly droppedCount: () => number;
  readonly logged: () => readonly { readonly level: string; readonly fields: object; readonly message: string }[];
  readonly leftovers: () => Promise<Leftovers>;
  readonly close: () => Promise<void>;
};

/** What a plugin under test is held to, and its manifest. */
export type PluginUnderTest = {
  readonly manifest?: JsonObject;
  readonly memoryMb?: number;
  readonly outputBytesMax?: number;
  readonly initTimeoutMs?: number;
};

/**
 * What runs in the sandboxes of a driver. A plugin tells its host of exports, hooks and imports, and of its end; an MCP server tells
 * of tools alone, and its words are its result, its standard error and its exit code.
 */
export type Inhabitant = 'plugin' | 'mcp_server';

/** The driver under test, once it is open. */
export type Driver = () => DriverUnderTest;

/** A death is told when the last words of the killed process have been read, at most 100 ms after the kill. */
export const GONE_MS = LIMITS.kill_after_deadline_ms.value + 100;

/** Makes a call with a deadline that far away. */
export function callOf(
  name: string,
  params: JsonValue = {},
  change: Partial<SandboxCall> & { readonly leftMs?: number } = {},
): SandboxCall {
  const { leftMs = 10_000, ...rest } = change;
  return {
    target: 'tool',
    name,
    args: [params],
    deadline: performance.now() + leftMs,
    timeoutMs: leftMs,
    isFullTime: true,
    signal: undefined,
    ...rest,
  };
}

/** Opens the suite's plugin. */
export async function openPlugin(driver: Driver, limits?: PluginUnderTest): Promise<Sandbox> {
  const opening = await driver().open(PLUGIN, { manifest: { hooks: ['before_tool_call'] }, ...limits });
  if (!opening.ok) throw new Error(`the plugin did not open: ${JSON.stringify(opening.error)}`);
  return opening.sandbox;
}

/** What a reply is about, without what was measured. */
export function gist(reply: SandboxReply): JsonValue {
  return reply.ok ? reply.value : { kind: reply.error.kind, code: reply.error.code };
}

/** Codes that a plugin's own words bring, and what a process brings that has none. */
const WORDLESS: Readonly<Record<string, string>> = {
  LOAD_FAILED: 'INIT_EXITED',
  IMPORT_REFUSED: 'INIT_EXITED',
  INIT_FAILED: 'INIT_EXITED',
  PLUGIN_THREW: 'TOOL_REPORTED_ERROR',
  GUEST_UNCAUGHT: 'GUEST_EXITED',
  GUEST_UNHANDLED_REJECTION: 'GUEST_EXITED',
};

/** The code that a failure has there. */
export function codeFor(inhabitant: Inhabitant, code: string): string {
  return inhabitant === 'plugin' ? code : (WORDLESS[code] ?? code);
}
