/**
 * Resources and prompts in the call flow: which arguments a prompt takes, and what an offer may answer.
 */
import {
  COMPLETION_RESULT_SCHEMA,
  PROMPT_RESULT_SCHEMA,
  RESOURCE_RESULT_SCHEMA,
  callError,
  isJsonObject,
  offerTarget,
  type CallError,
  type GuestReady,
  type JsonValue,
  type WirePrompt,
} from '@bulkhead/protocol';
import { compileOwnSchema, type SchemaCheck } from '../schema/compile-schema.ts';
import type { CallTask } from './call-run.ts';

const CHECKS: Readonly<Record<string, SchemaCheck>> = {
  read: compileOwnSchema(RESOURCE_RESULT_SCHEMA),
  get: compileOwnSchema(PROMPT_RESULT_SCHEMA),
  complete: compileOwnSchema(COMPLETION_RESULT_SCHEMA),
};
/** A URI may hold any of these signs; the last "#" is the method's. */
const OFFER = /^(?:resources|prompts)\/.*#(read|get|complete)$/s;

/** What is wrong with what an offer answered; undefined where nothing is, and for every other call. */
export function judgeOffer({ target }: CallTask, value: JsonValue): string | undefined {
  const method = target.kind === 'entry' ? OFFER.exec(target.name)?.[1] : undefined;
  return method === undefined ? undefined : CHECKS[method]?.(value);
}

/** Judges the arguments of a prompt by what it lists; returns the refusal, or undefined where they fit. */
export function refuseArguments({ target, args }: CallTask, ready: GuestReady): CallError | undefined {
  const isPrompt = target.kind === 'entry' && target.name.startsWith('prompts/') && target.name.endsWith('#get');
  const prompt = isPrompt && ready.prompts?.find(({ name }) => offerTarget('prompts', name, 'get') === target.name);
  const wrong = prompt ? wrongArgument(prompt, args[0]) : undefined;
  return wrong === undefined ? undefined : callError('PARAMS_INVALID', { message: `arguments: ${wrong}` });
}

function wrongArgument({ arguments: taken }: WirePrompt, given: JsonValue = {}): string | undefined {
  if (!isJsonObject(given)) return 'they are no object';
  const missing = taken.find(({ name, required }) => required && given[name] === undefined);
  if (missing !== undefined) return `"${missing.name}" is missing`;
  const names = new Set(taken.map(({ name }) => name));
  const unknown = Object.keys(given).find((name) => !names.has(name));
  if (unknown !== undefined) return `the prompt takes no ${JSON.stringify(unknown.slice(0, 80))}`;
  const odd = Object.keys(given).find((name) => typeof given[name] !== 'string');
  return odd === undefined ? undefined : `"${odd}" is no text`;
}
