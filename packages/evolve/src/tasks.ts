/**
 * The vocabulary of tasks, as evolution speaks it; it is the protocol's (X000-1 to X000-5).
 */
export {
  createTask,
  newerTaskResult,
  parseResult,
  parseTask,
  type InvalidTask,
  type NewerTask,
  type NewTaskFields,
  type ParsedResult,
  type TaskResult,
  type TaskSource,
} from '@bulkhead/protocol';
