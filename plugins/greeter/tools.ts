/**
 * The greeter's tools: plain functions whose return is the value of the call. They have no schema, so they check what
 * they are given themselves. Their names are the wire's, as plugin.json lists them.
 */
import type { JsonObject, ToolContext } from '@bulkhead/sdk';
import { guestBook } from './guest-book.ts';
import { isLogged, readSettings } from './settings.ts';

const NAME_CHARACTERS_MAX = 100;

/** Greets `name`; a name greeted within the interval is welcomed back. Throws where there is no name. */
export async function greet(params: JsonObject, context: ToolContext): Promise<JsonObject> {
  const settings = readSettings(context.config);
  const name = readName(params['name']);
  const now = Date.now();
  const before = settings.features.remember ? await guestBook.enter(name, now) : undefined;
  const isBack = before !== undefined && now - before < settings.intervalMs;
  if (isLogged(settings, 'INFO')) context.logger.info('greeted somebody', { is_back: isBack });
  const greeting = isBack ? `Welcome back, ${name}!` : `Hello, ${name}!`;
  return { greeting: settings.features.shout ? greeting.toUpperCase() : greeting, is_back: isBack };
}

/** Lists the names in the guest book, the latest last. */
export function list_greeted(): JsonObject {
  return { names: guestBook.names() };
}

function readName(value: unknown): string {
  const name = typeof value === 'string' ? value.trim() : '';
  if (name === '') throw new TypeError('name is missing; expected the name of whom to greet');
  if (name.length <= NAME_CHARACTERS_MAX) return name;
  throw new RangeError(`name has ${name.length} characters; at most ${NAME_CHARACTERS_MAX} are taken`);
}
