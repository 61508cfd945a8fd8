/**
 * `npm run demo`: what Bulkhead is for, in the terminal, in under a minute. A real server serves the plugins of
 * examples/demo-plugins; one works, four are trouble. After each: the outcome, the registry's reason, and the proof that the
 * server still answers, asked while the trouble goes on. Exits 1 when anything is not as it says.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import type { Outcome, PluginHealth } from '@bulkhead/protocol';

type Act = { readonly title: string; readonly tool: string; readonly params: object; readonly kind: string };
type Demo = { readonly url: string; readonly token: string };

const ACTS: readonly Act[] = [
  { title: 'A plugin works', tool: 'honest/count_words', params: { text: 'one two three' }, kind: 'ok' },
  { title: 'A plugin spins for ever', tool: 'spinner/spin', params: {}, kind: 'timeout' },
  { title: 'A plugin eats all the memory there is', tool: 'glutton/eat', params: {}, kind: 'out_of_memory' },
  { title: 'A plugin dies natively, in the middle of a call', tool: 'crasher/die', params: {}, kind: 'crashed' },
  { title: 'A plugin needs what is not there', tool: 'needy/anneal', params: {}, kind: 'unavailable' },
];

const root = resolve(import.meta.dirname, '..');
const startedAt = performance.now();
process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const data = await mkdtemp(join(tmpdir(), 'bulkhead-demo-'));
  const server = startServer(data);
  try {
    const demo = await ready(server);
    let isAsPromised = true;
    for (const [index, act] of ACTS.entries()) isAsPromised = (await play(demo, act, index + 1)) && isAsPromised;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const end = isAsPromised ? 'the server never noticed' : 'something was not as promised';
    console.log(`\n${styleText('bold', `${ACTS.length} plugins, ${seconds} s: ${end}.`)}`);
    return isAsPromised;
  } finally {
    await stop(server);
    await rm(data, { recursive: true, force: true });
  }
}

function startServer(data: string): ChildProcess {
  console.log('starting the server ...');
  const bin = join(root, 'packages/cli/bin/bulkhead.js');
  const args = ['serve', '--port', '0', '--json', '--data', data, '--log-level', 'silent'];
  const plugins = ['--plugins', join(root, 'examples/demo-plugins')];
  const env = { ...process.env };
  delete env['BULKHEAD_TOKEN']; // The demo's server has a token of its own.
  return spawn(process.execPath, [...process.execArgv, bin, ...args, ...plugins], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  });
}

async function ready(server: ChildProcess): Promise<Demo> {
  if (server.stdout === null) throw new Error('the server was started without a pipe');
  for await (const line of createInterface({ input: server.stdout })) {
    const event = JSON.parse(line) as { readonly url: string; readonly token_file: string; readonly tier: string }; // DESIGN 14.
    console.log(`it serves on ${event.url}, sandbox ${styleText('bold', event.tier)}`);
    return { url: event.url, token: (await readFile(event.token_file, 'utf8')).trim() };
  }
  throw new Error('the server ended before it was ready; `npm run build` may be missing');
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const { promise, resolve: done } = Promise.withResolvers<void>();
  server.once('exit', () => done());
  server.kill('SIGTERM');
  await promise;
}

/** Calls the tool, asks the server while it runs and afterwards, and tells. True when all is as promised. */
async function play(demo: Demo, act: Act, number: number): Promise<boolean> {
  const [plugin = ''] = act.tool.split('/');
  console.log(`\n${styleText('bold', `${number}. ${act.title}`)}  ${styleText('dim', act.tool)}`);
  const running = call(demo, act.tool, act.params);
  const during = await proof(demo);
  const outcome = await running;
  const health = (await (await fetch(`${demo.url}/v1/plugins/${plugin}/health`)).json()) as PluginHealth; // Its schema.
  const after = await proof(demo);
  say(
    'outcome',
    outcome.ok ? `ok ${JSON.stringify(outcome.value)}` : `${outcome.error.kind}: ${outcome.error.message}`,
  );
  say('took', `${Math.round(outcome.call.duration_ms)} ms`);
  say('registry', health.reason === undefined ? health.state : `${health.state}: ${health.reason}`);
  say('server', `answered a good call in ${during.ms} ms meanwhile, in ${after.ms} ms afterwards`);
  const kind = outcome.ok ? 'ok' : outcome.error.kind;
  return kind === act.kind && during.isGood && after.isGood;
}

function say(what: string, text: string): void {
  console.log(`   ${styleText('cyan', what.padEnd(9))} ${text}`);
}

async function call(demo: Demo, tool: string, params: object): Promise<Outcome> {
  const response = await fetch(`${demo.url}/v1/tools/${tool}/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ params }),
  });
  return (await response.json()) as Outcome; // DESIGN 4: on the data plane the body is always the Outcome.
}

/** The server lives when its liveness and a call of the good plugin say so. */
async function proof(demo: Demo): Promise<{ readonly isGood: boolean; readonly ms: number }> {
  const before = performance.now();
  const outcome = await call(demo, 'honest/count_words', { text: 'still here' });
  const ms = Math.round(performance.now() - before);
  const { status } = await fetch(`${demo.url}/healthz`);
  return { isGood: outcome.ok && status === 200, ms };
}
