/**
 * Turns whatever a plugin throws into plain text with a code. The thrown thing is hostile: it may be null, have getters
 * that throw, or change between two reads (FAULTS 53).
 */
import type { ErrorCode, GuestError } from '@bulkhead/protocol';
import { ToolReportedError } from './adapt/tool.ts';

/** `metadata` is that of a ToolResult with success = false, or what the provider of a language model answered. */
export type Thrown = { readonly code: ErrorCode; readonly error: GuestError; readonly metadata?: unknown };

const TEXT_CHARACTERS_MAX = 2_000;
const STACK_CHARACTERS_MAX = 8_000;

/** Messages by which V8 and Node say that an allocation was refused (FAULTS 21). */
const ALLOCATION_REFUSED = /Array buffer allocation failed|could not allocate memory|Cannot allocate memory/i;

/**
 * Describes a thrown thing.
 *
 * @param fallback - The code where the thrown thing names no refusal of ours: PLUGIN_THREW, LOAD_FAILED, INIT_FAILED.
 */
export function describeThrown(thrown: unknown, fallback: ErrorCode): Thrown {
  const name = readText(thrown, 'name') ?? kindOf(thrown);
  const message = clip(messageOf(thrown), TEXT_CHARACTERS_MAX);
  const stack = readText(thrown, 'stack');
  const said = toldBy(thrown, fallback === 'PLUGIN_THREW' ? name : '');
  const code = said?.code ?? codeOf(readText(thrown, 'code'), name, message) ?? fallback;
  const plain = { name: clip(name, 100), message };
  const error = stack === undefined ? plain : { ...plain, stack: clip(stack, STACK_CHARACTERS_MAX) };
  return said?.metadata === undefined ? { code, error } : { code, error, metadata: said.metadata };
}

/** What the plugin itself says went wrong, and not in its code: of its tool, or of the provider that it asked. */
function toldBy(thrown: unknown, name: string): Pick<Thrown, 'code' | 'metadata'> | undefined {
  if (isToolReport(thrown)) return { code: 'TOOL_REPORTED_ERROR', metadata: thrown.metadata };
  if (name === 'McpToolsChangedError') return { code: 'MCP_TOOLS_CHANGED', metadata: undefined };
  return name === 'ProviderError' ? { code: 'PROVIDER_REFUSED', metadata: refusalOf(thrown) } : undefined;
}

/** What an SDK's ProviderError says of the provider's answer; undefined where it says nothing. */
function refusalOf(thrown: unknown): unknown {
  const status = readNumber(thrown, 'status');
  const retryAfterMs = readNumber(thrown, 'retryAfterMs');
  if (status === undefined && retryAfterMs === undefined) return undefined;
  return { status, retry_after_ms: retryAfterMs };
}

/** A Proxy may throw when it is asked what it is. */
function isToolReport(thrown: unknown): thrown is ToolReportedError {
  try {
    return thrown instanceof ToolReportedError;
  } catch {
    return false;
  }
}

function codeOf(code: string | undefined, name: string, message: string): ErrorCode | undefined {
  if (code === 'IMPORT_REFUSED') return 'IMPORT_REFUSED';
  if (code === 'ERR_MEMORY_ALLOCATION_FAILED') return 'GUEST_OUT_OF_MEMORY';
  if (name === 'RangeError' && ALLOCATION_REFUSED.test(message)) return 'GUEST_OUT_OF_MEMORY';
  if (code === 'ERR_ACCESS_DENIED' || code === 'EACCES' || code === 'EPERM') return 'ACCESS_REFUSED';
  if (code === 'ERR_DLOPEN_DISABLED' || name === 'EvalError') return 'ACCESS_REFUSED';
  return undefined;
}

function messageOf(thrown: unknown): string {
  const message = readText(thrown, 'message');
  if (message !== undefined) return message;
  try {
    return String(thrown);
  } catch {
    return 'a thrown value that cannot be shown as text';
  }
}

function readText(thrown: unknown, key: string): string | undefined {
  const value = read(thrown, key);
  return typeof value === 'string' ? value : undefined;
}

function readNumber(thrown: unknown, key: string): number | undefined {
  const value = read(thrown, key);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function read(thrown: unknown, key: string): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return undefined;
  try {
    return Reflect.get(thrown, key);
  } catch {
    return undefined; // A getter that throws has nothing to say.
  }
}

function kindOf(thrown: unknown): string {
  return thrown === null ? 'null' : typeof thrown;
}

function clip(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}
