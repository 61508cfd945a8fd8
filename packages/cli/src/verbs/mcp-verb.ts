/**
 * `bulkhead mcp` as it is typed; what it needs is loaded when it runs.
 */
import { Option } from 'commander';
import { asksForTenant, examples, type VerbContext } from '../remote/server-verb.ts';

const CLIENT_CONFIG = `In the configuration of a client that starts commands:
  { "mcpServers": { "bulkhead": { "command": "npx", "args": ["bulkhead", "mcp", "--token-file", "/home/ada/.bulkhead-token"] } } }`;

/** Adds it. */
export function addMcp({ program, terminal, exit }: VerbContext): void {
  asksForTenant(
    program.command('mcp').description('Speak MCP on standard input and output, for clients that start a command'),
  )
    .option('--plugin <name>', 'show one plugin alone, under its own names')
    .addOption(new Option('--token-file <file>', 'file that holds the token').helpGroup('Server:'))
    .addHelpText(
      'after',
      `${examples(['bulkhead mcp --token-file ~/.bulkhead-token', 'bulkhead mcp --server https://tools.example.com --plugin calculator --token-file token'])}\n\n${CLIENT_CONFIG}`,
    )
    .action(async (options) => {
      const { bridge } = await import('./mcp.ts');
      exit(await bridge(options, { input: process.stdin, terminal }));
    });
}
