/**
 * The whole fault matrix once more with a host that is not root, at the strongest tier that it reaches by itself. Run by
 * root it becomes another user, with a checkout that this user can read; else it is that user already.
 */
import { expect, test } from 'vitest';
import { startHost, type ChildOptions } from '../support/child-host.ts';
import { copyCheckout } from '../support/checkout-copy.ts';
import { openScratch } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

test('a host without root survives everything too, at the same tier', { timeout: 240_000 }, async () => {
  await using scratch = await openScratch('unprivileged');
  const isRoot = process.getuid?.() === 0;
  const options: ChildOptions = isRoot ? { through: NOBODY, checkout: await copyCheckout(scratch.path) } : {};
  await using host = startHost({ verb: 'attack', options: {} }, options);
  const strongest = (await tiersHere()).at(-1);
  expect(await host.line()).toEqual({ tier: strongest, differing: [], stray: 0, left: [] });
  expect(await host.ended).toEqual({ code: 0, signal: null });
});
