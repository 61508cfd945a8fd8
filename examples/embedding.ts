/**
 * Bulkhead inside a program of your own: no server, no database. Run it with `node --conditions=source examples/embedding.ts`.
 */
import { createHost } from '@bulkhead/host';

await using host = await createHost();

await host.install('plugins/calculator');

const sum = await host.call({ plugin: 'calculator', tool: 'add', params: { a: 2, b: 3 } });
console.log(sum.ok ? sum.value : sum.error); // { result: 5 }

const broken = await host.call({ plugin: 'calculator', tool: 'divide', params: { a: 1, b: 0 }, timeoutMs: 500 });
if (!broken.ok) console.log(broken.error.kind, broken.error.message); // tool_error Division by zero

const [health] = host.plugins();
console.log(health?.state, health?.reason); // FAILED, and what to do about it
