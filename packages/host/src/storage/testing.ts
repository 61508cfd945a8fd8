/**
 * What tests of other packages take from the host, as `@bulkhead/host/testing`; it imports vitest, so production code does not.
 */
export { storageConformance } from './conformance.ts';
export { createFailingStorage, type FailingStorage } from './failing.ts';
export { taskQueueConformance } from '../tasks/conformance.ts';
export type { QueueUnderTest } from '../tasks/conformance-fixture.ts';
