import { expect, test } from 'vitest';
import { checkLock, completeLock, type Lock } from './lock.ts';

const LOCK: Lock = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/a': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@a/linux-x64': '2.0.0', 'a-windows-arm64': '2.0.0' },
    },
    'node_modules/@a/linux-x64': { version: '2.0.0', optional: true },
    'node_modules/b/node_modules/a': {
      version: '1.0.0',
      optionalDependencies: { '@a/binding-linux-x64-musl': '1.0.0' },
    },
  },
};

test('an optional package that the lock leaves out is found with its cure', () => {
  const findings = checkLock(new Map([['package-lock.json', JSON.stringify(LOCK)]]));
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^node_modules\/a-windows-arm64 .*lock:complete/),
    expect.stringMatching(/^node_modules\/b\/node_modules\/@a\/binding-linux-x64-musl /),
  ]);
});

test('a completed lock names version and platform of what was left out, and is complete', () => {
  const complete = completeLock(LOCK);
  expect(complete.packages['node_modules/a-windows-arm64']).toEqual({
    version: '2.0.0',
    cpu: ['arm64'],
    dev: true,
    optional: true,
    os: ['win32'],
  });
  expect(complete.packages['node_modules/b/node_modules/@a/binding-linux-x64-musl']).toEqual({
    version: '1.0.0',
    cpu: ['x64'],
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
  expect(checkLock(new Map([['package-lock.json', JSON.stringify(complete)]]))).toEqual([]);
});

test('a name that tells no platform is refused, because its entry would be a guess', () => {
  const lock = { packages: { 'node_modules/a': { optionalDependencies: { odd: '1.0.0' } } } };
  expect(() => completeLock(lock)).toThrow('package "odd"');
});
