/**
 * `bulkhead audit`: who did what, and whether the record of it is whole; of a server, or of the store of one that does not run.
 */
import type { AuditHead, AuditLine, AuditVerdict } from '@bulkhead/host';
import { InvalidArgumentError } from 'commander';
import { EXIT_FAILED } from '../exit-codes.ts';
import { askAdmin } from '../remote/ask.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { tenantIdOf } from '../stored-tenant.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type ListOptions = ServerOptions & { readonly after?: number; readonly limit?: number };
type VerifyOptions = ServerOptions & { readonly head?: AuditHead };
type Page = { readonly entries: readonly AuditLine[]; readonly next: number | null };

/** Adds `audit list` and `audit verify`. */
export function addAuditVerbs({ program, terminal, exit }: VerbContext): void {
  const audit = program.command('audit').description('Read and verify the record of what administrators did');
  asksServer(audit.command('list').description('List lines, oldest first: the newest, or those after a number'))
    .option('--after <n>', 'the lines after this number', parseNumber)
    .option('--limit <n>', 'at most so many, up to 1000 (default: 100)', parseNumber)
    .option('--tenant <tenant>', 'lines of this tenant alone, by id or name')
    .addHelpText(
      'after',
      examples(['bulkhead audit list --limit 20', 'bulkhead audit list --tenant acme --after 0 --json']),
    )
    .action(async (options: ListOptions) =>
      print({ terminal, options }, await listLines(options, terminal), showLines),
    );
  asksServer(audit.command('verify').description('Say whether every line is there as it was written'))
    .option('--head <seq:hash>', 'a head that was kept from an earlier run: it must still be in the log', parseHead)
    .addHelpText(
      'after',
      `${examples([
        'bulkhead audit verify',
        'BULKHEAD_DATABASE_URL=postgres://... bulkhead audit verify --json',
        'bulkhead audit verify --head 812:9f2c...',
      ])}\n\nExits 1 where a line does not hold. Keep a head elsewhere: whoever can write the database can write all of it anew.`,
    )
    .action(async (options: VerifyOptions) => {
      const verdict = await verify(options, terminal);
      print({ terminal, options }, verdict, showVerdict);
      if (!verdict.ok) exit(EXIT_FAILED);
    });
}

const LINES_DEFAULT = 100;

async function listLines({ tenant, after, limit, ...options }: ListOptions, terminal: Terminal): Promise<Page> {
  const query = new URLSearchParams({
    ...(tenant !== undefined && { tenant }),
    ...(after !== undefined && { after: String(after) }),
    ...(limit !== undefined && { limit: String(limit) }),
  });
  const { askOrOpen } = await import('../ask-or-open.ts');
  return askOrOpen<Page>(
    { options, terminal },
    {
      ask: async (remote) => (await askAdmin<Page>(remote, { path: `/api/v1/audit?${query.toString()}` })).value,
      open: async ({ storage }) => {
        const id = tenant === undefined ? undefined : await tenantIdOf(storage, tenant);
        const rowsMax = Math.max(1, limit ?? LINES_DEFAULT);
        const asked = { rowsMax, ...(after !== undefined && { after }), ...(id !== undefined && { tenant: id }) };
        const { createAuditLog } = await import('@bulkhead/host');
        const entries = await createAuditLog(storage).list(asked);
        const isFull = after !== undefined && entries.length === rowsMax;
        return { entries, next: isFull ? (entries.at(-1)?.seq ?? null) : null };
      },
    },
  );
}

async function verify({ head, ...options }: VerifyOptions, terminal: Terminal): Promise<AuditVerdict> {
  const query = head === undefined ? '' : `?seq=${head.seq}&hash=${head.hash}`;
  const { askOrOpen } = await import('../ask-or-open.ts');
  return askOrOpen<AuditVerdict>(
    { options, terminal },
    {
      ask: async (remote) => (await askAdmin<AuditVerdict>(remote, { path: `/api/v1/audit/verify${query}` })).value,
      open: async ({ storage }) => (await import('@bulkhead/host')).createAuditLog(storage).verify(head),
    },
  );
}

function showLines({ entries, next }: Page, { result, say, colors, talkColors }: Terminal): void {
  const rows = entries.map(({ seq, at, actor, action, tenant_id, resource, details }) => [
    String(seq),
    at,
    actor,
    action,
    tenant_id ?? '-',
    resource,
    JSON.stringify(details),
  ]);
  const head = ['line', 'at', 'by', 'action', 'tenant', 'what', 'details'];
  for (const line of tableLines(head, rows, colors)) result(line);
  if (rows.length === 0) say('there are no such lines');
  if (next !== null) say(talkColors.dim(`there are more: --after ${next}`));
}

function showVerdict({ ok, lines, head, fault }: AuditVerdict, { result, say, colors, talkColors }: Terminal): void {
  const count = lines === 1 ? '1 line' : `${lines} lines`;
  if (ok) result(`${colors.green('whole')}: ${count} in place`);
  else
    result(
      `${colors.red('broken')} at line ${fault?.seq ?? lines + 1}: ${plain(fault?.what ?? '')}; ${count} before it in place`,
    );
  if (ok && lines > 0)
    say(talkColors.dim(`Keep its head elsewhere, for a later --head: ${head.seq}:${plain(head.hash)}`));
}

function parseNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}

function parseHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new InvalidArgumentError('Expected NUMBER:HASH, as `bulkhead audit verify` prints it.');
}
