/**
 * What the linter cannot say about a module: a header, a docstring on every export, each export named once, and no promise
 * without an issue.
 */
import type { Comment, Directive, Statement } from 'oxc-parser';
import { isTest, type Module } from './modules.ts';
import { lineAt, type TidyFinding } from './tree.ts';

/** Finds `export *`: the public surface of a package names each export once. */
export function checkExportStar(modules: readonly Module[]): readonly TidyFinding[] {
  return modules.flatMap((module) =>
    module.program.body
      .filter((node) => node.type === 'ExportAllDeclaration')
      .map((node) => finding(module, node.start, '`export *` hides what is public; name each export')),
  );
}

/** Finds modules that do not open with a comment: what the file is for, and what it never does. */
export function checkHeaders(modules: readonly Module[]): readonly TidyFinding[] {
  return sources(modules)
    .filter(({ comments, text }) => {
      const body = text.startsWith('#!') ? text.slice(text.indexOf('\n') + 1) : text;
      return text.slice(text.length - body.length, comments[0]?.start ?? text.length).trim() !== '';
    })
    .map((module) => finding(module, 0, 'the file has no header; open it with a comment of what it is for'));
}

/** Finds exports without a docstring: a comment that starts with two stars and ends right above them, or above their word to the linter. */
export function checkDocstrings(modules: readonly Module[]): readonly TidyFinding[] {
  return sources(modules).flatMap((module) => {
    const documented = new Set<string>();
    return module.program.body.flatMap((node) => {
      const names = exportedNames(node);
      const isNew = names.some((name) => !documented.has(name)); // An overload's first signature speaks for the others.
      for (const name of names) documented.add(name);
      if (!isNew || hasDocstring(module, node.start)) return [];
      return [
        finding(module, node.start, `export ${names.join(', ')} has no docstring; say what it is, unit and shape`),
      ];
    });
  });
}

/** Finds promises without an issue number. */
export function checkPromises(modules: readonly Module[]): readonly TidyFinding[] {
  const promise = /\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/;
  return modules.flatMap((module) =>
    module.comments
      .filter(({ value }) => promise.test(value))
      .map(({ start }) => finding(module, start, 'a promise needs an issue: write it as TODO, then (#n), or do it')),
  );
}

/** Modules that people read as code: not tests, not the configuration of a tool. */
function sources(modules: readonly Module[]): readonly Module[] {
  return modules.filter(
    (module) => !isTest(module) && /^(packages\/\w+\/(src|bin)|plugins|tools|bench)\//.test(module.path),
  );
}

function exportedNames(node: Directive | Statement): readonly string[] {
  if (node.type !== 'ExportNamedDeclaration' || node.declaration === null) return [];
  const { declaration } = node;
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : [];
}

function hasDocstring({ comments, text }: Module, start: number): boolean {
  const isAbove = ({ end, type, value }: Comment): boolean =>
    end <= start && type === 'Block' && value.startsWith('*') && LINT_REMARK.test(text.slice(end, start));
  return comments.some(isAbove);
}

/** What may stand between a docstring and its export: nothing, or a word to the linter, which has to be on the line before. */
const LINT_REMARK = /^\s*(?:\/\/ oxlint-disable-next-line .+ -- .+\n)?$/;

function finding({ path, text }: Module, offset: number, message: string): TidyFinding {
  return { path, line: lineAt(text, offset), message };
}
