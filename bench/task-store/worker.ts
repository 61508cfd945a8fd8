/**
 * For task-store.ts: a worker in a process of its own, which begins when it is told to and says how many tasks it did.
 */
import { openDatabase, openTaskQueue } from '@bulkhead/store';
import { once } from 'node:events';
import { workThrough } from './work-through.ts';

const [url = ''] = process.argv.slice(2);
const say = (message: unknown): void => void process.send?.(message);

const database = await openDatabase({ kind: 'server', url, connectionsMax: 2 });
const queue = await openTaskQueue(database);
say('ready');
await once(process, 'message');
say(await workThrough(queue, `w${process.pid}`));
await queue.close();
await database.close();
process.disconnect?.();
