/**
 * Texts of kinds that judge and choose: a parent selector, an executor and a monitor.
 */
import type { EntryKind, KindTexts } from './kind-sources.ts';

const SELECTOR_SHARED = `/** The champions of all islands. */
function championsOf(db«: ProgramDatabase»)«: readonly Program[]» {
  const champions = db.islands.map((island) => island.champion);
  if (champions.length === 0) throw new Error('the database holds no program');
  return champions;
}

/** Any of them with the probability \`epsilon\`, else the fastest. */
function choose(db«: ProgramDatabase», epsilon«: number»)«: Program» {
  const champions = championsOf(db);
  const any = champions[Math.floor(Math.random() * champions.length)];
  const fastest = champions.toSorted((a, b) => a.speed_ms - b.speed_ms)[0];
  return (Math.random() < epsilon ? any : fastest)« as Program»;
}

/** The sources of the fastest \`k\`. */
function inspire(db«: ProgramDatabase», k«: number»)«: readonly string[]» {
  const fastest = db.islands.map((island) => island.champion).toSorted((a, b) => a.speed_ms - b.speed_ms);
  return fastest.slice(0, k).map((program) => program.source);
}

/** Explores less after a gain, and more after none. */
function adapt(epsilon«: number», fitnessGain«: number»)«: number» {
  return fitnessGain > 0 ? Math.max(0.02, epsilon * 0.96) : Math.min(0.5, epsilon * 1.05);
}

`;

const MONITOR_SHARED = `/** The value below which the share \`percentile\` of the durations lies. */
function percentileOf(durations«: readonly number[]», percentile«: number»)«: number» {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.trunc(percentile * sorted.length) - 1)] ?? 0;
}

/** What the durations of both sides say; an alert where the candidate is slower than the ratio allows. */
function sumUp(durations«: Durations», { percentile = 0.95, alert_ratio = 1.2 }«: Settings») {
  const baseline_ms = percentileOf(durations.baseline, percentile);
  const candidate_ms = percentileOf(durations.candidate, percentile);
  const ratio = baseline_ms === 0 ? 1 : candidate_ms / baseline_ms;
  const alert = { type: 'latency_regression', baseline_ms, candidate_ms, ratio, threshold: alert_ratio };
  return { summary: { baseline_ms, candidate_ms, ratio }, alerts: ratio > alert_ratio ? [alert] : [] };
}

«type Settings = { readonly percentile?: number; readonly alert_ratio?: number };»
«type Durations = { readonly baseline: number[]; readonly candidate: number[] };»

`;

const EXECUTOR_SHARED = `/** What an implementation may name: this executor runs no code, it only computes what it knows. */
const FUNCTIONS«: Readonly<Record<string, (numbers: readonly number[]) => number>>» = {
  sum: (numbers) => numbers.reduce((total, number) => total + number, 0),
  largest: (numbers) => Math.max(...numbers),
};

/** Runs the function that the implementation names, such as \`{"solve":"sum"}\`; what goes wrong is a result, too. */
function run(content«: string», funcName«: string», args«: readonly JsonValue[]»)«: ExecutionResult» {
  const start = performance.now();
  const end = () => ({ duration_ms: performance.now() - start, stdout: '', stderr: '' });
  try {
    const named«: unknown» = JSON.parse(content)?.[funcName];
    const known = typeof named === 'string' && Object.hasOwn(FUNCTIONS, named) ? FUNCTIONS[named] : undefined;
    const [numbers] = args;
    if (known === undefined) throw new Error(\`the implementation has no function "\${funcName}"\`);
    if (!Array.isArray(numbers)) throw new TypeError('the argument is no list of numbers');
    return { success: true, result: known(numbers« as number[]»), ...end() };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it cannot be run';
    return { success: false, error: message, error_type: 'invalid_request', ...end() };
  }
}

`;

/** By kind. */
export const EVALUATION_TEXTS: Readonly<
  Record<Extract<EntryKind, 'parent-selector' | 'executor' | 'monitor'>, KindTexts>
> = {
  'parent-selector': {
    group: 'parent_selectors',
    about: 'Chooses the fastest program, or now and then any.',
    usage: `Its configuration, as the table \`[selector.<name>]\`:

| key       | default | meaning                                           |
| --------- | ------- | ------------------------------------------------- |
| \`epsilon\` | 0.15    | how often it chooses any champion, at the beginning |`,
    types: ['JsonObject', 'Program', 'ProgramDatabase'],
    values: ['ParentSelector'],
    className: 'Selector',
    shared: SELECTOR_SHARED,
    classBody: `export class Selector extends ParentSelector {
  #epsilon«: number»;

  constructor(config«: JsonObject») {
    super(config);
    this.#epsilon = Number(this.config['epsilon'] ?? 0.15);
  }

  select(db«: ProgramDatabase»)«: Program» {
    return choose(db, this.#epsilon);
  }

  sampleInspirations(db«: ProgramDatabase», k«: number»)«: readonly string[]» {
    return inspire(db, k);
  }

  feedback(fitnessGain«: number»)«: void» {
    this.#epsilon = adapt(this.#epsilon, fitnessGain);
  }
}
`,
    factoryBody: `export function createSelector(config«: JsonObject») {
  let epsilon = Number(config['epsilon'] ?? 0.15);
  return {
    select: (db«: ProgramDatabase») => choose(db, epsilon),
    sampleInspirations: (db«: ProgramDatabase», k«: number») => inspire(db, k),
    feedback(fitnessGain«: number»)«: void» {
      epsilon = adapt(epsilon, fitnessGain);
    },
  };
}
`,
    tests: `const program = (id«: string», speed_ms«: number») => ({ id, source: id, generation: 0, speed_ms, memory_kb: 1, parents: [] });
const islands = [program('slow', 9), program('fast', 1)].map((champion) => ({ bucket: [0], champion, history: [] }));
const db = { generation: 0, islands };

test('it chooses the fastest mostly, and others now and then', () => {
  const chosen = Array.from({ length: 2_000 }, () => made.select(db).id);
  const share = chosen.filter((id) => id === 'fast').length / chosen.length;
  assert.ok(share > 0.85 && share < 0.99, \`\${share} of the choices\`); // 1 - 0.15 / 2 is expected.
});

test('after gains it explores less', () => {
  for (let n = 0; n < 100; n += 1) made.feedback(1);
  const chosen = Array.from({ length: 2_000 }, () => made.select(db).id);
  assert.ok(chosen.filter((id) => id === 'slow').length < 80); // 0.02 / 2 of them are expected.
});

test('inspirations are at most k, the fastest first', () => {
  assert.deepEqual(made.sampleInspirations(db, 1), ['fast']);
  assert.deepEqual(made.sampleInspirations(db, 9), ['fast', 'slow']);
});

test('an empty database is an error', () => {
  assert.throws(() => made.select({ generation: 0, islands: [] }), /holds no program/);
});
`,
  },
  executor: {
    group: 'executors',
    about: 'Runs implementations that name a function it knows.',
    usage: `An implementation is its content, such as \`{"solve":"sum"}\`: names of functions, each \`sum\` or \`largest\`. Anything else is a
result with \`success: false\`.`,
    types: ['ExecutionResult', 'JsonObject', 'JsonValue'],
    values: ['Executor'],
    className: 'Known',
    shared: EXECUTOR_SHARED,
    classBody: `export class Known extends Executor {
  execute(filePath«: string», funcName«: string», args«: readonly JsonValue[]»)«: ExecutionResult» {
    return run(filePath, funcName, args);
  }
}
`,
    factoryBody: `export function createKnown(_config«: JsonObject») {
  return { execute: run };
}
`,
    tests: `test('it runs what it knows', () => {
  const { success, result } = made.execute('{"solve":"sum"}', 'solve', [[1, 2, 3]]);
  assert.deepEqual({ success, result }, { success: true, result: 6 });
});

for (const content of ['no/such/file.js', '{"solve":"toString"}', '{}']) {
  test(\`what it cannot run is a result: \${content}\`, () => {
    const { success, error } = made.execute(content, 'solve', [[1]]);
    assert.equal(success, false);
    assert.equal(typeof error, 'string');
  });
}
`,
  },
  monitor: {
    group: 'monitors',
    about: 'Compares how long baseline and candidate take.',
    usage: `| key           | default | meaning                                                      |
| ------------- | ------- | ------------------------------------------------------------ |
| \`percentile\`  | 0.95    | share of the results below the duration that is compared     |
| \`alert_ratio\` | 1.2     | how much slower the candidate may be before it is an alert   |`,
    types: ['JsonObject', 'MonitorContext', 'MonitorRecord', 'MonitorSummary'],
    values: ['Monitor'],
    className: 'Latency',
    shared: MONITOR_SHARED,
    classBody: `export class Latency extends Monitor {
  #durations«: Durations» = { baseline: [], candidate: [] };

  constructor(config«: JsonObject») {
    super(config);
  }

  start(_context«: MonitorContext»)«: void» {
    this.#durations = { baseline: [], candidate: [] };
  }

  record(record«: MonitorRecord»)«: void» {
    this.#durations[record.role].push(record.duration_ms);
  }

  finalize()«: MonitorSummary» {
    return { id: this.identifier(), ...sumUp(this.#durations, this.config« as Settings») };
  }

  «override »identifier()«: string» {
    return 'latency';
  }
}
`,
    factoryBody: `export function createLatency(config«: JsonObject») {
  let durations«: Durations» = { baseline: [], candidate: [] };
  return {
    start(_context«: MonitorContext»)«: void» {
      durations = { baseline: [], candidate: [] };
    },
    record(record«: MonitorRecord»)«: void» {
      durations[record.role].push(record.duration_ms);
    },
    finalize: ()«: MonitorSummary» => ({ id: 'latency', ...sumUp(durations, config« as Settings») }),
    identifier: () => 'latency',
  };
}
`,
    tests: `function watch(candidateMs«: number») {
  made.start({ task: 'sort', total_cases: 1 });
  for (const [role, duration_ms] of [['baseline', 10], ['candidate', candidateMs]]« as const») {
    made.record({ case_index: 0, role, duration_ms, success: true, result: {} });
  }
  return made.finalize();
}

test('a candidate that is as fast raises no alert', () => {
  const summary = { baseline_ms: 10, candidate_ms: 10, ratio: 1 };
  assert.deepEqual(watch(10), { id: 'latency', summary, alerts: [] });
});

test('a slower one raises one, and a new start forgets it', () => {
  assert.deepEqual(watch(20).alerts.map((alert) => alert.type), ['latency_regression']);
  assert.deepEqual(watch(10).alerts, []);
});
`,
  },
};
