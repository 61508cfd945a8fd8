/**
 * Where a tenant stands in the rollouts of a plugin: the same on every node and at every time, and another for every plugin,
 * so that it is not always the same tenants who go first. Pure.
 */
import { hash } from 'node:crypto';

const DIGITS = 12;

/** A number of at least 0 and below 1; a step of share `s` moves the tenants below `s`. */
export function shareOf(tenant: string, plugin: string): number {
  const digest = hash('sha256', `${plugin} ${tenant}`, 'hex');
  return Number.parseInt(digest.slice(0, DIGITS), 16) / 16 ** DIGITS;
}
