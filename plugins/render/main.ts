/**
 * Renders templates as tasks (X000-18). It only computes: where the text is to be written is passed on to whoever gave the task.
 */
import { Result, TaskHandler, TaskKind, type JsonObject, type Task } from '@bulkhead/sdk';
import { renderTemplate } from './render-template.ts';
import { TemplateError } from './template-error.ts';

const DEST_CHARACTERS_MAX = 4_096;

/** Tasks of kind `render`: payload `template`, `vars`, and `dest` where there is one. */
export class RenderHandler extends TaskHandler {
  readonly KIND = TaskKind.RENDER;
  readonly PROVIDES = ['cpu'];

  /** Switched off, it takes none. */
  override dispatch(task: Task): boolean {
    return this.config['enabled'] !== false && super.dispatch(task) === true;
  }

  /** Answers `rendered`, and `dest` as it was given; the same task twice has the same answer. */
  override handle(task: Task): Result {
    try {
      return Result.ok(task, rendered(task.payload));
    } catch (error) {
      if (error instanceof TemplateError) return Result.error(task, error.message);
      throw error;
    }
  }
}

function rendered({ template, vars = {}, dest }: JsonObject): JsonObject {
  if (typeof template !== 'string') throw new TemplateError('payload.template is no text; expected a template');
  if (!isObject(vars)) throw new TemplateError('payload.vars is no object; expected variables by name');
  if (dest === undefined) return { rendered: renderTemplate(template, vars) };
  if (typeof dest !== 'string' || dest.length > DEST_CHARACTERS_MAX) {
    throw new TemplateError(`payload.dest is no path; expected a text of at most ${DEST_CHARACTERS_MAX} characters`);
  }
  return { rendered: renderTemplate(template, vars), dest };
}

function isObject(value: JsonObject[string] | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
