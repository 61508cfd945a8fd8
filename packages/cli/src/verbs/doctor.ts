/**
 * `bulkhead doctor`: the sandbox's receipt, measured now by the self-test that `serve` runs, too.
 */
import { createHost } from '@bulkhead/host';
import type { Receipt } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { columns } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Prints the receipt. */
export async function doctor(options: { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  const done = terminal.progress('measuring the sandbox');
  const receipt = await measure().finally(done);
  if (options.json === true) terminal.result(JSON.stringify(receipt));
  else show(receipt, terminal);
  return EXIT_OK;
}

async function measure(): Promise<Receipt> {
  await using host = await createHost({ spareCount: 0 });
  return host.receipt;
}

function show({ tier, layers, above, node, kernel }: Receipt, { result, colors }: Terminal): void {
  result(`tier ${colors.bold(tier)}, Node ${node}, Linux ${kernel}`);
  result('');
  const laid = columns(layers.map(({ name, how }) => [name, how]));
  for (const [at, line] of laid.entries())
    result(`  ${layers[at]?.holds === true ? colors.green('✓') : colors.red('✗')} ${line}`);
  if (above.length > 0) result('\nWhat would raise it:');
  for (const { tier: stronger, reason } of above) result(`  ${stronger}: ${reason}`);
}
