/**
 * A matcher for Vitest: whether a candidate may take the place of a baseline. Two lines of a setup file bring it in:
 *
 *   expect.extend(guardMatchers);
 *   afterAll(closeGuardHost);
 */
export type { AdoptableOptions } from './to-be-adoptable-over.ts';
export { closeGuardHost, guardMatchers } from './to-be-adoptable-over.ts';
