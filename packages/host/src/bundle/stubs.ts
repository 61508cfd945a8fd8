/**
 * Modules that stand in for what a bundle cannot hold. They are texts, evaluated in the guest; nothing here runs them.
 */

/**
 * A built-in module that a dependency imports and the sandbox refuses: importing it works, taking a member works, using
 * the member throws. So a package loads that only mentions `fs`, and the one that calls it says what was refused.
 *
 * The exports inherit from a proxy and have no member of their own, because the bundler copies own members when it makes
 * a namespace of a CommonJS module, and keeps the prototype. Symbols, `then`, `__esModule` and `default` are what the
 * bundler and promises ask of every module; they are answered without a throw.
 */
export function refusedBuiltinStub(name: string): string {
  return `'use strict';
const refuse = (member) => {
  throw Object.assign(new Error(${JSON.stringify(`import of "${name}" is refused: `)} + member + ' is not given to plugins'), { code: 'IMPORT_REFUSED' });
};
const harmless = new Set(['then', '__esModule', 'default', 'prototype', 'name', 'length', 'toJSON', 'constructor']);
const isHarmless = (key) => typeof key === 'symbol' || harmless.has(key);
const stubOf = (member) =>
  new Proxy(function () {}, {
    get: (target, key) => (isHarmless(key) ? target[key] : refuse(member + '.' + key)),
    set: () => refuse(member),
    apply: () => refuse(member),
    construct: () => refuse(member),
  });
const members = new Map();
module.exports = Object.create(
  new Proxy(Object.prototype, {
    get: (target, key) => {
      if (isHarmless(key)) return key === 'constructor' ? target[key] : undefined;
      if (!members.has(key)) members.set(key, stubOf(${JSON.stringify(`${name}.`)} + key));
      return members.get(key);
    },
  }),
);
`;
}

/** A module that a dependency tries to load and that is not there: it throws what Node would. */
export function absentModuleStub(specifier: string): string {
  const message = JSON.stringify(`Cannot find module '${specifier}'`);
  return `throw Object.assign(new Error(${message}), { code: 'MODULE_NOT_FOUND' });\n`;
}

/** An allowed built-in for `require`: the module itself, not its namespace. */
export function requiredBuiltinStub(name: string): string {
  return `import * as builtin from ${JSON.stringify(`node:${name}`)};\nmodule.exports = builtin.default;\n`;
}
