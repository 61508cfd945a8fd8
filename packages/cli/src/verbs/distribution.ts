/**
 * `bulkhead pack`, `sign`, `verify`, `index`: what a publisher does with a plugin, and what whoever gets it looks at.
 */
import { examples, type VerbContext } from '../remote/server-verb.ts';
import { addIndexVerbs } from './index-verbs.ts';

/** Adds `pack`, `sign`, `verify` and `index`; what they need is loaded when they run. */
export function addDistributionVerbs(context: VerbContext): void {
  addPack(context);
  addSigning(context);
  addIndexVerbs(context);
}

function addPack({ program, terminal, exit }: VerbContext): void {
  program
    .command('pack')
    .description('Pack a plugin folder, with its packages, licence and checksums; twice gives the same bytes')
    .argument('<dir>', 'plugin folder')
    .option('--out <file>', 'archive to write (default: ./NAME-VERSION.tgz)')
    .option('--json', 'print what was packed as one line of JSON')
    .addHelpText('after', examples(['bulkhead pack ./weather', 'bulkhead pack ./weather --out weather.tgz --json']))
    .action(async (dir, options) => exit(await (await import('./pack.ts')).pack({ dir, ...options }, terminal)));
}

function addSigning({ program, terminal, exit }: VerbContext): void {
  program
    .command('sign')
    .description('Sign an archive; the signature is written beside it, as FILE.sig.json')
    .argument('[file]', 'archive')
    .option('--key <file>', 'private key, in PEM')
    .option('--expires <date>', 'when the signature ends (default: never)')
    .option('--new-key <path>', 'make a pair of keys instead: PATH, and PATH.pub to give away')
    .option('--json', 'print the signature as one line of JSON')
    .addHelpText(
      'after',
      examples(['bulkhead sign --new-key publisher.pem', 'bulkhead sign weather-1.0.0.tgz --key publisher.pem']),
    )
    .action(async (file, options) => exit(await (await import('./sign.ts')).sign({ file, ...options }, terminal)));
  program
    .command('verify')
    .description('Say who signed an archive, and whether it is as it was signed')
    .argument('<file>', 'archive; its signature lies beside it')
    .option('--key <key>', 'public key that must have signed it: ed25519:BASE64, or a file that holds it')
    .option('--json', 'print the verdict as one line of JSON')
    .addHelpText(
      'after',
      examples(['bulkhead verify weather-1.0.0.tgz', 'bulkhead verify weather-1.0.0.tgz --key publisher.pem.pub']),
    )
    .action(async (file, options) => exit(await (await import('./sign.ts')).verify({ file, ...options }, terminal)));
}
