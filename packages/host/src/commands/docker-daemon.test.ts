import fc from 'fast-check';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCommandsFixture } from './commands.fixture.ts';
import { IMAGE_PATTERN, findDockerDaemon } from './docker-daemon.ts';
import { findCommand } from '../requirements/system-probe.ts';

const docker = await findCommand('docker', '/usr/local/bin:/usr/bin:/bin');
const NOBODY = 'unix:///nonexistent/docker.sock';
/** A machine without docker has one answer to all, and it ends with what an operator does, too. */
const refusal = (message: RegExp) => ({
  code: 'COMMAND_UNAVAILABLE',
  message: expect.stringMatching(docker === undefined ? /no docker command .* To cure: install Docker/ : message),
});

test.for([
  'node:26',
  'registry.example:5000/team/image:1.2',
  'a',
  `node@sha256:${'a'.repeat(64)}`,
  'python:3.13-slim',
  'x/y_z:Tag',
])('%s is a name of an image', (name) => {
  expect(name).toMatch(new RegExp(IMAGE_PATTERN, 'u'));
});

test.for([
  '',
  '-v',
  '--privileged',
  ' node',
  'node ',
  'node\n',
  'node:26 --privileged',
  '/etc',
  'a'.repeat(256),
  'node:',
  'a;b',
  'a$b',
])('%j is none', (name) => {
  expect(name).not.toMatch(new RegExp(IMAGE_PATTERN, 'u'));
});

test('no name of an image is an option, or more than one word', () => {
  fc.assert(
    fc.property(fc.stringMatching(new RegExp(IMAGE_PATTERN)), (name) => {
      expect(name.startsWith('-')).toBe(false);
      expect(name).not.toMatch(/\s/);
    }),
  );
});

test('where no daemon answers a command in a container is unavailable with the cure', async () => {
  const fixture = await openCommandsFixture('process', undefined, { DOCKER_HOST: NOBODY });
  try {
    await expect(fixture.run({ image: 'node:26', command: 'node' })).rejects.toMatchObject(
      refusal(/no docker daemon answers at unix:\/\/\/nonexistent\/docker\.sock .* To cure: start it/),
    );
    expect(await fixture.folders()).toEqual([]);
  } finally {
    await fixture.close();
  }
});

test('a daemon of another machine is refused before anybody is asked', async () => {
  await expect(findDockerDaemon({ DOCKER_HOST: 'tcp://user:word@203.0.113.1:2375' })).rejects.toMatchObject(
    refusal(/^the docker daemon is at (?!.*word).* To cure: set DOCKER_HOST to a socket/),
  );
});

test.for([
  [{ OSType: 'windows', MemoryLimit: true, PidsLimit: true }, /runs no containers of Linux/],
  [{ OSType: 'linux', MemoryLimit: false, PidsLimit: true }, /cannot bound memory/],
  [{ OSType: 'linux', MemoryLimit: true, PidsLimit: true, SecurityOptions: ['name=rootless'] }, /maps its users/],
] as const)('a daemon that says %j is refused with the cure', async ([about, message]) => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-docker-'));
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json').setHeader('api-version', '1.41');
    response.end(request.url?.endsWith('/info') === true ? JSON.stringify(about) : 'OK');
  });
  try {
    server.listen(join(folder, 'socket'));
    await once(server, 'listening');
    await expect(findDockerDaemon({ DOCKER_HOST: `unix://${folder}/socket` })).rejects.toMatchObject(refusal(message));
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
