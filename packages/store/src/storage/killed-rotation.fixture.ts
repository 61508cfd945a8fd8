/**
 * For killed-rotation.test.ts: a process that rotates the secrets of a store, and kills itself before it asks the storage for
 * the thing of a number.
 */
import { holdDataDirectory, rotateStoredSecrets, type Storage } from '@bulkhead/host';
import { openStore } from '../open-store.ts';

const [dataDir = '', fatalAsk = '', url] = process.argv.slice(2);
const lock = await holdDataDirectory(dataDir);
const storage = await openStore({ url, dataDir, log: { warn: () => undefined } });
await rotateStoredSecrets(mortal(storage, Number(fatalAsk)), { dataDir, secretsKeys: [] }, 'test');
await storage.close();
await lock[Symbol.asyncDispose]();
process.disconnect?.();

function mortal(beneath: Storage, fatal: number): Storage {
  let asks = 0;
  const ask = <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    asks += 1;
    if (asks === fatal) process.kill(process.pid, 'SIGKILL');
    return work();
  };
  return {
    ...beneath,
    commit: (write) => ask(() => beneath.commit(write)),
    listSecretsOfOtherKeys: (keyId, rowsMax) => ask(() => beneath.listSecretsOfOtherKeys(keyId, rowsMax)),
  };
}
