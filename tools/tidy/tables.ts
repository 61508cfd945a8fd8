/**
 * The documents that are tables of the code: docs/errors.md and docs/limits.md. `npm run docs:tables` writes them, and a
 * test holds them equal.
 */
import { ERRORS, type ErrorRow, type GuestLimits, type Limit, LIMIT_PROFILES, LIMITS } from '@bulkhead/protocol';

const NOTE = '<!-- Written by `npm run docs:tables`. Change the table in the code instead. -->';

/** Text by path of every document that is a table. */
export function renderTables(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', renderErrors(ERRORS)],
    ['docs/limits.md', renderLimits(LIMITS, LIMIT_PROFILES)],
  ]);
}

function renderErrors(errors: Readonly<Record<string, ErrorRow>>): string {
  const rows = Object.entries(errors).map(([code, row]) => [
    `\`${code}\``,
    row.kind,
    row.audience,
    String(row.status),
    String(row.rpc),
    row.retryable ? 'yes' : 'no',
    row.message,
    row.hint,
  ]);
  return document('Errors', [
    'Every code that Bulkhead answers with. **Kind** is how the call ended; **who** has to act; **status** is HTTP’s and',
    '**rpc** JSON-RPC’s number; **again** says whether the same call may succeed later. A code is never reused. A call’s own',
    'message may say more than the one here: the value, what was expected, the limit that was reached.',
    '',
    ...table(['code', 'kind', 'who', 'status', 'rpc', 'again', 'what happened', 'what to do'], rows),
  ]);
}

function renderLimits(
  limits: Readonly<Record<string, Limit>>,
  profiles: Readonly<Record<string, GuestLimits>>,
): string {
  const bounds = Object.entries(limits).map(([name, { value, unit, reason }]) => [
    `\`${name}\``,
    value.toLocaleString('en-US'),
    unit,
    reason,
  ]);
  const fields = Object.keys(profiles['plugin'] ?? {});
  const values = Object.entries(profiles).map(([name, profile]) => [
    `\`${name}\``,
    ...Object.values(profile).map((value) => value.toLocaleString('en-US')),
  ]);
  return document('Limits', [
    'Everything that comes from outside has a bound. Reaching one is an outcome or a coded error, never a slowdown.',
    '',
    ...table(['name', 'value', 'unit', 'why this number'], bounds),
    '',
    '## Profiles',
    '',
    'What a plugin gets where its manifest does not ask. An operator may lower them, and raise them up to the bounds above.',
    '',
    ...table(['profile', ...fields.map((field) => `\`${field}\``)], values),
  ]);
}

function document(title: string, lines: readonly string[]): string {
  return [`# ${title}`, '', NOTE, '', ...lines, ''].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [tableRow(head), tableRow(head.map(() => '---')), ...rows.map(tableRow)];
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
