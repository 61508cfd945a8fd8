/**
 * `bulkhead nodes`: the servers that share one storage, and how their plugins are there. The platform token's alone.
 */
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type Node = {
  readonly id: string;
  readonly host_name: string;
  readonly version: string;
  readonly tier: string;
  readonly state: string;
  readonly started_at: string;
  readonly heartbeat_at: string;
  readonly is_self: boolean;
  readonly plugins: readonly { readonly name: string; readonly state: string; readonly reason: string | null }[];
};

/** Adds `nodes`. */
export function addNodes({ program, terminal }: VerbContext): void {
  asksServer(program.command('nodes').description('List the servers that share one storage (platform token)'))
    .addHelpText('after', examples(['bulkhead nodes', 'bulkhead nodes --json']))
    .action(async (options: ServerOptions) => {
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<readonly Node[]>(remote, { path: '/api/v1/nodes' });
      print({ terminal, options }, value, show);
    });
}

function show(nodes: readonly Node[], { result, colors }: Terminal): void {
  const rows = nodes.map((node): readonly Cell[] => [
    node.is_self ? `${node.id} *` : node.id,
    node.host_name,
    node.state === 'ready' ? { text: 'ready', paint: colors.green } : { text: node.state, paint: colors.red },
    node.version,
    node.tier,
    pluginsText(node),
    node.heartbeat_at,
  ]);
  for (const line of tableLines(['node', 'host', 'state', 'version', 'tier', 'plugins', 'seen'], rows, colors))
    result(line);
}

function pluginsText({ plugins }: Node): string {
  const ill = plugins.filter(({ state }) => state === 'FAILED' || state === 'UNAVAILABLE').map(({ name }) => name);
  return ill.length === 0 ? `${plugins.length} well` : `${plugins.length - ill.length} well, ill: ${ill.join(' ')}`;
}
