import { expect, test } from 'vitest';
import { containerArguments, type ContainerRun } from './container-arguments.ts';

const RUN: ContainerRun = {
  ...{ name: 'bulkhead-a', image: `sha256:${'0'.repeat(64)}`, user: '65534:65534', memoryMb: 1_024, pids: 128 },
  ...{ dir: '/tmp/run/temp/a', kit: '/tmp/run/container', argv: ['/bulkhead/ld.so', '--privileged', '-v', '/:/host'] },
};
const after = (args: readonly string[], option: string): readonly (string | undefined)[] =>
  args.flatMap((arg, index) => (arg === option ? [args[index + 1]] : []));

test('a container has no network, no right, bounded memory and processes, and one place to write [X000-17]', () => {
  const args = containerArguments(RUN);
  const own = args.slice(0, args.indexOf(RUN.image));
  expect(own[0]).toBe('run');
  for (const flag of ['--rm', '--read-only', '--interactive', '--no-healthcheck']) expect(own).toContain(flag);
  const expected = {
    ...{
      '--network': 'none',
      '--pids-limit': '128',
      '--memory': '1024m',
      '--memory-swap': '1024m',
      '--cap-drop': 'ALL',
    },
    ...{ '--security-opt': 'no-new-privileges', '--user': '65534:65534', '--log-driver': 'none', '--pull': 'never' },
    ...{ '--ipc': 'none', '--name': 'bulkhead-a', '--entrypoint': '/bulkhead/ld.so' },
  };
  for (const [option, value] of Object.entries(expected)) expect(after(own, option)).toEqual([value]);
  expect(after(own, '--mount')).toEqual([
    'type=bind,"source=/tmp/run/temp/a",target=/work',
    'type=bind,"source=/tmp/run/container",target=/bulkhead,readonly',
  ]);
});

test('what a plugin says stands behind the image, where docker reads no option', () => {
  const args = containerArguments(RUN);
  expect(args.slice(args.indexOf(RUN.image) + 1)).toEqual(['--privileged', '-v', '/:/host']);
});

test('memory and processes are what was asked for, but never less than a container needs to begin', () => {
  const args = containerArguments({ ...RUN, memoryMb: 1, pids: 1 });
  expect(after(args, '--memory')).toEqual(['16m']);
  expect(after(args, '--memory-swap')).toEqual(['16m']);
  expect(after(args, '--pids-limit')).toEqual(['16']);
});

test('a comma or a quote in a path of the machine makes no other mount', () => {
  const [mount] = after(containerArguments({ ...RUN, dir: '/tmp/a",target=/x,b' }), '--mount');
  expect(mount).toBe('type=bind,"source=/tmp/a"",target=/x,b",target=/work');
});
