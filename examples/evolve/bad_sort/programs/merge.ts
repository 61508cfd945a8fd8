/** Sorts numbers: each half by itself, and the two into one. */
export function solve(numbers: number[]): number[] {
  if (numbers.length < 2) return [...numbers];
  const middle = numbers.length >> 1;
  return merged(solve(numbers.slice(0, middle)), solve(numbers.slice(middle)));
}

function merged(one: number[], other: number[]): number[] {
  const sorted: number[] = [];
  let [left, right] = [0, 0];
  while (left < one.length && right < other.length) {
    const low = one[left] ?? 0;
    const high = other[right] ?? 0;
    sorted.push(low <= high ? low : high);
    if (low <= high) left += 1;
    else right += 1;
  }
  return [...sorted, ...one.slice(left), ...other.slice(right)];
}
