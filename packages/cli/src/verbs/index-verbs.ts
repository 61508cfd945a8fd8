/**
 * `bulkhead index`: what can be typed to keep an index of plugins and to look at one. What the verbs do is loaded when they run.
 */
import type { Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';
import { wholeNumber } from '../typed-values.ts';

/** Adds `index` with its verbs. */
export function addIndexVerbs(context: VerbContext): void {
  const index = context.program
    .command('index')
    .description(
      'Keep a signed index of plugin archives, in a folder that any web server can serve; search and verify one',
    );
  addBuild(index, context);
  addAdd(index, context);
  addBlock(index, context);
  addSearch(index, context);
  addVerify(index, context);
}

const PLACE = 'folder or address of the index';

function keeps(command: Command): Command {
  return command
    .requiredOption('--key <file>', 'private key that signs the index, in PEM')
    .option('--at <time>', 'time that the signature and new releases say, `now` or ISO 8601 (default: none)')
    .option('--expires <date>', 'when the signature ends; until then the index has to be built anew (default: never)')
    .option('--json', 'print what became of the index as one line of JSON');
}

function makes(command: Command): Command {
  return keeps(command)
    .option('--name <name>', 'name of a new index (default: plugins)')
    .option('--serial <n>', 'the least serial that it gets (default: one more than before)', wholeNumber)
    .option('--accept-new-publisher', 'take releases of a plugin by another key than signed those before');
}

function addBuild(index: Command, { terminal, exit }: VerbContext): void {
  makes(index.command('build'))
    .description('Make the index of a folder of archives, each reviewed as at an install; twice gives the same bytes')
    .argument('<dir>', 'folder of .tgz and .zip archives, with their signatures beside them')
    .addHelpText(
      'after',
      examples([
        'bulkhead index build ./index --key index.pem',
        'bulkhead index build ./index --key index.pem --at now --expires 2027-01-31 --json',
      ]),
    )
    .action(async (dir, options) =>
      exit(await (await import('./plugin-index.ts')).build({ place: dir, ...options }, terminal)),
    );
}

function addAdd(index: Command, { terminal, exit }: VerbContext): void {
  makes(index.command('add'))
    .description(
      'Add archives to an index, with the signatures beside them; other bytes of a listed version are refused',
    )
    .argument('<index>', 'folder of the index')
    .argument('<archive...>', 'archives to copy there')
    .addHelpText('after', examples(['bulkhead index add ./index weather-1.1.0.tgz --key index.pem']))
    .action(async (place, archives, options) =>
      exit(await (await import('./plugin-index.ts')).add({ place, archives, ...options }, terminal)),
    );
}

function addBlock(index: Command, { terminal, exit }: VerbContext): void {
  keeps(index.command('block'))
    .description('Have nobody install a version, or all that there are and will be of a plugin')
    .argument('<index>', 'folder of the index')
    .argument('<plugin>', 'NAME or NAME@VERSION')
    .requiredOption('--reason <text>', 'why; whoever asks for it is told')
    .addHelpText(
      'after',
      examples(['bulkhead index block ./index weather@1.0.0 --reason "CVE-2026-1" --key index.pem']),
    )
    .action(async (place, plugin, options) =>
      exit(await (await import('./plugin-index.ts')).block({ place, plugin, ...options }, terminal)),
    );
  keeps(index.command('unblock'))
    .description('Take a block back; one that the review made goes with a version that passes')
    .argument('<index>', 'folder of the index')
    .argument('<plugin>', 'NAME or NAME@VERSION, as it was blocked')
    .addHelpText('after', examples(['bulkhead index unblock ./index weather@1.0.0 --key index.pem']))
    .action(async (place, plugin, options) =>
      exit(await (await import('./plugin-index.ts')).unblock({ place, plugin, ...options }, terminal)),
    );
}

function reads(command: Command): Command {
  return command
    .argument('<index>', PLACE)
    .option('--key <key>', 'public key that must have signed it: ed25519:BASE64, or a file that holds it')
    .option('--serial <n>', 'refuse an index with a lower serial than this, which was seen before', wholeNumber)
    .option('--json', 'print what was found as one line of JSON');
}

function addSearch(index: Command, { terminal, exit }: VerbContext): void {
  reads(index.command('search'))
    .description('Show the plugins of an index that have every word in name, description or capabilities')
    .argument('[words...]', 'what to search for; all, where it is left out')
    .option('--capability <tag>', 'only those with this capability')
    .addHelpText(
      'after',
      examples([
        'bulkhead index search https://plugins.example.com/ weather --key index.pem.pub',
        'bulkhead index search ./index --capability math --json',
      ]),
    )
    .action(async (place, words, options) =>
      exit(await (await import('./plugin-index.ts')).search({ place, words, ...options }, terminal)),
    );
}

function addVerify(index: Command, { terminal, exit }: VerbContext): void {
  reads(index.command('verify'))
    .description('Say whether an index, and every archive that it lists, is as it was signed; exits 1 where one is not')
    .addHelpText(
      'after',
      examples([
        'bulkhead index verify ./index --key index.pem.pub',
        'bulkhead index verify https://plugins.example.com/ --key index.pem.pub --serial 12 --json',
      ]),
    )
    .action(async (place, options) =>
      exit(await (await import('./plugin-index.ts')).verify({ place, ...options }, terminal)),
    );
}
