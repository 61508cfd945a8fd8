/**
 * Public surface of the server.
 */
export { outcomeOf } from './answer/encode.ts';
export type { FlushingLog, LogLevel } from './log.ts';
export { LOG_LEVELS, createLog } from './log.ts';
export { TOKEN_CHARACTERS_MIN } from './door/principal.ts';
export type { ProtectedResource } from './mcp/protected-resource.ts';
export type { PublicReasons, Server, ServerOptions, ServerRoute } from './server.ts';
export { createServer } from './server.ts';
