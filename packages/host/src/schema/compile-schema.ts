/**
 * Compiles a plugin's JSON Schema into a check that cannot hang the host. A schema is hostile: a pattern may backtrack
 * for ever, and nested alternatives may take exponential time on a small value. Schemas with such keywords are checked
 * under a time limit that V8 enforces; the others, whose cost is the value's size, are checked directly.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createContext, Script } from 'node:vm';

/** Checks one value; returns what is wrong with it, naming the place, or undefined where it fits. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** A schema that compiled, or why it is none, in words for its author. */
export type CompiledSchema =
  { readonly ok: true; readonly check: SchemaCheck } | { readonly ok: false; readonly message: string };

/** A schema of the largest allowed size compiles in under 100 ms. */
const COMPILE_MS_MAX = 1_000;
/** Ordinary values take microseconds; what needs longer is an attack on the host. */
const CHECK_MS_MAX = 100;
/** Keywords whose cost is not bounded by the value's size times the schema's. */
const COSTLY = new Set([
  'pattern',
  'patternProperties',
  'format',
  'uniqueItems',
  'contains',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'if',
  '$ref',
  '$dynamicRef',
  'unevaluatedProperties',
  'unevaluatedItems',
]);
const DRAFT_7 = 'http://json-schema.org/draft-07/schema';
const OPTIONS = {
  strict: false,
  allErrors: false,
  validateFormats: true,
  inlineRefs: false,
  logger: false,
  validateSchema: false, // A judge does it.
} as const;

/**
 * Compiles a schema (2020-12, or draft-07 where `$schema` says so).
 *
 * @param what - Names the schema in messages: `parameters of tool "add"`.
 */
export function compileSchema(schema: JsonObject, what: string): CompiledSchema {
  try {
    const validate = compile(schema);
    const run = hasCostlyKeyword(schema) ? guarded(validate) : validate;
    return { ok: true, check: (value) => (run(value) ? undefined : describeErrors(validate.errors)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    return { ok: false, message: `the ${what} are no JSON Schema: ${why}` };
  }
}

/**
 * Compiles a schema of our own when something is first held to it: a host has some thirty, and most runs use few. It costs what
 * its value is long, and is checked without a limit of time.
 */
export function compileOwnSchema(schema: JsonObject): SchemaCheck {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= create(Ajv2020).compile(schema);
    return validate(value) ? undefined : describeErrors(validate.errors);
  };
}

/** Makes the judge of the usual draft, which the first schema of a plugin would wait for. */
export function prepareSchemas(): void {
  judgeOf(Ajv2020);
}

/** Each schema has a compiler of its own, because what one names by `$id` another could see. */
function compile(schema: JsonObject): ValidateFunction {
  const draft = draftOf(schema);
  const judge = judgeOf(draft);
  return withinTime(COMPILE_MS_MAX, () => {
    void judge.validateSchema(schema, true);
    return create(draft).compile(schema);
  }) as ValidateFunction; // Ajv's own.
}

type Draft = typeof Ajv | typeof Ajv2020;

function draftOf({ $schema }: JsonObject): Draft {
  return typeof $schema === 'string' && $schema.startsWith(DRAFT_7) ? Ajv : Ajv2020;
}

const judges = new Map<Draft, InstanceType<Draft>>();

/**
 * Says whether a schema is one. To compile a draft's own schema takes twenty times as long as most schemas do, so all share
 * it; before any time limit runs, since an interrupted compiler is of no more use.
 */
function judgeOf(draft: Draft): InstanceType<Draft> {
  const known = judges.get(draft);
  if (known !== undefined) return known;
  const judge = create(draft);
  void judge.validateSchema({}, true);
  judges.set(draft, judge);
  return judge;
}

function create(draft: Draft): InstanceType<Draft> {
  const ajv = new draft(OPTIONS);
  addFormats.default(ajv, { mode: 'fast' });
  return ajv;
}

function guarded(validate: ValidateFunction): (value: unknown) => boolean {
  return (value) => {
    try {
      return withinTime(CHECK_MS_MAX, () => validate(value)) === true;
    } catch {
      // Out of time or of stack: whoever wrote such a schema does not get the benefit of the doubt.
      validate.errors = [{ keyword: 'time', instancePath: '', schemaPath: '', params: {}, message: TOO_COSTLY }];
      return false;
    }
  };
}

const TOO_COSTLY = `takes longer than ${CHECK_MS_MAX} ms to check against the schema`;
const timed = createContext({ run: undefined as unknown });
const script = new Script('run()');

/** V8 interrupts what runs in a script past its time, backtracking patterns included. */
function withinTime(milliseconds: number, run: () => unknown): unknown {
  timed['run'] = run;
  try {
    return script.runInContext(timed, { timeout: milliseconds });
  } finally {
    timed['run'] = undefined;
  }
}

function hasCostlyKeyword(schema: JsonObject): boolean {
  const open: unknown[] = [schema];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    if (!Array.isArray(node) && Object.keys(node).some((key) => COSTLY.has(key))) return true;
    open.push(...Object.values(node));
  }
  return false;
}

const ERRORS_SHOWN = 3;

function describeErrors(errors: readonly ErrorObject[] | null | undefined): string {
  const texts = (errors ?? []).slice(0, ERRORS_SHOWN).map((error) => {
    const where = error.instancePath === '' ? 'the value' : `"${error.instancePath}"`;
    const extra = error.keyword === 'additionalProperties' ? ` ("${String(error.params['additionalProperty'])}")` : '';
    return `${where} ${error.message ?? 'does not fit'}${extra}`;
  });
  return texts.length === 0 ? 'the value does not fit' : texts.join('; ');
}
