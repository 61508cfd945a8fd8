import { expect, test } from 'vitest';
import { checkDefaultTool, checkExecution, checkStateNames } from './execution.ts';
import { parseModules } from './modules.ts';

const HOST = 'packages/host/src/part.ts';

function modulesOf(text: string, path = HOST): ReturnType<typeof parseModules> {
  return parseModules(new Map([[path, text]]));
}

test.each([
  'plugin.run(args)',
  'await this.plugin.execute(name, params)',
  'plugins[name].runTool(args)',
  'loadedPlugin?.handleHook(hook, data)',
  'plugin["run"](args)',
])('[F001-15, X001-11] a direct call of a plugin is found: %s', (code) => {
  expect(checkExecution(modulesOf(code))).toHaveLength(1);
});

test.each([
  'await import(path)',
  'require(path)',
  'import("../../../plugins/calculator/main.ts")',
  'import plugin from "../../../plugins/calculator/main.ts"',
  'import vm from "node:vm"',
  'import { Worker } from "worker_threads"',
  'new Function(text)',
  'Function(text)',
  'eval(text)',
  'process.binding("fs")',
  'process.dlopen(module, path)',
  'Module._load(path)',
])('[X001-11] a way to run foreign code in this process is found: %s', (code) => {
  expect(checkExecution(modulesOf(code))).toHaveLength(1);
});

test('[X001-11] code that runs no plugin is left alone', () => {
  const code =
    'sandbox.run(call); await import("node:fs"); import x from "./x.ts"; registry.plugin(name); plugin.name;';
  expect(checkExecution(modulesOf(code))).toEqual([]);
});

test('the guest and the tests may call a plugin: one is inside the sandbox, the others start one', () => {
  expect(checkExecution(modulesOf('plugin.run(x)', 'packages/host/src/guest/runtime.ts'))).toEqual([]);
  expect(checkExecution(modulesOf('plugin.run(x)', 'packages/host/src/part.test.ts'))).toEqual([]);
});

test.each(['const x = { state: "STOPPED" }', 'if (row.state === "ERROR") {}', 'if ("DONE" !== lifecycleState) {}'])(
  '[X001-11] a state that is none of the five is found: %s',
  (code) => {
    expect(checkStateNames(modulesOf(code))).toHaveLength(1);
  },
);

test('[X001-1] the five states, and the lower-case states of other machines, are legal', () => {
  const code = 'const x = { state: "FAILED" }; if (state === "INITIALIZED" || breaker.state === "open") {}';
  expect(checkStateNames(modulesOf(code))).toEqual([]);
});

test('[X001-11] a tool that is called "default" is found', () => {
  expect(checkDefaultTool(modulesOf('call({ tool: "default" }); if (toolName === "default") {}'))).toHaveLength(2);
  expect(checkDefaultTool(modulesOf('call({ tool: "add", tenant: "default" })'))).toEqual([]);
});
