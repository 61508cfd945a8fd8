/**
 * The tasks of guard, for the command line. From the root of the repository:
 *
 *   bulkhead guard evaluate --task examples/guard/tasks.ts#SORT --baseline examples/guard/sort/baseline.ts \
 *     --candidate examples/guard/sort/faster.ts
 *
 * `faster.ts` is let in, `wrong.ts` is not.
 */
export { JSON_PARSER } from '../../packages/guard/src/task/tasks/json-parser.ts';
export { PROMPT_PAIR } from '../../packages/guard/src/task/tasks/prompt-pair.ts';
export { RANKING } from '../../packages/guard/src/task/tasks/ranking.ts';
export { SORT } from '../../packages/guard/src/task/tasks/sort.ts';
export { TOP_K } from '../../packages/guard/src/task/tasks/top-k.ts';
