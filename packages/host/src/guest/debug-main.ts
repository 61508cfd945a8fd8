/**
 * Entry of a guest under the debugger: a guest like any other, and beside it a thread that carries the inspector's messages to
 * the host over a socket that it was born with. No port is opened, so the network stays closed; the thread is there because a
 * thread that is paused at a breakpoint cannot speak for itself. Production guests are built from main.ts and hold none of this.
 */
import { Worker, isMainThread } from 'node:worker_threads';
import { carryInspector } from './carry-inspector.ts';
import { runGuest } from './runtime.ts';

const ARGUMENT = 'inspector=';
const argument = process.argv.find((text) => text.startsWith(ARGUMENT));

if (isMainThread) void begin();
else void carryInspector(Number(argument?.slice(ARGUMENT.length)));

/** The host's self-test starts this file, too, and gives it no socket. */
async function begin(): Promise<void> {
  const [, file] = process.argv;
  if (argument === undefined || file === undefined) return runGuest();
  const thread = new Worker(file, { argv: [argument] });
  thread.unref();
  await new Promise((resolve) => thread.once('message', resolve));
  return runGuest();
}
