import { createTestContext } from '@bulkhead/sdk/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecuteRustHandler } from '../main.ts';

const taskOf = (payload: Record<string, string | number>) =>
  ({
    kind: 'execute',
    id: '0123456789abcdef',
    payload,
    requires: ['rust'],
    attempts: 0,
    created_at: '2026-01-01T00:00:00Z',
    schema_v: 1,
  }) as const;

const ended = {
  ...{
    exit_code: 0,
    signal: null,
    timed_out: false,
    stopped_by: null,
    wall_ms: 5,
    cpu_ms: 4,
    peak_rss_bytes: 1_000_000,
  },
  ...{ stdout: '42\n', stderr: '', is_clipped: false, files: {} },
};
const once = { ...ended, runs: [ended] };

/** Stands in for the host: the first command is the compiler, the second the program. */
function contextOf(...answers: readonly object[]) {
  const asked: { readonly command: string }[] = [];
  const run = async (request: { readonly command: string }) => {
    asked.push(request);
    return { ...once, ...answers[asked.length - 1] };
  };
  return { asked, context: createTestContext({ run }) };
}

void test('it takes tasks of Rust and no other [F000-4] [F000-5] [F000-6]', () => {
  const handler = new ExecuteRustHandler();
  assert.equal(handler.KIND, 'execute');
  assert.deepEqual(handler.PROVIDES, ['cpu', 'docker', 'rust']);
  assert.equal(handler.dispatch(taskOf({ lang: 'rust' })), true);
  assert.equal(handler.dispatch(taskOf({ lang: 'js' })), false);
});

void test('a program is compiled, run and measured [F000-11]', async () => {
  const { asked, context } = contextOf({ files: { program: new Uint8Array([1, 2]) } });
  const result = await new ExecuteRustHandler().handle(taskOf({ lang: 'rust', source: 'fn main() {}' }), context);
  assert.deepEqual(
    asked.map(({ command }) => command),
    ['rustc', './program'],
  );
  assert.equal(result.status, 'ok');
  assert.equal(result.data['stdout'], '42\n');
  assert.deepEqual(result.data['wall_ms'], [5]);
});

void test('what does not compile, or fails, is an error that no attempt mends [F000-11]', async () => {
  const source = 'fn main() {';
  const compile = contextOf({ exit_code: 1, stderr: 'error: this file contains an unclosed delimiter' });
  const refused = await new ExecuteRustHandler().handle(taskOf({ lang: 'rust', source }), compile.context);
  assert.equal(refused.status, 'error');
  assert.deepEqual([refused.data['message'], refused.data['retryable']], ['rustc ended with exit code 1', false]);
  const run = contextOf({ files: { program: new Uint8Array([1]) } }, { exit_code: 101 });
  const failed = await new ExecuteRustHandler().handle(taskOf({ lang: 'rust', source }), run.context);
  assert.equal(failed.data['message'], 'the program ended with exit code 101');
  const none = await new ExecuteRustHandler().handle(taskOf({ lang: 'rust' }), run.context);
  assert.equal(none.data['message'], 'source is missing; expected the text of a program');
});
