/**
 * What a plugin offers to read and to begin with, beside its tools: resources and prompts, as they cross the wall. Each is one
 * entry of a list in the guest's `ready`; to read one, to get one or to complete an argument of one is a call.
 */
import { isJsonObject, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';

/**
 * A resource as a guest tells of it. `uri` is a template where `is_template`; `completes` are variables that it can complete.
 *
 * @internal
 */
export type WireResource = {
  readonly uri: string;
  readonly is_template: boolean;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mime_type?: string;
  readonly completes?: readonly string[];
};

/**
 * An argument of a prompt; what it is given is text.
 *
 * @internal
 */
export type WireArgument = {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required: boolean;
};

/**
 * A prompt as a guest tells of it. `completes` are arguments that it can complete.
 *
 * @internal
 */
export type WirePrompt = {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments: readonly WireArgument[];
  readonly completes?: readonly string[];
};

/**
 * What a guest offers beside tools and entry points.
 *
 * @internal
 */
export type WireOffers = { readonly resources?: readonly WireResource[]; readonly prompts?: readonly WirePrompt[] };

/**
 * A resource that a tenant may read.
 *
 * @experimental
 */
export type ListedResource = { readonly plugin: string } & WireResource;

/**
 * A prompt that a tenant may get.
 *
 * @experimental
 */
export type ListedPrompt = { readonly plugin: string } & WirePrompt;

/**
 * What is done with an offer: `read` a resource, `get` a prompt, `complete` a variable or argument of either.
 *
 * @internal
 */
export type OfferMethod = 'read' | 'get' | 'complete';

/**
 * Name of a call of an offer on the wire, and in records: `resources/URI#read`, `prompts/NAME#get`, `...#complete`. Of a template it
 * is the template that is named.
 *
 * @internal
 */
export function offerTarget(kind: 'resources' | 'prompts', key: string, method: OfferMethod): string {
  return `${kind}/${key}#${method}`;
}

/**
 * All that can be called of a plugin's offers.
 *
 * @internal
 */
export function offerTargets({ resources = [], prompts = [] }: WireOffers): readonly string[] {
  return [
    ...resources.flatMap(({ uri, completes }) => targetsOf('resources', uri, completes)),
    ...prompts.flatMap(({ name, completes }) => targetsOf('prompts', name, completes)),
  ];
}

function targetsOf(kind: 'resources' | 'prompts', key: string, completes: readonly string[] = []): readonly string[] {
  const main = offerTarget(kind, key, kind === 'resources' ? 'read' : 'get');
  return completes.length === 0 ? [main] : [main, offerTarget(kind, key, 'complete')];
}

/** Reads what a guest offers; undefined where it has another form. */
export function parseWireOffers({ resources, prompts }: JsonObject): WireOffers | undefined {
  const readable = parseList(resources, LIMITS.resources.value, parseResource);
  const gettable = parseList(prompts, LIMITS.prompts.value, parsePrompt);
  if (readable === undefined || gettable === undefined) return undefined;
  return {
    ...(readable.length > 0 && { resources: readable }),
    ...(gettable.length > 0 && { prompts: gettable }),
  };
}

function parseList<T>(value: unknown, max: number, parse: (item: JsonObject) => T | undefined): T[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > max) return undefined;
  const parsed = value.map((item: unknown) => (isJsonObject(item) ? parse(item) : undefined));
  const found = parsed.filter((item) => item !== undefined);
  return found.length === parsed.length ? found : undefined;
}

function parseResource(value: JsonObject): WireResource | undefined {
  const { uri, is_template, name } = value;
  const said = texts(value, ['title', 'description', 'mime_type']);
  const completes = parseNames(value['completes']);
  if (!isKey(uri, LIMITS.resource_uri_characters.value) || typeof is_template !== 'boolean') return undefined;
  if (!isKey(name, NAME_CHARACTERS_MAX) || said === undefined || completes === undefined) return undefined;
  return { uri, is_template, name, ...said, ...(completes.length > 0 && { completes }) };
}

function parsePrompt(value: JsonObject): WirePrompt | undefined {
  const { name } = value;
  const said = texts(value, ['title', 'description']);
  const listed = parseList(value['arguments'], LIMITS.prompt_arguments.value, parseArgument);
  const completes = parseNames(value['completes']);
  if (!isKey(name, NAME_CHARACTERS_MAX) || said === undefined) return undefined;
  if (listed === undefined || completes === undefined) return undefined;
  return { name, ...said, arguments: listed, ...(completes.length > 0 && { completes }) };
}

function parseArgument(value: JsonObject): WireArgument | undefined {
  const { name, required } = value;
  const said = texts(value, ['title', 'description']);
  if (!isKey(name, NAME_CHARACTERS_MAX) || typeof required !== 'boolean' || said === undefined) return undefined;
  return { name, ...said, required };
}

const NAME_CHARACTERS_MAX = 256;

function isKey(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charactersMax;
}

function parseNames(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.length <= LIMITS.prompt_arguments.value;
  return isList && value.every((item) => isKey(item, NAME_CHARACTERS_MAX)) ? value : undefined;
}

/** The texts that are there; undefined where one is none, or too long. */
function texts<const Name extends string>(
  value: JsonObject,
  names: readonly Name[],
): { readonly [Each in Name]?: string } | undefined {
  const present = names.filter((name) => value[name] !== undefined);
  const isFit = present.every((name) => {
    const text = value[name];
    return typeof text === 'string' && text.length <= LIMITS.log_line_characters.value;
  });
  return isFit ? (Object.fromEntries(present.map((name) => [name, value[name]])) as object) : undefined; // Just tested.
}
