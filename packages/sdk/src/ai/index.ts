/**
 * `@bulkhead/sdk/ai`: any language model of an AI SDK provider as a backend. The provider runs in the sandbox beside the plugin's
 * code, and its `fetch` is the guest's; only its types are known here, so that a plugin bundles the provider that it chose and no other.
 */
export { type CostOf } from './answer.ts';
export { generateWith, type ModelRequest } from './generate-with.ts';
export { limitedFetch } from './limited-fetch.ts';
