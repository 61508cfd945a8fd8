/**
 * Changes sources as tasks: two handlers of kind `mutate`, told apart by whether the payload brings its patch.
 */
export { ApplyPatchHandler } from './apply-patch.ts';
export { PatchMutatorHandler } from './patch-mutator.ts';
