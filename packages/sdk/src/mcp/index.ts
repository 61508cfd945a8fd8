/**
 * `@bulkhead/sdk/mcp`: an MCP server that is reached by HTTP, as a plugin. The official client runs in the sandbox beside it, and its
 * `fetch` is the guest's: where it goes is the manifest's to say, and a token never comes in.
 */
export { RemoteServer, type RemoteManifest } from './remote-server.ts';
export { ServerLister } from './server-lister.ts';
