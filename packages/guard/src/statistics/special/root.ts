/**
 * Roots of functions of one number that rise or fall throughout.
 */

/** More steps than any bracket of numbers needs: each two at least halve it. */
const STEPS_MAX = 200;
const WIDTH = 1e-12;

/**
 * The root of a function within a bracket at whose ends it has different signs, or is 0; to 1e-12 of the bracket's size. Where the
 * signs are the same it is the end where the function is nearer to 0: a bracket that is exact up to rounding.
 *
 * Illinois' regula falsi, with a halving where a step did not halve the bracket.
 */
export function findRoot(of: (x: number) => number, [from, to]: readonly [number, number]): number {
  let [a, b] = [from, to];
  let [atA, atB] = [of(a), of(b)];
  if (Math.sign(atA) === Math.sign(atB)) return Math.abs(atA) < Math.abs(atB) ? a : b;
  const enough = WIDTH * Math.max(Math.abs(from), Math.abs(to));
  for (let step = 0; step < STEPS_MAX && atB !== 0 && Math.abs(b - a) > enough; step += 1) {
    const x = step % 3 === 2 ? (a + b) / 2 : inside(b - (atB * (b - a)) / (atB - atA), a, b);
    const atX = of(x);
    if (Math.sign(atX) === Math.sign(atB)) {
      // The end that stays counts half, so that it does not stay for ever.
      atA /= 2;
    } else {
      [a, atA] = [b, atB];
    }
    [b, atB] = [x, atX];
  }
  return b;
}

function inside(x: number, a: number, b: number): number {
  return x > Math.min(a, b) && x < Math.max(a, b) ? x : (a + b) / 2;
}
