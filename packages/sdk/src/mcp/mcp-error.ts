/**
 * How a remote MCP server fails, in words for whoever called.
 */

/** What a remote MCP server did that is no answer. */
export class McpServerError extends Error {
  override readonly name = 'McpServerError';
}

/** What it lists is not what is pinned; the guest tells it by its name as `MCP_TOOLS_CHANGED`. */
export class McpToolsChangedError extends Error {
  override readonly name = 'McpToolsChangedError';
}

const TEXT_CHARACTERS_MAX = 1_000;
const CAUSES_MAX = 8;

/** Says what went wrong; the reason of what was aborted, and what the host refused, are told as they are. */
export function told(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof McpServerError || error instanceof McpToolsChangedError) return error;
  const refusal = causesOf(error).find(isOfHost);
  if (refusal !== undefined) return new McpServerError(refusal.message, { cause: refusal });
  const { message, code, status } = shapeOf(error);
  const said = message.slice(0, TEXT_CHARACTERS_MAX);
  if (status !== undefined)
    return new McpServerError(`the MCP server answered with status ${status}${HINTS[status] ?? ''}`);
  if (typeof code === 'number') return new McpServerError(`the MCP server answered with error ${code}: ${said}`);
  return new McpServerError(`the MCP server did not answer as the Model Context Protocol says: ${said}`);
}

const HINTS: Readonly<Record<number, string>> = {
  401: ': it wants a token, or another one',
  403: ': what its token may is not enough',
  404: ': nothing of MCP is at its address',
};

/** True where the server has forgotten the session that was begun with it; nothing was run. */
export function isSessionGone(error: unknown): boolean {
  return shapeOf(error).status === 404;
}

/** True where the server answered, and goes on. */
export function isAnswer(error: unknown): boolean {
  return typeof shapeOf(error).code === 'number';
}

type ErrorShape = { readonly message: string; readonly code: unknown; readonly status: number | undefined };

/** By its shape: classes are of whichever copy of the client a plugin has. */
function shapeOf(error: unknown): ErrorShape {
  const { message, code, status } = (typeof error === 'object' && error !== null ? error : {}) as Partial<ErrorShape>;
  const text = typeof message === 'string' ? message : String(error);
  return { message: text, code, status: typeof status === 'number' ? status : undefined };
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let at = error; at instanceof Error && causes.length < CAUSES_MAX; at = at.cause) causes.push(at);
  return causes;
}

/** What the broker says: why a request does not go out, or that nobody answered. */
function isOfHost(error: unknown): error is Error {
  const { code } = shapeOf(error);
  return typeof code === 'string' && code.startsWith('EGRESS_');
}
