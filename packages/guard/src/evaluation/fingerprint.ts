/**
 * A fingerprint of a task: what it is called, what its functions say, and the constants beside them. Two tasks with one fingerprint ask
 * the same, as far as their own text goes: what their functions call from elsewhere cannot be read.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import type { Task } from '../task/task.ts';
import { sha256 } from './evaluate-options.ts';

/** SHA-256 in hexadecimal. */
export function fingerprintOf(task: Task): string {
  return sha256(canonicalJson(readable(task, 0)));
}

/** Deeper values are made by libraries and are none of the task's own words. */
const DEPTH_MAX = 4;

function readable(value: unknown, depth: number): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function') return Function.prototype.toString.call(value);
  if (typeof value !== 'object' || depth === DEPTH_MAX) return typeof value;
  if (Array.isArray(value)) return value.map((item) => readable(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, readable(member, depth + 1)]));
}
