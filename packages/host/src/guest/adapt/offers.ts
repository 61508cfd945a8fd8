/**
 * Resources and prompts as their author wrote them, read once and made runnable, and their wire form. What they answer is
 * brought to the one form of MCP here, so that the host has one to judge.
 */
import {
  LIMITS,
  offerTarget,
  templateVariables,
  type OfferMethod,
  type WireArgument,
  type WirePrompt,
  type WireResource,
} from '@bulkhead/protocol';
import { settle } from './settle.ts';
import { asMethod, describe, isRecord, type Method } from './shape.ts';

/** What a plugin offers to read and to begin with; `run` takes the names of `offerTargets`. */
export type AdaptedOffers = {
  readonly resources: readonly WireResource[];
  readonly prompts: readonly WirePrompt[];
  readonly has: (target: string) => boolean;
  readonly run: (target: string, args: readonly unknown[], context: unknown) => unknown;
};

type Bag = Readonly<Record<string, unknown>>;
type Run = (args: readonly unknown[], context: unknown) => unknown;
type Adapted<Wire> = { readonly wire: Wire; readonly runs: ReadonlyMap<string, Run> };

/**
 * Reads a plugin's `resources` and `prompts`.
 *
 * @throws TypeError that names the one, what was found and what was expected.
 */
export function adaptOffers(resources: unknown, prompts: unknown): AdaptedOffers {
  const readable = listOf(resources, 'resources', readResource);
  const gettable = listOf(prompts, 'prompts', readPrompt);
  const runs = new Map<string, Run>();
  for (const { runs: own } of [...readable, ...gettable]) {
    for (const [target, run] of own) {
      if (runs.has(target)) throw new TypeError(`the plugin offers "${target.replace(/#\w+$/, '')}" twice`);
      runs.set(target, run);
    }
  }
  return {
    resources: readable.map(({ wire }) => wire),
    prompts: gettable.map(({ wire }) => wire),
    has: (target) => runs.has(target),
    run: (target, args, context) => runs.get(target)?.(args, context),
  };
}

function listOf<Wire>(
  value: unknown,
  kind: 'resources' | 'prompts',
  read: (definition: Bag, where: string) => Adapted<Wire>,
): readonly Adapted<Wire>[] {
  const listed = value ?? [];
  if (!Array.isArray(listed)) throw new TypeError(`the plugin’s ${kind} are ${describe(listed)}; expected an array`);
  const max = LIMITS[kind].value;
  if (listed.length > max) throw new TypeError(`the plugin has ${listed.length} ${kind}; at most ${max} are taken`);
  return Array.from(listed, (definition: unknown, index) => {
    const where = `${kind}[${index}]`;
    if (isRecord(definition)) return read(definition, where);
    throw new TypeError(`${where} is ${describe(definition)}; expected an object`);
  });
}

function readResource(definition: Bag, where: string): Adapted<WireResource> {
  const { uri, uriTemplate } = definition;
  if ((uri === undefined) === (uriTemplate === undefined))
    throw new TypeError(`${where} has ${uri === undefined ? 'no' : 'both'} uri and uriTemplate; expected one of them`);
  const isTemplate = uri === undefined;
  const key = text(isTemplate ? uriTemplate : uri, `${where}.${isTemplate ? 'uriTemplate' : 'uri'}`);
  const variables = isTemplate ? templateVariables(key) : [];
  if (variables === undefined)
    throw new TypeError(
      `${where}.uriTemplate is "${key}"; expected variables such as {id} or {+path}, with text between them`,
    );
  assertUri(key, where);
  const read = asMethod(definition['read'], `read of ${where}`, definition);
  if (read === undefined) throw new TypeError(`${where} has no read; expected a function`);
  const completions = completionsOf(definition, variables, where);
  const mimeType = optionalText(definition, 'mimeType', where);
  const wire = {
    uri: key,
    is_template: isTemplate,
    name: text(definition['name'], `${where}.name`),
    ...said(definition, where),
    ...(mimeType !== undefined && { mime_type: mimeType }),
    ...(completions.size > 0 && { completes: [...completions.keys()] }),
  };
  const run: Run = ([asked, values], context) => {
    const at = typeof asked === 'string' ? asked : key;
    const answer = read({ uri: at, variables: isRecord(values) ? values : {} }, context);
    return settle(answer, (contents) => asContents(contents, at, mimeType));
  };
  return { wire, runs: runsOf('resources', key, { read: run, completions }) };
}

function readPrompt(definition: Bag, where: string): Adapted<WirePrompt> {
  const name = text(definition['name'], `${where}.name`);
  const get = asMethod(definition['get'], `get of the prompt "${name}"`, definition);
  if (get === undefined) throw new TypeError(`the prompt "${name}" has no get; expected a function`);
  const listed = definition['arguments'] ?? [];
  if (!Array.isArray(listed))
    throw new TypeError(`the arguments of the prompt "${name}" are ${describe(listed)}; expected an array`);
  const taken = Array.from(listed, (argument: unknown, index) =>
    readArgument(argument, `arguments[${index}] of the prompt "${name}"`),
  );
  const completions = completionsOf(
    definition,
    taken.map((argument) => argument.name),
    where,
  );
  const wire = {
    name,
    ...said(definition, where),
    arguments: taken,
    ...(completions.size > 0 && { completes: [...completions.keys()] }),
  };
  const run: Run = ([given], context) => settle(get(isRecord(given) ? given : {}, context), asMessages);
  return { wire, runs: runsOf('prompts', name, { get: run, completions }) };
}

function readArgument(argument: unknown, where: string): WireArgument {
  if (!isRecord(argument)) throw new TypeError(`${where} is ${describe(argument)}; expected { name, description }`);
  const { required = false } = argument;
  if (typeof required !== 'boolean')
    throw new TypeError(`${where} has required ${describe(required)}; expected true or false`);
  return { name: text(argument['name'], `${where}.name`), ...said(argument, where), required };
}

type Runs = Partial<Record<Exclude<OfferMethod, 'complete'>, Run>> & {
  readonly completions: ReadonlyMap<string, Method>;
};

function runsOf(kind: 'resources' | 'prompts', key: string, { completions, ...runs }: Runs): Adapted<unknown>['runs'] {
  const made = new Map<string, Run>();
  if (runs.read !== undefined) made.set(offerTarget(kind, key, 'read'), runs.read);
  if (runs.get !== undefined) made.set(offerTarget(kind, key, 'get'), runs.get);
  if (completions.size === 0) return made;
  return made.set(offerTarget(kind, key, 'complete'), ([name, value, others], context) => {
    const complete = completions.get(String(name));
    return complete === undefined ? { values: [] } : settle(complete(value, others, context), asValues);
  });
}

/** `complete` by variable or argument; what names neither is a mistake. */
function completionsOf(definition: Bag, known: readonly string[], where: string): ReadonlyMap<string, Method> {
  const given = definition['complete'] ?? {};
  if (!isRecord(given))
    throw new TypeError(`complete of ${where} is ${describe(given)}; expected an object of functions`);
  const completions = new Map<string, Method>();
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      const names = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
      throw new TypeError(`complete of ${where} names "${name}", which is no variable or argument of it; ${names}`);
    }
    const method = asMethod(given[name], `complete.${name} of ${where}`, given);
    if (method !== undefined) completions.set(name, method);
  }
  return completions;
}

function said(definition: Bag, where: string): { readonly title?: string; readonly description?: string } {
  const title = optionalText(definition, 'title', where);
  const description = optionalText(definition, 'description', where);
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}

const NAME_CHARACTERS_MAX = 256;

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= LIMITS.resource_uri_characters.value) return value;
  throw new TypeError(`${what} is ${describe(value)}; expected text of at most ${NAME_CHARACTERS_MAX} characters`);
}

function optionalText(definition: Bag, name: string, where: string): string | undefined {
  const value = definition[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new TypeError(`${name} of ${where} is ${describe(value)}; expected text`);
}

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

function assertUri(uri: string, where: string): void {
  if (!SCHEME.test(uri))
    throw new TypeError(`${where} has the URI "${uri}"; expected a scheme in front, as in note://a`);
}

/** Text, bytes, one thing with text or blob, or a list of such; what has no URI or type of its own has the resource's. */
function asContents(answer: unknown, uri: string, mimeType: string | undefined): unknown {
  if (isRecord(answer) && Array.isArray(answer['contents'])) return answer;
  const list: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  const about = { uri, ...(mimeType !== undefined && { mimeType }) };
  return {
    contents: list.map((item) => {
      if (typeof item === 'string') return { ...about, text: item };
      if (item instanceof Uint8Array) return { ...about, blob: item };
      if (isRecord(item)) return { ...about, ...item };
      throw new TypeError(`read answered ${describe(item)}; expected text, a Uint8Array, or { text } or { blob }`);
    }),
  };
}

/** Text is one message of the user's; a list is messages; else the whole as MCP has it. */
function asMessages(answer: unknown): unknown {
  if (typeof answer === 'string') return { messages: [{ role: 'user', content: { type: 'text', text: answer } }] };
  return Array.isArray(answer) ? { messages: answer } : answer;
}

const VALUES_MAX = 100;

/** A client is given a hundred, and is told that there are more. */
function asValues(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  const values = answer.slice(0, VALUES_MAX);
  return { values, total: answer.length, hasMore: answer.length > VALUES_MAX };
}
