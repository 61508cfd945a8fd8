/**
 * What can be typed: the verbs, their options and their help. What a verb of this machine needs is loaded when it runs, so
 * that `--help` answers at once; verbs that ask a server are small.
 */
import { readFileSync } from 'node:fs';
import { TIERS } from '@bulkhead/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import { asksForTenant, examples, type ServerOptions, type VerbContext } from './remote/server-verb.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { KINDS, LANGUAGES, STYLES } from './scaffold/choices.ts';
import type { Terminal } from './terminal.ts';
import { collect } from './typed-values.ts';
import { addAgent } from './verbs/agent-verb.ts';
import { addTokenVerbs } from './verbs/api-token.ts';
import { addAuditVerbs } from './verbs/audit.ts';
import { addConfigVerbs } from './verbs/config.ts';
import { addDebug } from './verbs/debug.ts';
import { addDistributionVerbs } from './verbs/distribution.ts';
import { addEvolve } from './verbs/evolve-verb.ts';
import { addGuard } from './verbs/guard-verb.ts';
import { addHealth } from './verbs/health.ts';
import { addList } from './verbs/list.ts';
import { addOffer } from './verbs/offer.ts';
import { addPluginVerbs } from './verbs/plugins.ts';
import { addLogs } from './verbs/logs.ts';
import { addMcp } from './verbs/mcp-verb.ts';
import { addNodes } from './verbs/nodes.ts';
import { addQueueVerbs } from './verbs/queue.ts';
import { addReload } from './verbs/reload.ts';
import { addEvaluationVerbs } from './verbs/evaluations.ts';
import { addReleaseVerbs } from './verbs/releases.ts';
import { addRepair } from './verbs/repair-verb.ts';
import { addRolloutVerbs } from './verbs/rollout.ts';
import { addSecretVerbs } from './verbs/secrets.ts';
import { addMutate, addRender } from './verbs/task-verbs.ts';
import { addTenantVerbs } from './verbs/tenant.ts';
import { addWorkerVerbs } from './verbs/worker.ts';

/** Creates the program; `exit` is told the exit code of the verb that ran. */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command('bulkhead')
    .description('Runs plugins in operating-system sandboxes, for AI-agent servers.')
    .version(version(), '-V, --version')
    .configureOutput({
      writeOut: (text) => terminal.result(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows how it is used)')
    .exitOverride();
  const context: VerbContext = { program, terminal, exit };
  program.commandsGroup('On this machine:');
  addServe(context);
  addCall(context);
  addDev(context);
  addCheck(context);
  addInit(context);
  addTest(context);
  addDoctor(context);
  addMigrate(context);
  addGuard(context);
  addMutate(context);
  addWorkerVerbs(context);
  addRender(context);
  addRepair(context);
  addEvolve(context);
  addServerVerbs(context);
  return program;
}

/** Verbs that ask a server: small, so they are here from the start. */
function addServerVerbs(context: VerbContext): void {
  context.program.commandsGroup('Ask a server:');
  addList(context);
  addHealth(context);
  addPluginVerbs(context);
  addConfigVerbs(context);
  addSecretVerbs(context);
  addTenantVerbs(context);
  addTokenVerbs(context);
  addReleaseVerbs(context);
  addEvaluationVerbs(context);
  addOffer(context);
  addRolloutVerbs(context);
  addReload(context);
  addLogs(context);
  addDebug(context);
  addAgent(context);
  addMcp(context);
  addDistributionVerbs(context);
  addNodes(context);
  addQueueVerbs(context);
  addAuditVerbs(context);
}

const RECORD = 'record what goes out and comes back into the cassette, without its secrets, in place of replaying it';
const SECRET = 'give the plugin this secret, from the environment variable of its name; repeatable';

function backendOption(): Option {
  return new Option(
    '--backend <what>',
    'what stands in for the network or a language model: cassette:FILE is replayed, scripted:FILE answers',
  );
}

function addServe({ program, terminal, exit }: VerbContext): void {
  program
    .command('serve')
    .description('Install the plugins of folders and serve their tools over HTTP')
    .option('--port <n>', 'port to listen on; 0 picks a free one (default: 7070)', parsePort)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--plugins <dir>', 'folder of plugin folders, or one plugin folder; repeatable', collect)
    .option('--data <dir>', 'folder for artifacts and the token (default: .bulkhead)')
    .addOption(new Option('--min-tier <tier>', 'refuse to start where the sandbox is weaker').choices(TIERS))
    .option('--accept-weak-sandbox', 'run plugins that came over the admin API in whatever sandbox there is')
    .option('--grant <name=perm,...>', 'grant permissions to a plugin; repeatable', collect)
    .option('--watch', 'reload a plugin whose files change')
    .option('--json', 'print one line of JSON when it serves, and nothing else')
    .addOption(new Option('--log-level <level>', 'least level that is logged (default: info)').choices(LOG_LEVELS))
    .option('--config <file>', 'configuration file (default: bulkhead.toml, where it is there)')
    .option('--backend <what>', 'cassette:FILE is replayed in place of the network; nothing goes out')
    .option('--record', RECORD)
    .addHelpText(
      'after',
      examples([
        'bulkhead serve --plugins ./plugins',
        'bulkhead serve --port 0 --plugins ./plugins --data ./state --json',
        'bulkhead serve --plugins ./plugins --grant weather=internet --watch',
      ]),
    )
    .action(async (options) => exit(await (await import('./verbs/serve.ts')).serve(options, terminal)));
}

function addCall({ program, terminal, exit }: VerbContext): void {
  asksForTenant(program.command('call'))
    .description('Call one tool: of a plugin folder, without a server, or of a server’s plugin by name')
    .argument('<dir|name>', 'plugin folder, or name of a plugin of a running server')
    .argument('<tool>', 'name of the tool')
    .option('--params <json>', 'parameters of the tool', '{}')
    .option('--timeout-ms <n>', 'time limit; clipped to the plugin’s own', Number)
    .option('--grant <perm,...>', 'grant permissions to the plugin of the folder; repeatable', collect)
    .option('--stream', 'print what the tool gives while it runs, and how far it is')
    .addOption(backendOption())
    .option('--record', RECORD)
    .option('--secret <name>', SECRET, collect)
    .addHelpText(
      'after',
      `${examples([
        `bulkhead call ./plugins/calculator add --params '{"a":2,"b":3}'`,
        `bulkhead call calculator add --params '{"a":2,"b":3}' --server http://127.0.0.1:7070 --json`,
        'bulkhead call ./exporter export --stream > backup.tar',
        'bulkhead call ./weather now --grant internet,secrets --backend cassette:now.json --record --secret WEATHER_KEY',
        'bulkhead call ./writer tell --grant llm --backend scripted:answers.json',
      ])}\n\nWith --stream --json each piece is one line {"event","data"}, and the outcome the last.\nExit codes: 0 ok, 1 no server, 2 wrong usage, 10 to 26 as the outcome's kind (docs/operator.md).`,
    )
    .action(async (where, tool, options) =>
      exit(await (await import('./verbs/call.ts')).call({ where, tool, ...options }, terminal)),
    );
}

function addDev({ program, terminal, exit }: VerbContext): void {
  program
    .command('dev')
    .description(
      'Serve one plugin folder while you write it: loaded anew at each save, its log, a prompt for its tools',
    )
    .argument('<dir>', 'plugin folder')
    .option('--port <n>', 'port on 127.0.0.1; a free one is picked where it is left out', parsePort)
    .option('--data <dir>', 'folder that keeps data from start to start; in memory where it is left out')
    .option('--grant <perm,...>', 'grant permissions to the plugin; repeatable', collect)
    .option('--json', 'print each event as one line of JSON')
    .addOption(new Option('--log-level <level>', 'least level of the server’s own log').choices(LOG_LEVELS))
    .addHelpText(
      'after',
      `${examples(['bulkhead dev ./weather', 'bulkhead dev ./weather --grant internet --data ./state', `echo 'hello {"name":"Ada"}' | bulkhead dev ./weather --json`])}

At the prompt: NAME {"a":1} calls a tool; .tools, .logs, .reload, .help, .quit.`,
    )
    .action(async (dir, options) => exit(await (await import('./verbs/dev.ts')).dev({ dir, ...options }, terminal)));
}

function addCheck({ program, terminal, exit }: VerbContext): void {
  const verb = (name: 'check' | 'review', about: string): void => {
    program
      .command(name)
      .description(about)
      .argument('<dir>', 'plugin folder')
      .option('--json', 'print findings and dependencies as one line of JSON')
      .option('--fix', 'mend first what can be mended safely, and say what was changed')
      .option('--sarif [file]', 'write the findings as SARIF 2.1.0 to the file, or print them in that form')
      .addHelpText(
        'after',
        examples([
          `bulkhead ${name} ./my-plugin`,
          `bulkhead ${name} ./my-plugin --fix`,
          `bulkhead ${name} ./my-plugin --json`,
          `bulkhead ${name} ./my-plugin --sarif review.sarif`,
        ]),
      )
      .action(async (dir, options) => {
        const asked = { dir, version: version(), isReview: name === 'review', ...options };
        return exit(await (await import('./verbs/check.ts')).check(asked, terminal));
      });
  };
  verb(
    'check',
    'Say what is wrong with a plugin folder: manifest, requirements, code, licences, types, and one load in the sandbox',
  );
  verb('review', 'The same of what can be read: nothing of the plugin runs');
}

function addTest({ program, terminal, exit }: VerbContext): void {
  program
    .command('test')
    .description('Run the contract tests of a plugin folder in the sandbox, then its own tests')
    .argument('<dir>', 'plugin folder')
    .option('--contracts', 'leave its own tests out')
    .addOption(backendOption())
    .option('--record', RECORD)
    .option('--secret <name>', SECRET, collect)
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      examples([
        'bulkhead test ./my-plugin',
        'bulkhead test ./my-plugin --json',
        'bulkhead test ./weather --backend cassette:tests/cassettes/weather.json',
      ]),
    )
    .action(async (dir, options) => exit(await (await import('./verbs/test.ts')).test({ dir, ...options }, terminal)));
}

function addInit({ program, terminal, exit }: VerbContext): void {
  program
    .command('init')
    .description('Make ./NAME: a plugin that loads and is healthy as it stands')
    .argument('[name]', 'name of the plugin; asked for on a terminal, with the rest')
    .addOption(new Option('--kind <kind>', 'what it offers (default: tool)').choices([...KINDS, 'mcp'] as const))
    .addOption(new Option('--style <style>', 'how it is written; define is for tools and hooks').choices(STYLES))
    .addOption(new Option('--lang <lang>', 'TypeScript or JavaScript (default: ts)').choices(LANGUAGES))
    .option('--from <what>', 'of --kind mcp: a package, a folder or a command, with its arguments; or an address')
    .option(
      '--env <variable...>',
      'of --kind mcp: NAME=VALUE, where {data} stands for its folder; or NAME, to be granted',
    )
    .option('--allow <host...>', 'of --kind mcp: a host with its port that it reaches, such as api.example.com:443')
    .option('--secret <name>', 'of --kind mcp with an address: its token, which this variable holds meanwhile')
    .addHelpText(
      'after',
      examples([
        'bulkhead init weather',
        'bulkhead init latency --kind monitor --lang js',
        'bulkhead init everything --kind mcp --from @modelcontextprotocol/server-everything',
        'bulkhead init tickets --kind mcp --from https://mcp.example.com/mcp --secret TICKETS_TOKEN',
      ]),
    )
    .action(async (name, options) =>
      exit(await (await import('./verbs/init.ts')).init({ name, ...options }, terminal)),
    );
}

function addDoctor({ program, terminal, exit }: VerbContext): void {
  asksForTenant(program.command('doctor'))
    .description('Measure the sandbox of this machine, or say what a plugin of a server was refused')
    .option('--plugin <name>', 'of a running server: what it tried, and the permission that it would take')
    .addHelpText('after', examples(['bulkhead doctor', 'bulkhead doctor --json', 'bulkhead doctor --plugin weather']))
    .action(async ({ plugin, ...options }: ServerOptions & { readonly plugin?: string }) =>
      exit(
        plugin === undefined
          ? await (await import('./verbs/doctor.ts')).doctor(options, terminal)
          : await (await import('./verbs/doctor-plugin.ts')).doctorPlugin({ plugin, ...options }, terminal),
      ),
    );
}

function addMigrate({ program, terminal, exit }: VerbContext): void {
  const migrate = program
    .command('migrate')
    .description('Bring the database of a stopped server to this version, or back');
  const onDatabase = (name: 'up' | 'down' | 'status', about: string): Command =>
    migrate
      .command(name)
      .description(`${about} (BULKHEAD_DATABASE_URL, else the database of --data)`)
      .option('--data <dir>', 'data folder of a server that does not run (default: .bulkhead)')
      .option('--json', 'print what was done as one line of JSON')
      .action(async (options) => exit(await (await import('./verbs/migrate.ts'))[name](options, terminal)));
  onDatabase('up', 'Apply what is missing; a second time does nothing').addHelpText(
    'after',
    examples(['bulkhead migrate up', 'BULKHEAD_DATABASE_URL=postgres://... bulkhead migrate up --json']),
  );
  onDatabase('down', 'Take back the last migration; rows of its tables are lost')
    .option('--to <migration>', 'take back all after this one, or `nothing` for all')
    .option('--yes', 'agree to lose the rows, without being asked')
    .addHelpText(
      'after',
      examples(['bulkhead migrate down --to 0001_catalogue', 'bulkhead migrate down --to nothing --yes']),
    );
  onDatabase('status', 'Show what is applied; exits 1 where something is missing').addHelpText(
    'after',
    examples(['bulkhead migrate status', 'bulkhead migrate status --data ./state --json']),
  );
}

const PORT_MAX = 65_535;

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${PORT_MAX}.`);
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string; // Our own package.json.
  };
  return text;
}
