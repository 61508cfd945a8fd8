/**
 * A process that writes so many snapshots into the store of a folder: `node store-writer.fixture.ts DIR COUNT NAME`.
 */
import { createPolicy } from '../decision/policy.ts';
import { openPolicyStore } from './policy-store.ts';

const [dir = '', count = '0', name = ''] = process.argv.slice(2);
const store = openPolicyStore(dir, { now: () => 0 });
for (let index = 0; index < Number(count); index += 1) {
  await store.snapshot(createPolicy({ kind: 'classic', name: `${name} ${index}` }));
}
