/**
 * Finds plugin code that would run outside the sandbox (X001-11, F001-15), in every package that runs on the server. What
 * runs inside a sandbox is left out. It also finds lifecycle states that are
 * none, and a tool name that is hard-coded as "default".
 */
import { type CallExpression, type Node, Visitor, type VisitorObject } from 'oxc-parser';
import { LIFECYCLE_STATES } from '@bulkhead/protocol';
import { isTest, type Module } from './modules.ts';
import { lineAt, type TidyFinding } from './tree.ts';

const SERVER_SIDE = /^packages\/(host|store|guard|evolve|server|cli)\/(src|bin)\//;

/** What runs inside a sandbox: the guest, and the self-test's plugin that attempts what must be refused. */
const SANDBOXED = /^packages\/host\/src\/(guest\/|self-test\/probe)/;

/** What a plugin's own code answers to: calling one of these on a plugin runs it here. */
const PLUGIN_METHODS: ReadonlySet<string> = new Set(
  (
    'run runTool run_tool execute handle handleHook handle_hook generate dispatch ' +
    'initPlugin init_plugin onLoad on_load onUnload on_unload cleanup healthCheck health_check'
  ).split(' '),
);

/** Modules that run text or files as code in this process. */
const RUNNING_MODULES = /^(node:)?(vm|worker_threads|repl)(\/|$)/;

/** Where such a module serves another end. */
const EXCUSED: ReadonlySet<string> = new Set([
  // V8 interrupts a script, and nothing else, after a time: so our own schema check cannot be hung by a hostile pattern.
  'packages/host/src/schema/compile-schema.ts node:vm',
  // The embedded database has a thread of its own, so that a query holds up nothing else; it runs a file of ours.
  'packages/store/src/engine/pglite-stream.ts node:worker_threads',
  'packages/store/src/engine/pglite-thread.ts node:worker_threads',
]);

/** What is loaded here is the operator's own, as a configuration is: the task that an evaluation on the command line is asked for. */
const OPERATORS_OWN: ReadonlySet<string> = new Set(['packages/cli/src/guard/load-task.ts']);

/** Folders whose files are plugins. */
const PLUGIN_FOLDERS = /(^|\/)(plugins|fixtures|examples)\//;

/** Members of `process` and of `Module` that load code. */
const LOADERS: ReadonlySet<string> = new Set(['binding', '_linkedBinding', 'dlopen', '_load']);

/** Lists every place of server-side code that could run plugin code there, each with its cure. */
export function checkExecution(modules: readonly Module[]): readonly TidyFinding[] {
  return findIn(modules.filter(isServerSide), (say, path) => ({
    ImportDeclaration(node) {
      if (!EXCUSED.has(`${path} ${node.source.value}`)) say(node.start, importFinding(node.source.value));
    },
    ImportExpression(node) {
      if (!OPERATORS_OWN.has(path)) say(node.start, importFinding(literalOf(node.source)));
    },
    CallExpression: (node) => say(node.start, callFinding(node)),
    NewExpression: (node) => say(node.start, codeFromTextFinding(nameOf(node.callee))),
  }));
}

/** Lists upper-case texts that stand for a state and are none of the five lifecycle states. */
export function checkStateNames(modules: readonly Module[]): readonly TidyFinding[] {
  const inPackages = modules.filter(({ path }) => path.startsWith('packages/'));
  return findIn(inPackages, (say) => ({
    Property: (node) => say(node.start, stateFinding(nameOf(node.key), node.value)),
    BinaryExpression(node) {
      say(node.start, stateFinding(nameOf(node.left), node.right) ?? stateFinding(nameOf(node.right), node.left));
    },
  }));
}

/** Lists tools that code calls "default": a tool is known by the name that its plugin gave it. */
export function checkDefaultTool(modules: readonly Module[]): readonly TidyFinding[] {
  const inCode = modules.filter((module) => module.path.startsWith('packages/') && !isTest(module));
  return findIn(inCode, (say) => ({
    Property: (node) => say(node.start, defaultToolFinding(nameOf(node.key), node.value)),
    BinaryExpression: (node) => say(node.start, defaultToolFinding(nameOf(node.left), node.right)),
  }));
}

function isServerSide(module: Module): boolean {
  return SERVER_SIDE.test(module.path) && !SANDBOXED.test(module.path) && !isTest(module);
}

type Say = (start: number, message: string | undefined) => void;

function findIn(
  modules: readonly Module[],
  visitor: (say: Say, path: string) => VisitorObject,
): readonly TidyFinding[] {
  return modules.flatMap((module) => {
    const findings: TidyFinding[] = [];
    const say: Say = (start, message) => {
      if (message !== undefined) findings.push({ path: module.path, line: lineAt(module.text, start), message });
    };
    new Visitor(visitor(say, module.path)).visit(module.program);
    return findings;
  });
}

function importFinding(specifier: string | undefined): string | undefined {
  if (specifier === undefined) {
    return 'a module that is named at run time would be loaded here; load it in the sandbox, through the driver';
  }
  if (RUNNING_MODULES.test(specifier)) return `${specifier} runs code in this process; run it in the sandbox`;
  return PLUGIN_FOLDERS.test(specifier) ? `"${specifier}" is plugin code; load it in the sandbox` : undefined;
}

function callFinding({ callee, arguments: args }: CallExpression): string | undefined {
  const name = nameOf(callee);
  if (callee.type === 'Identifier') {
    if (name === 'require') return importFinding(literalOf(args[0]));
    return codeFromTextFinding(name);
  }
  if (callee.type !== 'MemberExpression') return undefined;
  const owner = nameOf(callee.object);
  if (/^(process|module)$/i.test(owner) && LOADERS.has(name))
    return `${owner}.${name} loads code past the sandbox; remove it`;
  const isPlugin = /plugins?$/i.test(owner) && PLUGIN_METHODS.has(name);
  return isPlugin ? `${owner}.${name}() runs plugin code here; call it through the host's call flow` : undefined;
}

function codeFromTextFinding(name: string): string | undefined {
  const isMaker = name === 'Function' || name === 'eval';
  return isMaker ? `${name} makes code of text in this process; run the text in the sandbox` : undefined;
}

function stateFinding(name: string, value: Node): string | undefined {
  const text = literalOf(value);
  if (!/state$/i.test(name) || text === undefined || !/^[A-Z][A-Z_]+$/.test(text)) return undefined;
  const isLegal = LIFECYCLE_STATES.some((state) => state === text);
  return isLegal ? undefined : `"${text}" is no lifecycle state; they are ${LIFECYCLE_STATES.join(', ')}`;
}

function defaultToolFinding(name: string, value: Node): string | undefined {
  if (!/^tool(_?name)?$/i.test(name) || literalOf(value) !== 'default') return undefined;
  return 'no tool is called "default"; take the name from the plugin’s own list';
}

function literalOf(node: Node | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

/** Last name of an expression: `run` of `a.b.run`, `plugins` of `this.plugins[id]`; empty where there is none. */
function nameOf(node: Node): string {
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') return node.name;
  if (node.type === 'ChainExpression') return nameOf(node.expression);
  if (node.type !== 'MemberExpression') return '';
  return node.computed ? (literalOf(node.property) ?? nameOf(node.object)) : nameOf(node.property);
}
