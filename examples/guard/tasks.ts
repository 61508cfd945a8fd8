/**
 * The tasks of guard, for the command line. From the root of the repository:
 *
 *   bulkhead guard evaluate --task examples/guard/tasks.ts#SORT --baseline examples/guard/sort/baseline.ts \
 *     --candidate examples/guard/sort/faster.ts
 *
 * `faster.ts` is let in, `wrong.ts` is not.
 */
export { JSON_PARSER, PROMPT_PAIR, RANKING, SORT, TOP_K } from '@bulkhead/guard';
