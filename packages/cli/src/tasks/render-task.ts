/**
 * What a task of kind `render` is made of on the command line, and what is read of its result (X000-18): the same for one template and
 * for a project of them.
 */
import { extname } from 'node:path';
import type { JsonObject } from '@bulkhead/protocol';
import { readJsonObject } from '../json-argument.ts';
import type { GivenTask } from '../queue/queue-door.ts';

/** The task; `dest` is where the text is to go, where that is known, and comes back in the result as it is. */
export function renderTask(payload: {
  readonly template: string;
  readonly vars: JsonObject;
  readonly dest?: string;
}): GivenTask {
  return { kind: 'render', payload, requires: ['cpu'] };
}

/**
 * Reads what `--vars` says: JSON as it stands, `-` for standard input, `@FILE`; all else is the name of a file.
 *
 * @throws {UsageError} as {@link readJsonObject}.
 */
export function readVariables(vars: string): Promise<JsonObject> {
  return readJsonObject(isTyped(vars) ? vars : `@${vars}`, '--vars');
}

/** The file that `--vars` names; undefined where it names none. */
export function variablesFile(vars: string): string | undefined {
  if (vars.startsWith('@')) return vars.slice(1);
  return isTyped(vars) ? undefined : vars;
}

function isTyped(vars: string): boolean {
  return vars === '-' || vars.startsWith('@') || vars.trimStart().startsWith('{');
}

const TEMPLATE_ENDINGS = ['.tmpl', '.tpl', '.template', '.mustache'];

/** A template's name without the ending that says that it is one; undefined where it has none, or nothing that names a file is left. */
export function withoutTemplateEnding(name: string): string | undefined {
  const ending = extname(name);
  const rest = name.slice(0, name.length - ending.length);
  return TEMPLATE_ENDINGS.includes(ending) && rest !== '.' && rest !== '..' ? rest : undefined;
}

/** The text in the data of a result. */
export function renderedIn({ rendered }: JsonObject): string | undefined {
  return typeof rendered === 'string' ? rendered : undefined;
}
