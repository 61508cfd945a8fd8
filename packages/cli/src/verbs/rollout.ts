/**
 * `bulkhead rollout start|show|cancel`: the tenants of a plugin move to a release by growing shares. The server carries it on;
 * these only begin it, look, and end it.
 */
import { InvalidArgumentError } from 'commander';
import { askAdmin, type AdminRequest } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { showBegun, type Begun } from './evaluations.ts';
import { asksForGate, gateBody, parseWait, type GateFlags } from './gate-options.ts';
import { pluginPath } from './plugins.ts';

type Rollout = {
  readonly plugin_name: string;
  readonly version: string;
  readonly state: 'running' | 'done' | 'halted' | 'cancelled';
  readonly steps: readonly number[];
  readonly steps_done: number;
  readonly reason: string | null;
  readonly left_out: readonly { readonly tenant_id: string; readonly code: string }[];
};
type StartOptions = ServerOptions & GateFlags & { readonly steps?: readonly number[]; readonly waitMs?: number };

/** Adds `rollout`. */
export function addRolloutVerbs({ program, terminal }: VerbContext): void {
  const rollout = program
    .command('rollout')
    .description('Move all tenants of a plugin to a release, by growing shares (platform token)');
  const starting = rollout
    .command('start')
    .description('Begin one; a tenant that must consent is left out, and listed');
  asksForGate(asksServer(starting))
    .argument('<name>', 'name of the plugin')
    .argument('<version>', 'release to move to')
    .option('--steps <share,...>', 'growing shares of the tenants (default: 0.1,0.5,1)', parseSteps)
    .option('--wait-ms <n>', 'between steps (default: ten minutes, as long as an upgrade is on probation)', parseWait)
    .addHelpText(
      'after',
      examples(['bulkhead rollout start weather 2.0.0', 'bulkhead rollout start weather 2.0.0 --steps 0.01,0.2,1']),
    )
    .action(async (name: string, version: string, options: StartOptions) => {
      const { steps, waitMs } = options;
      const body = {
        version,
        ...gateBody(options),
        ...(steps !== undefined && { steps }),
        ...(waitMs !== undefined && { wait_ms: waitMs }),
      };
      await start({ method: 'POST', path: pluginPath(name, '/rollout'), body }, { options, terminal });
    });
  for (const { word, method, about } of LOOKS) {
    asksServer(rollout.command(word).description(about))
      .argument('<name>', 'name of the plugin')
      .addHelpText('after', examples([`bulkhead rollout ${word} weather`]))
      .action((name: string, options: ServerOptions) =>
        ask({ method, path: pluginPath(name, '/rollout') }, { options, terminal }),
      );
  }
}

const LOOKS = [
  { word: 'show', method: 'GET', about: 'Say how far the newest one is, and whom it left out' },
  { word: 'cancel', method: 'DELETE', about: 'End the one under way; who has moved stays moved' },
] as const;

async function start(request: AdminRequest, { options, terminal }: Asking): Promise<void> {
  const { value } = await askAdmin<Rollout | Begun>(await openRemote(options, process.env), request);
  if ('evaluation_id' in value) return print({ terminal, options }, value, showBegun);
  print({ terminal, options }, value, showRollout);
  terminal.say(terminal.talkColors.dim(plain(`Next: bulkhead rollout show ${value.plugin_name}`)));
}

type Asking = { readonly options: ServerOptions; readonly terminal: Terminal };

async function ask(request: AdminRequest, { options, terminal }: Asking): Promise<void> {
  const { value } = await askAdmin<Rollout>(await openRemote(options, process.env), request);
  print({ terminal, options }, value, showRollout);
}

function showRollout({ left_out: leftOut, ...rollout }: Rollout, { result, say, colors, talkColors }: Terminal): void {
  const { plugin_name, version, state, steps, steps_done, reason } = rollout;
  const share = steps_done === 0 ? 'none' : `${Math.round((steps[steps_done - 1] ?? 0) * 100)} %`;
  const row = [plugin_name, version, state, `${steps_done} of ${steps.length}`, share, reason ?? ''];
  for (const line of tableLines(['plugin', 'release', 'state', 'steps', 'moved', 'why'], [row], colors)) result(line);
  for (const { tenant_id: tenant, code } of leftOut) say(talkColors.yellow(plain(`left out: ${tenant}  ${code}`)));
}

function parseSteps(text: string): readonly number[] {
  const steps = text.split(',').map(Number);
  if (steps.every((share) => share > 0 && share <= 1)) return steps;
  throw new InvalidArgumentError('expected shares above 0 and at most 1, such as 0.1,0.5,1');
}
