/**
 * A tool as its author wrote it, read once and made runnable, and its wire form.
 */
import { LIMITS, TOOL_NAME_PATTERN, parseToolName, type JsonObject, type WireTool } from '@bulkhead/protocol';
import { settle } from './settle.ts';
import { asMethod, describe, isRecord, plainJson, type Method } from './shape.ts';

/** What a tool answered; `metadata` is a ToolResult's. */
export type ToolAnswer = { readonly value: unknown; readonly metadata?: JsonObject };

/** A tool made runnable: its wire form, and a function that parses the parameters where the author gave a parser. */
export type AdaptedTool = {
  readonly wire: WireTool;
  readonly run: (params: unknown, context: unknown) => ToolAnswer | Promise<ToolAnswer>;
};

/** Thrown where a tool itself says that it could not do what was asked; the runtime knows it by its code. */
export class ToolReportedError extends Error {
  override readonly name = 'ToolReportedError';
  readonly code = 'TOOL_REPORTED_ERROR';
  readonly metadata: JsonObject | undefined;

  constructor(message: string, metadata?: JsonObject) {
    super(message);
    this.metadata = metadata;
  }
}

/**
 * Reads one tool of a plugin's `tools`.
 *
 * @param where - Names the place for errors until the tool's own name is known.
 * @param executeAll - The plugin's own `execute`, which then runs every tool and answers with a ToolResult.
 * @throws TypeError that names the tool, what was found and what was expected.
 */
export function readTool(definition: unknown, where: string, executeAll?: Method): AdaptedTool {
  if (!isRecord(definition)) {
    throw new TypeError(
      `${where} is ${describe(definition)}; expected a tool { name, description, parameters, execute }`,
    );
  }
  const fields = readFields(definition);
  const { wire, parse } = toWire(fields, where);
  const { name } = wire;
  if (executeAll !== undefined) {
    return {
      wire,
      run: (params, context) => runParsed(parse, params, (p) => settle(executeAll(name, p, context), unwrap)),
    };
  }
  const execute = asMethod(fields['execute'], `execute of the tool "${name}"`, definition);
  if (execute === undefined) throw new TypeError(`the tool "${name}" has no execute, and neither has the plugin`);
  return { wire, run: (params, context) => runParsed(parse, params, (p) => settle(execute(p, context), asAnswer)) };
}

/** Reads one export named under `entry_points.tools`: a tool definition, or a function whose return is the value. */
export function readEntryPointTool(name: string, exported: unknown): AdaptedTool {
  const where = `the entry point "${name}" of tools`;
  if (typeof exported === 'function') {
    const description = `Runs the plugin’s function "${name}".`;
    return readTool({ name, description, parameters: { type: 'object' }, execute: exported }, where);
  }
  const tool = readTool(exported, where);
  if (tool.wire.name === name) return tool;
  throw new TypeError(`${where} exports the tool "${tool.wire.name}"; expected the same name on both sides`);
}

const FIELDS = ['name', 'description', 'parameters', 'returns', 'idempotent', 'content', 'execute'];
/** Fields whose wire spelling differs. Both are read, so that a permission written the other way is never lost. */
const RESPELLED = { requiredPermissions: 'required_permissions', needsApproval: 'needs_approval' };

type Fields = Readonly<Record<string, unknown>>;

function readFields(definition: Fields): Fields {
  const plain = FIELDS.map((name) => [name, definition[name]]);
  const respelled = Object.entries(RESPELLED).map(([name, wire]) => [name, definition[name] ?? definition[wire]]);
  return Object.fromEntries([...plain, ...respelled]) as Fields; // fromEntries forgets its values' type.
}

type Parse = (value: unknown) => unknown;

/** The one place where a ToolDefinition becomes its wire form: camelCase to snake_case, schemas to JSON Schema. */
function toWire(fields: Fields, where: string): { readonly wire: WireTool; readonly parse: Parse | undefined } {
  const name = parseToolName(fields['name']);
  if (name === undefined) {
    throw new TypeError(
      `${where} has the name ${describe(fields['name'])}; expected text that matches ${TOOL_NAME_PATTERN}`,
    );
  }
  const { description, idempotent = false, needsApproval = false, requiredPermissions = [], content = false } = fields;
  const wrong = (field: string, expected: string): TypeError =>
    new TypeError(`the tool "${name}" has the ${field} ${describe(fields[field])}; expected ${expected}`);
  if (typeof description !== 'string' || description === '') throw wrong('description', 'a sentence');
  if (typeof idempotent !== 'boolean') throw wrong('idempotent', 'true or false');
  if (typeof needsApproval !== 'boolean') throw wrong('needsApproval', 'true or false');
  if (typeof content !== 'boolean') throw wrong('content', 'true or false');
  if (!isTextList(requiredPermissions)) throw wrong('requiredPermissions', 'an array of permissions');
  const parameters = readSchema(fields['parameters'], 'input', `the parameters schema of the tool "${name}"`);
  const base = {
    name,
    description,
    parameters: parameters.json,
    idempotent,
    needs_approval: needsApproval,
    required_permissions: [...requiredPermissions],
    ...(content && { content }),
  };
  if (fields['returns'] === undefined) return { wire: base, parse: parameters.parse };
  const returns = readSchema(fields['returns'], 'output', `the returns schema of the tool "${name}"`).json;
  return { wire: { ...base, returns }, parse: parameters.parse };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

type Schema = { readonly json: JsonObject; readonly parse: Parse | undefined };

/** Reads a JSON Schema, or a Standard Schema's own JSON Schema together with its parser. */
function readSchema(schema: unknown, side: 'input' | 'output', what: string): Schema {
  const standard: unknown = isObject(schema) ? Reflect.get(schema, '~standard') : undefined;
  if (standard === undefined) return { json: boundedJson(schema, what), parse: undefined };
  if (!isRecord(standard)) throw new TypeError(`${what} has a "~standard" that is ${describe(standard)}`);
  const { vendor, jsonSchema, validate } = standard;
  const write = isRecord(jsonSchema) ? asMethod(jsonSchema[side], `jsonSchema.${side}`, jsonSchema) : undefined;
  if (write === undefined) {
    const cure =
      vendor === 'valibot' ? 'wrap it in toStandardJsonSchema of @valibot/to-json-schema' : 'write JSON Schema';
    throw new TypeError(`${what} is a Standard Schema of ${describe(vendor)} that yields no JSON Schema; ${cure}`);
  }
  return { json: boundedJson(written(write, what), what), parse: asMethod(validate, `validate of ${what}`, standard) };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null; // arktype's schemas are functions.
}

function written(write: Method, what: string): unknown {
  try {
    return write({ target: 'draft-2020-12' });
  } catch (cause) {
    throw new TypeError(`${what} cannot be written as JSON Schema: ${String(cause)}`, { cause });
  }
}

function boundedJson(schema: unknown, what: string): JsonObject {
  const json = plainJson(schema, what);
  const bytes = Buffer.byteLength(JSON.stringify(json));
  const bytesMax = LIMITS.tool_schema_bytes.value;
  if (bytes > bytesMax) throw new TypeError(`${what} has ${bytes} bytes; at most ${bytesMax} are taken`);
  return json;
}

type Answering = (params: unknown) => ToolAnswer | Promise<ToolAnswer>;

function runParsed(parse: Parse | undefined, params: unknown, run: Answering): ToolAnswer | Promise<ToolAnswer> {
  if (parse === undefined) return run(params);
  return settle(parse(params), (result) => run(parsedValue(result)));
}

/** Input that passed the JSON Schema and not its author's finer rules is the tool's own refusal (CONTRACTS decision 15). */
function parsedValue(result: unknown): unknown {
  if (!isObject(result)) throw new TypeError(`the parameters’ Standard Schema answered ${describe(result)}`);
  const { issues, value } = result as { readonly issues?: unknown; readonly value?: unknown }; // arktype's is an array.
  if (issues === undefined) return value;
  throw new ToolReportedError(`the parameters do not match: ${issuesText(issues)}`);
}

const ISSUES_SHOWN_MAX = 5;

function issuesText(issues: unknown): string {
  if (!Array.isArray(issues)) return describe(issues);
  return issues.slice(0, ISSUES_SHOWN_MAX).map(issueText).join('; ');
}

function issueText(issue: unknown): string {
  const { message, path } = isRecord(issue) ? issue : {};
  const keys = Array.isArray(path) ? path.map((part: unknown) => String(isRecord(part) ? part['key'] : part)) : [];
  return keys.length === 0 ? String(message) : `${keys.join('.')}: ${String(message)}`;
}

function asAnswer(value: unknown): ToolAnswer {
  return { value };
}

/** Unwraps what a plugin's own `execute` answers (DESIGN 8). */
function unwrap(result: unknown): ToolAnswer {
  const { success, data, error, metadata } = isRecord(result) ? result : {};
  if (typeof success !== 'boolean') {
    throw new TypeError(
      `execute answered ${describe(result)}; expected a ToolResult { success, data, error, metadata }`,
    );
  }
  const extra =
    metadata === undefined || metadata === null ? undefined : plainJson(metadata, 'the metadata of a ToolResult');
  if (!success) throw new ToolReportedError(typeof error === 'string' ? error : describe(error), extra);
  return extra === undefined ? { value: data } : { value: data, metadata: extra };
}
