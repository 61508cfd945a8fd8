/**
 * `bulkhead guard audit verify`: whether the log beside reports is as it was written.
 */
import { verifyAudit } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';

/** What is typed after it. */
export type AuditVerifyOptions = { readonly dir: string; readonly json?: boolean };

/** Goes through the log; answers 0 where it is whole, 1 where a line is not right. */
export async function auditVerifyVerb({ dir, json }: AuditVerifyOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const found = await verifyAudit(dir);
    const { result, colors } = terminal;
    if (json === true) result(JSON.stringify(found));
    else if (found.ok) result(colors.green(`whole: ${found.lines} lines`));
    else result(colors.red(`line ${found.line} is not as it was written: ${found.reason}`));
    return found.ok ? EXIT_OK : EXIT_FAILED;
  });
}
