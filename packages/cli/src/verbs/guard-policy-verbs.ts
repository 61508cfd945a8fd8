/**
 * `bulkhead guard policy` as it is typed.
 */
import type { Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';

const POLICY = 'text such as noninferiority:margin=0.01, or a TOML file';

/** Adds `policy` with its verbs. */
export function addPolicyVerbs(guard: Command, context: VerbContext): void {
  const policy = guard
    .command('policy')
    .description('Policies: what they say, who signed them, and which is current in a folder');
  addReading(policy, context);
  addSigning(policy, context);
  addKeeping(policy, context);
}

function addReading(policy: Command, { terminal, exit }: VerbContext): void {
  inFolder(policy.command('show'))
    .description('Print a policy as TOML, with every field; the current one of the folder where none is named')
    .argument('[policy]', POLICY)
    .addHelpText('after', examples(['bulkhead guard policy show noninferiority', 'bulkhead guard policy show']))
    .action(async (name, options) =>
      exit(await (await import('../guard/policies.ts')).showVerb({ policy: name, ...options }, terminal)),
    );
  policy
    .command('check')
    .description('Say whether a policy is one')
    .argument('<policy>', POLICY)
    .option('--json', 'print its name and digest as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard policy check policy.toml']))
    .action(async (name, options) =>
      exit(await (await import('../guard/policies.ts')).checkVerb({ policy: name, ...options }, terminal)),
    );
}

function addSigning(policy: Command, { terminal, exit }: VerbContext): void {
  policy
    .command('sign')
    .description('Sign a policy, with a key that `bulkhead sign --new-key` made')
    .argument('<policy>', POLICY)
    .requiredOption('--key <file>', 'private key in PEM')
    .option('--expires <date>', 'when the signature ends (default: never)')
    .option('--out <file>', 'write the signature there (default: print it)')
    .addHelpText('after', examples(['bulkhead guard policy sign policy.toml --key policy.pem --out policy.sig.json']))
    .action(async (name, options) =>
      exit(await (await import('../guard/policies.ts')).signVerb({ policy: name, ...options }, terminal)),
    );
  inFolder(policy.command('verify'))
    .description(
      'Say whether a signature is of a policy and by a key; without a policy, whether the folder is as it was written',
    )
    .argument('[policy]', POLICY)
    .option('--signature <file>', 'signature of the policy')
    .option('--key <key>', 'public key that must have made it: ed25519:BASE64, or a file')
    .option('--head <sha256>', 'head of the folder’s history that was kept: its line must still be there')
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText(
      'after',
      examples([
        'bulkhead guard policy verify policy.toml --signature policy.sig.json --key policy.pem.pub',
        'bulkhead guard policy verify --dir .bulkhead/policies',
      ]),
    )
    .action(async (name, options) =>
      exit(await (await import('../guard/policies.ts')).verifyVerb({ policy: name, ...options }, terminal)),
    );
}

function addKeeping(policy: Command, { terminal, exit }: VerbContext): void {
  inFolder(policy.command('snapshot'))
    .description('Make a policy the current one of the folder')
    .argument('<policy>', POLICY)
    .option('--signature <file>', 'signature of it, which is kept with it')
    .option('--json', 'print the line of the history')
    .addHelpText('after', examples(['bulkhead guard policy snapshot policy.toml --signature policy.sig.json']))
    .action(async (name, options) =>
      exit(await (await import('../guard/policies.ts')).snapshotVerb({ policy: name, ...options }, terminal)),
    );
  inFolder(policy.command('list'))
    .description('List the policies of the folder, the newest last')
    .option('--json', 'print the history as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard policy list']))
    .action(async (options) => exit(await (await import('../guard/policies.ts')).listVerb(options, terminal)));
  inFolder(policy.command('rollback'))
    .description('Make the policy of an earlier line of the history current again')
    .argument('<line>', 'number of the line, as `list` shows it', Number)
    .option('--json', 'print the line of the history')
    .addHelpText('after', examples(['bulkhead guard policy rollback 3']))
    .action(async (line, options) =>
      exit(await (await import('../guard/policies.ts')).rollbackVerb({ line, ...options }, terminal)),
    );
}

function inFolder(command: Command): Command {
  return command.option('--dir <dir>', 'folder of policies', '.bulkhead/policies');
}
