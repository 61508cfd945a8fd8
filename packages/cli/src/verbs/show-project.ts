/**
 * What became of a project that was rendered: for people the result on standard output and the rest as talk, else one line of JSON. Each
 * answers the exit code.
 */
import { join } from 'node:path';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import type { GivenTask } from '../queue/queue-door.ts';
import { plain, tableLines } from '../table.ts';
import type { ProjectFile } from '../tasks/project-files.ts';
import type { Terminal } from '../terminal.ts';

/** What came of a template: `file` is its path within the project, `id` that of its task, `handler` who did it. */
export type Rendered = { readonly file: string; readonly id: string } & (
  | { readonly kind: 'rendered'; readonly text: string; readonly handler: string | null }
  | { readonly kind: 'failed'; readonly reason: string }
);

/** A file of the output: `target` is its path there. */
export type MadeFile = Pick<ProjectFile, 'file' | 'target' | 'executeBits'> &
  (Extract<Rendered, { readonly kind: 'rendered' }> | { readonly kind: 'copy'; readonly bytes: Uint8Array });

/** Where and how it is shown; `out` is the output's folder, and ids of tasks of a queue are of use to people. */
export type Showing = {
  readonly out: string;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  readonly isDry: boolean;
  readonly isQueued: boolean;
};

/** Files that are written, or would be where the run is dry. */
export function showProject(files: readonly MadeFile[], { out, terminal, isJson, isDry }: Showing): number {
  if (isJson) {
    terminal.result(JSON.stringify({ output: out, is_written: !isDry, files: files.map(wireOf), failures: [] }));
    return EXIT_OK;
  }
  const rows = files.map((made) => [
    join(out, made.target),
    sizeOf(made),
    `${made.file}, ${made.kind === 'copy' ? 'copied' : 'rendered'}`,
  ]);
  if (isDry) for (const line of tableLines(['file', 'size', 'from'], rows, terminal.colors)) terminal.result(line);
  const rendered = files.filter(({ kind }) => kind === 'rendered').length;
  const counted = `${count(files.length, 'file')}, ${rendered} of them rendered`;
  terminal.say(plain(`${out}: ${counted}${isDry ? '; nothing is written, for the run is dry' : ''}`));
  return EXIT_OK;
}

function wireOf(made: MadeFile): object {
  const { file, target } = made;
  if (made.kind === 'copy')
    return { file, output: target, rendered: false, characters: null, bytes: made.bytes.length };
  const { text, id, handler } = made;
  const size = { characters: text.length, bytes: Buffer.byteLength(text) };
  return { file, output: target, rendered: true, ...size, task: id, handler };
}

function sizeOf(made: MadeFile): string {
  return made.kind === 'copy' ? count(made.bytes.length, 'byte') : count(made.text.length, 'character');
}

/** Every template that has no text, with the reason. */
export function showFailures(all: readonly Rendered[], { out, terminal, isJson, isQueued }: Showing): number {
  const failed = all.filter((each) => each.kind === 'failed');
  if (isJson) {
    const failures = failed.map(({ file, id, reason }) => ({ file, task: id, message: reason }));
    terminal.result(JSON.stringify({ output: out, is_written: false, files: [], failures }));
    return EXIT_FAILED;
  }
  const { say, talkColors } = terminal;
  for (const { file, id, reason } of failed)
    say(`${talkColors.red(plain(`${file}:`))} ${plain(isQueued ? `${reason} (task ${id})` : reason)}`);
  say(plain(`${out}: nothing is written; ${failed.length} of ${count(all.length, 'template')} could not be rendered`));
  return EXIT_FAILED;
}

/** A task that a queue has, and its template. */
export type FileTask = { readonly file: string; readonly id: string };

/** Tasks that were given and are not waited for. */
export function showGiven(tasks: readonly FileTask[], { out, terminal, isJson }: Showing): number {
  if (isJson) {
    terminal.result(JSON.stringify({ tasks }));
    return EXIT_OK;
  }
  for (const { id } of tasks) terminal.result(plain(id));
  terminal.say(
    plain(
      `${out}: nothing is written; ${count(tasks.length, 'task')} given, and --wait would write what comes of them`,
    ),
  );
  return EXIT_OK;
}

/** Tasks that would be given: one a line, or with their files. */
export function showTasks(
  jobs: readonly { readonly file: string; readonly task: GivenTask }[],
  { terminal, isJson }: Showing,
): number {
  if (isJson) terminal.result(JSON.stringify({ tasks: jobs }));
  else for (const { task } of jobs) terminal.result(JSON.stringify(task));
  return EXIT_OK;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
