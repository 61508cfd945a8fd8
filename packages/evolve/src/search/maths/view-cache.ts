/**
 * What was computed of a view, kept until the view changes.
 */
import type { ProgramView } from '../population/program-view.ts';

/** Remembers the last answer for each view. */
export function keptForView<Value>(
  compute: (view: ProgramView<unknown>) => Value,
): (view: ProgramView<unknown>) => Value {
  const kept = new WeakMap<ProgramView<unknown>, { readonly version: number; readonly value: Value }>();
  return (view) => {
    const last = kept.get(view);
    if (last !== undefined && last.version === view.version) return last.value;
    const value = compute(view);
    kept.set(view, { version: view.version, value });
    return value;
  };
}
