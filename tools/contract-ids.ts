/**
 * Writes tools/contract-ids.json from the text of the contracts: `npm run contract-ids -- FILE`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contractIdsOf } from './tidy/contracts.ts';

const [source] = process.argv.slice(2);
if (source === undefined) {
  console.error('usage: npm run contract-ids -- FILE');
  process.exitCode = 2;
} else {
  const ids = contractIdsOf(readFileSync(source, 'utf8'));
  writeFileSync(join(import.meta.dirname, 'contract-ids.json'), `${JSON.stringify(ids, undefined, 2)}\n`);
}
