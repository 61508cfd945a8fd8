/**
 * `bulkhead check DIR`, also `review`: what the install flow would say of a folder, without installing it.
 */
import { existsSync, statSync } from 'node:fs';
import { checkPlugin } from '@bulkhead/host';
import type { Finding } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Prints every finding; answers 0 without errors, 1 with. */
export async function check(
  options: { readonly dir: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const { dir, json } = options;
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new UsageError(`${dir} is no folder`);
  const done = terminal.progress(`checking ${dir}`);
  const { ok, findings } = await checkPlugin(dir).finally(done);
  if (json === true) terminal.result(JSON.stringify({ ok, findings }));
  else show(dir, findings, terminal);
  return ok ? EXIT_OK : EXIT_FAILED;
}

function show(dir: string, findings: readonly Finding[], { result, say, colors, talkColors }: Terminal): void {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan };
  for (const { path, line, severity, id, message, hint } of findings) {
    result(`${path}${line === null ? '' : `:${line}`}  ${paint[severity](severity)}  ${id}  ${message}`);
    result(colors.dim(`    ${hint}`));
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) say(talkColors.red(`${errors} ${errors === 1 ? 'error stops' : 'errors stop'} an install of ${dir}`));
  else say(talkColors.green(`nothing stops an install of ${dir}`));
}
