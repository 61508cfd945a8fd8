/**
 * What the worker pools run for the call bench: the same sum that the fixture `trivial` makes.
 */
// oxlint-disable-next-line import/no-default-export -- both pools run the default export
export default function add({ a, b }) {
  return a + b;
}
