import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuardError } from '../guard-error.ts';
import { EXECUTOR_NAMES, parseExecutorSpec, type ExecutorSpec } from './executor-spec.ts';

test.for<[string, ExecutorSpec]>([
  ['local', { kind: 'local' }],
  [' Local ', { kind: 'local' }],
  ['docker', { kind: 'docker' }],
  ['DOCKER:Image=node:26-slim', { kind: 'docker', image: 'node:26-slim' }],
  ['http:url=https://a.example/run?x=1', { kind: 'http', url: 'https://a.example/run?x=1' }],
  ['http:url=http://a.example/%2C%2525,insecure=TRUE', { kind: 'http', url: 'http://a.example/,%25', insecure: true }],
  ['llm', { kind: 'llm' }],
  [
    'llm:model=vendor/model:free,output=json,backend=mock,temperature=0.2,max_tokens=100,seed=7',
    {
      kind: 'llm',
      model: 'vendor/model:free',
      output: 'json',
      backend: 'mock',
      temperature: 0.2,
      maxTokens: 100,
      seed: 7,
    },
  ],
  ['plugin:runner/fast', { kind: 'plugin', plugin: 'runner', entry: 'fast' }],
])('%s [X002-12] [X002-14]', ([text, expected]) => {
  expect(parseExecutorSpec(text)).toEqual(expected);
});

test.for<[string, string]>([
  ['dokcer', 'executor "dokcer" is not known; did you mean docker? available: local, docker, http, llm, plugin'],
  ['', 'executor "" is not known'],
  ['constructor', 'executor "constructor" is not known'],
  ['local:x=1', 'option of executor "local" "x" is not known; it takes none'],
  ['docker:imag=x', 'option of executor "docker" "imag" is not known; did you mean image? available: image'],
  ['docker:image', 'option "image" of executor "docker" has no value; expected name=value'],
  ['docker:image=a,image=b', 'option image of executor "docker" stands there twice'],
  ['http', 'executor "http" has no option url; expected http:url=https://HOST/PATH'],
  ['http:url=https://a,insecure=maybe', 'option insecure is "maybe"; expected true or false'],
  ['llm:output=xml', 'option output is "xml"; expected text or json'],
  ['llm:temperature=3', 'option temperature is "3"; expected a number from 0 to 2'],
  ['llm:max_tokens=1.5', 'option max_tokens is "1.5"; expected a whole number from 1 to 1000000'],
  ['llm:seed=0x10', 'option seed is "0x10"'],
  ['plugin:runner', 'executor "plugin" is of "runner"; expected plugin:NAME/ENTRY'],
  ['plugin:../x/y', 'expected plugin:NAME/ENTRY'],
  ['x'.repeat(5_000), 'the executor has 5000 characters; expected at most 4096'],
])('%s is refused, with what there is [X002-14]', ([text, message]) => {
  expect(() => parseExecutorSpec(text)).toThrow(
    expect.objectContaining({ code: 'EXECUTOR_INVALID', message: expect.stringContaining(message) }),
  );
});

test('whatever is written is read, or refused with its code', () => {
  const begins = fc.constantFrom(...EXECUTOR_NAMES, '');
  fc.assert(
    fc.property(begins, fc.string(), (name, rest) => {
      try {
        expect(EXECUTOR_NAMES).toContain(parseExecutorSpec(`${name}:${rest}`).kind);
      } catch (error) {
        expect(error instanceof GuardError && error.code).toBe('EXECUTOR_INVALID');
      }
    }),
  );
});
