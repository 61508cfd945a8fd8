import { expect, test } from 'vitest';
import { findMends } from './find-mends.ts';

const kindsIn = (text: string, path = 'main.ts'): readonly string[] => findMends(path, text).map(({ kind }) => kind);

test.each([
  [`import { createHash } from 'crypto'`],
  [`export { posix } from "path"`],
  [`const url = require('url')`],
  [`const url = await import('url')`],
  [`import url = require('url')`],
  [`import { setTimeout } from 'timers/promises'`],
])('a built-in without node: can be written with it: %s', (text) => {
  expect(kindsIn(text)).toEqual(text.startsWith('import url =') ? [] : ['node-prefix']);
});

test.each([
  [`import { createHash } from 'node:crypto'`],
  [`import fs from 'fs'`],
  [`import { z } from 'zod'`],
  ['const url = await import(`url`)'],
  [`const url = await import('u' + 'rl')`],
  [`const crypto = 'crypto'`],
  ['import {'],
])('what is written so already, is refused, or is no one string, is left alone: %s', (text) => {
  expect(kindsIn(text)).toEqual([]);
});

test('hidden characters are escaped in strings, dropped in comments, and left alone elsewhere', () => {
  expect(kindsIn('const a = "x\u200By"')).toEqual(['escape-hidden']);
  expect(kindsIn('// x\u202Ey\nconst a = 1')).toEqual(['drop-hidden']);
  expect(kindsIn('const a = `x\u200By`')).toEqual([]);
  expect(kindsIn('const a = /x\u200By/')).toEqual([]);
});

test('a comment that names a map outside of the folder can go', () => {
  expect(findMends('main.js', 'const a = 1;\n//# sourceMappingURL=/etc/x.map')).toEqual([
    { kind: 'drop-comment', start: 13 },
  ]);
  expect(kindsIn('//# sourceMappingURL=main.js.map')).toEqual([]);
});
