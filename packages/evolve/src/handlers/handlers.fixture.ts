/**
 * For tests: plugin folders with handlers, written in a line or two.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '@bulkhead/protocol';

/** A temporary folder of plugin folders, removed when it is disposed. */
export type HandlerFolders = AsyncDisposable & {
  readonly root: string;
  /** Writes a plugin folder with `main.ts` and returns it; `manifest` is added to the least that a manifest holds. */
  readonly write: (name: string, code: string, manifest?: object) => Promise<string>;
};

/** Makes a temporary folder for plugin folders. */
export async function createHandlerFolders(): Promise<HandlerFolders> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-test-handlers-'));
  return {
    root,
    write: async (name, code, manifest = {}) => {
      const dir = join(root, name);
      await mkdir(dir, { recursive: true });
      const least = { name, version: '1.0.0', description: `Plugin ${name}.`, author: 'Tests' };
      await writeFile(join(dir, 'plugin.json'), JSON.stringify({ ...least, ...manifest }));
      await writeFile(join(dir, 'main.ts'), code);
      return dir;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** What a handler class is made of; bodies see `task`. */
export type HandlerSource = {
  readonly kind?: string;
  readonly provides?: readonly string[];
  readonly dispatch?: string;
  readonly handle?: string;
};

/** Source of a handler class. */
export function handlerSource(className: string, source: HandlerSource = {}): string {
  const {
    kind = 'execute',
    provides = ['cpu'],
    dispatch = 'return true;',
    handle = "return done(task, 'ok', {});",
  } = source;
  return `
function done(task: any, status: any, data: any) {
  return { task_id: task.id, status, data, created_at: '2026-01-01T00:00:00Z', attempts: 1 };
}
export class ${className} {
  KIND = '${kind}';
  PROVIDES = ${JSON.stringify(provides)};
  dispatch(task: any) { ${dispatch} }
  async handle(task: any) { ${handle} }
}`;
}

/** A task as a queue gives it. */
export function taskOf(more: Partial<Task> = {}): Task {
  const least = { kind: 'execute', id: '0123456789abcdef', payload: {}, requires: ['cpu'], attempts: 0 } as const;
  return { ...least, created_at: '2026-01-01T00:00:00Z', schema_v: 1, ...more };
}
