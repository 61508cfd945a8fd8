/**
 * What an author's tests import: `@bulkhead/sdk/testing`.
 */
export type { TestContext } from './test-context.ts';
export { createTestContext } from './test-context.ts';
export type { RegisterTest, TestPluginOptions } from './test-plugin.ts';
export { testPlugin } from './test-plugin.ts';
