/**
 * A handler of somebody else's: `examples/plugins/execute_rust`, of which no part of Bulkhead knows, written from docs/PLUGIN_SDK.md.
 */
import { createHost } from '@bulkhead/host';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => void vi.unstubAllEnvs());

const folder = resolve(import.meta.dirname, '../../examples/plugins/execute_rust');
const hasRust = await access('/usr/bin/rustc').then(
  () => true,
  () => false,
);

/** With the programs of these folders. */
async function openWith(path: string) {
  vi.stubEnv('PATH', path);
  const host = await createHost({ spareCount: 0 });
  await host.install(folder, { grant: ['children'] });
  return host;
}

const taskOf = (payload: object) => ({
  ...{ kind: 'execute', id: '0123456789abcdef', requires: ['rust'], attempts: 0 },
  ...{ created_at: '2026-01-01T00:00:00Z', schema_v: 1, payload: { lang: 'rust', ...payload } },
});

const ENTRY = { plugin: 'execute_rust', group: 'task_handlers', name: 'rust_exec', tenant: 'default' } as const;

const FIBONACCI = `use std::io::Read;
fn fibonacci(n: u64) -> u64 { if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) } }
fn main() {
  let mut text = String::new();
  std::io::stdin().read_to_string(&mut text).unwrap();
  println!("{}", fibonacci(text.trim().parse().unwrap()));
}`;

test('it is found with its kind and tags, and says which tasks are its own [F000-2] [F000-9] [F000-15]', async () => {
  // Whatever this machine has: something of the compiler's name.
  const bin = await mkdtemp(join(tmpdir(), 'bulkhead-test-bin-'));
  await writeFile(join(bin, 'rustc'), '', { mode: 0o755 });
  const host = await openWith(bin);
  expect(host.entries()).toContainEqual({
    plugin: 'execute_rust',
    group: 'task_handlers',
    name: 'rust_exec',
    about: { kind: 'execute', provides: ['cpu', 'docker', 'rust'] },
  });
  for (const [lang, isTaken] of [
    ['rust', true],
    ['js', false],
  ] as const) {
    const outcome = await host.callEntry({ ...ENTRY, method: 'dispatch', args: [taskOf({ lang })] });
    expect(outcome).toMatchObject({ ok: true, value: isTaken });
  }
  await host.close();
  await rm(bin, { recursive: true });
});

test('without rustc it is UNAVAILABLE, and the reason ends with the cure', async () => {
  const host = await openWith('/nowhere');
  expect(host.health('execute_rust')).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringMatching(/"rustc".*To cure: install rustc and put it on the server's PATH$/),
  });
  await host.close();
});

// APPROVED: a compiler of 300 MB is not asked of every machine that runs the suite; the handler's own tests stand in for it.
test.runIf(hasRust)(
  'a program of Rust is compiled, run and measured, and one that does not compile is told',
  async () => {
    const host = await openWith('/usr/bin:/bin');
    const handle = (payload: object) => host.callEntry({ ...ENTRY, method: 'handle', args: [taskOf(payload)] });
    expect(await handle({ source: FIBONACCI, stdin: '30\n', repeats: 3 })).toMatchObject({
      ok: true,
      value: {
        status: 'ok',
        data: {
          stdout: '832040\n',
          exit_code: 0,
          wall_ms: [expect.any(Number), expect.any(Number), expect.any(Number)],
        },
      },
    });
    expect(await handle({ source: 'fn main() { let x: u8 = "text"; }' })).toMatchObject({
      ok: true,
      value: {
        status: 'error',
        data: { message: 'rustc ended with exit code 1', stderr: expect.stringContaining('mismatched types') },
      },
    });
    expect(await handle({ source: 'fn main() { panic!("no") }' })).toMatchObject({
      ok: true,
      value: { status: 'error', data: { message: 'the program ended with exit code 101', retryable: false } },
    });
    await host.close();
  },
);
