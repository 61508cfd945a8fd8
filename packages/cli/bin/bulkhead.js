#!/usr/bin/env node
/**
 * Starts the command line on a Node that is new enough. Under an older one it starts itself again with the Node that the
 * checkout or installation pins (node_modules/node), or says what to install. Plain JavaScript, so that an old Node can
 * read it; everything else is in src.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { Socket } from 'node:net';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
/** Names the descriptor by which a second start sees that the first has died. */
const PARENT_VARIABLE = 'BULKHEAD_PARENT_FD';
const PARENT_FD = 3;

const here = fileURLToPath(import.meta.url);

// By this signal Node opens its debugger to the machine; at the weakest tier a plugin may send it. `--inspect` still does.
process.on('SIGUSR1', () => undefined);

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  dieWithParent();
  keepCompiledCode();
  await run();
} else {
  startAgain(findPinnedNode(dirname(here)));
}

async function run() {
  try {
    const { main } = await import('bulkhead');
    await main(process.argv.slice(2));
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`bulkhead: a part is missing (${error.message}). Run \`npm ci\` in the checkout, or install again.`);
    process.exit(1);
  }
}

/** What V8 made of our code is kept in the user's own cache folder; without it a verb starts a third later. */
function keepCompiledCode() {
  const given = process.env['XDG_CACHE_HOME'] ?? '';
  module.enableCompileCache(join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'bulkhead', 'code'));
}

/** A killed first process must not leave its second behind: the pipe between them ends with either. */
function dieWithParent() {
  if (process.env[PARENT_VARIABLE] !== String(PARENT_FD)) return;
  delete process.env[PARENT_VARIABLE];
  const pipe = new Socket({ fd: PARENT_FD, readable: true, writable: false });
  pipe.on('close', () => process.exit(1));
  pipe.on('error', () => process.exit(1));
  pipe.resume();
  pipe.unref();
}

/** Returns the nearest pinned Node above a folder, or undefined. */
function findPinnedNode(folder) {
  const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : findPinnedNode(parent);
}

function startAgain(node) {
  if (node === undefined) {
    console.error(
      `bulkhead: Node ${NODE_MAJOR_MIN} or later is needed, and this is ${process.versions.node}.\n` +
        'Install a newer one (https://nodejs.org), or put one beside bulkhead: npm install node@26',
    );
    process.exit(1);
  }
  const child = spawn(node, [...process.execArgv, here, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [PARENT_VARIABLE]: String(PARENT_FD) },
  });
  // Ctrl-C reaches both processes by itself; what is sent to this one alone is passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`bulkhead: ${node} does not start (${error.message}). Run \`npm ci\` again.`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
