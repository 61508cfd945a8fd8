/**
 * Programs that nobody is better than in all cases: specialists that a mean would hide.
 */
import { dominates } from '../maths/pareto-fronts.ts';
import { compareMembers, type Member } from '../population/program-view.ts';

/**
 * The front with one more program: those that it dominates go, and of more than `most` the worst by score. The same front where it is
 * dominated itself, is equal to one there, or has no cases.
 */
export function extendFront<P>(front: readonly Member<P>[], member: Member<P>, most: number): readonly Member<P>[] {
  if (!isUndominated(front, member)) return front;
  const left = front.filter(({ cases }) => !dominates(member.cases, cases));
  const extended = [...left, member];
  if (extended.length <= most) return extended;
  const worst = extended.reduce((last, each) => (compareMembers(last, each) > 0 ? last : each));
  return extended.filter((each) => each !== worst);
}

/** Tells whether a program would get into the front. */
export function isUndominated<P>(front: readonly Member<P>[], { cases }: Member<P>): boolean {
  if (cases.length === 0) return false;
  return !front.some((each) => dominates(each.cases, cases) || isEqual(each.cases, cases));
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}
