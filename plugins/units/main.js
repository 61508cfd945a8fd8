/**
 * Unit conversion: a plain object in plain JavaScript. It imports nothing, not even the SDK; the shape is what makes it
 * a plugin.
 */

/** Each unit as `[factor, offset]` to the first of its kind: value * factor + offset. Exact by definition (SI, NIST). */
const KINDS = {
  length: {
    m: [1, 0],
    km: [1000, 0],
    cm: [0.01, 0],
    mm: [0.001, 0],
    in: [0.0254, 0],
    ft: [0.3048, 0],
    mi: [1609.344, 0],
  },
  mass: { kg: [1, 0], g: [0.001, 0], t: [1000, 0], lb: [0.45359237, 0], oz: [0.028349523125, 0] },
  time: { s: [1, 0], ms: [0.001, 0], min: [60, 0], h: [3600, 0], d: [86400, 0] },
  data: {
    B: [1, 0],
    kB: [1e3, 0],
    MB: [1e6, 0],
    GB: [1e9, 0],
    KiB: [1024, 0],
    MiB: [1048576, 0],
    GiB: [1073741824, 0],
  },
  temperature: { K: [1, 0], C: [1, 273.15], F: [5 / 9, 459.67 * (5 / 9)] },
};

const UNITS = new Map(
  Object.entries(KINDS).flatMap(([kind, units]) =>
    Object.entries(units).map(([unit, [factor, offset]]) => [unit, { kind, factor, offset }]),
  ),
);

const unit = { enum: [...UNITS.keys()] };

/** Digits that survive the conversion there and back; beyond them there is only rounding. */
const DIGITS = 12;

function convert({ value, from, to }) {
  const source = UNITS.get(from);
  const target = UNITS.get(to);
  if (source.kind !== target.kind) throw new TypeError(`${from} is a ${source.kind} and ${to} is a ${target.kind}`);
  const converted = (value * source.factor + source.offset - target.offset) / target.factor;
  return { value: Number(converted.toPrecision(DIGITS)), unit: to };
}

export default {
  tools: [
    {
      name: 'convert',
      description: 'Converts a value from one unit to another of the same kind, to 12 significant digits.',
      parameters: {
        type: 'object',
        properties: { value: { type: 'number' }, from: unit, to: unit },
        required: ['value', 'from', 'to'],
        additionalProperties: false,
      },
      returns: {
        type: 'object',
        properties: { value: { type: 'number' }, unit },
        required: ['value', 'unit'],
        additionalProperties: false,
      },
      idempotent: true,
      execute: convert,
    },
    {
      name: 'list_units',
      description: 'Lists the units by kind.',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
      idempotent: true,
      execute: () => Object.fromEntries(Object.entries(KINDS).map(([kind, units]) => [kind, Object.keys(units)])),
    },
  ],
  healthCheck: () => ({ status: 'healthy', message: 'The tables are loaded.', metrics: { units: UNITS.size } }),
};
