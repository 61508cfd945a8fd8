/**
 * `bulkhead render --project` in this process and into a queue, with real folders and the handler that comes with the command.
 */
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, run, runHere, start, writePlugin, type Ended } from './cli-fixture.ts';

/** No text: it begins as a PNG does and has bytes that are no UTF-8. */
const PICTURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff, 0xfe, 0x7b, 0x7b]);
const SITE = {
  'index.html.tmpl': '<h1>{{title}}</h1>\n',
  'pages/about.md.mustache': '{{#people}}\n- {{.}}\n{{/people}}\n',
  'pages/deep/er/plain.txt': 'no {{tag}} is read here\n',
  'logo.png': PICTURE,
  'vars.json': '{"title": "Ships", "people": ["Ada", "Bob"]}',
  '.git/HEAD': 'ref: refs/heads/main\n',
  'pages/node_modules/dep/a.js.tmpl': '{{#',
};

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with a project in it, which is removed with the test; answers the folder above it. */
async function makeProject(files: Files, name = 'site'): Promise<string> {
  const folder = await makeFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  await mkdir(join(folder.path, name));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name, path)), { recursive: true });
    await writeFile(join(folder.path, name, path), content);
  }
  return folder.path;
}

const render = (cwd: string, line: string): Promise<Ended> =>
  run(['render', '--project', 'site', ...line.split(' ')], { cwd });

/** For what opens no host. */
const renderInProcess = (cwd: string, line = `--out ${join(cwd, 'build')}`): Promise<Ended> =>
  runHere(['render', '--project', join(cwd, 'site'), ...line.split(' ')]);

/** Every file below a folder, by its path. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).toSorted();
}

test('a project goes into a folder: templates as texts, all else as it is, by the variables that it has [X000-20]', async () => {
  const cwd = await makeProject(SITE);
  await writeFile(join(cwd, 'site/run.sh.tpl'), '#!/bin/sh\necho {{title}}\n');
  await chmod(join(cwd, 'site/run.sh.tpl'), 0o755);
  await mkdir(join(cwd, 'build'));
  await writeFile(join(cwd, 'build/mine.txt'), 'mine');
  await writeFile(join(cwd, 'build/index.html'), 'old');
  expect(await render(cwd, '--out ./build')).toEqual({
    ...{ code: 0, signal: null, stdout: '' },
    stderr: 'build: 5 files, 3 of them rendered\n',
  });
  const build = join(cwd, 'build');
  expect(await filesIn(build)).toEqual([
    'index.html',
    'logo.png',
    'mine.txt',
    'pages/about.md',
    'pages/deep/er/plain.txt',
    'run.sh',
  ]);
  const read = (file: string): Promise<string> => readFile(join(build, file), 'utf8');
  expect(await read('index.html')).toBe('<h1>Ships</h1>\n');
  expect(await read('pages/about.md')).toBe('- Ada\n- Bob\n');
  expect(await read('pages/deep/er/plain.txt')).toBe('no {{tag}} is read here\n');
  expect(await read('mine.txt')).toBe('mine');
  expect((await readFile(join(build, 'logo.png'))).equals(PICTURE)).toBe(true);
  expect((await stat(join(build, 'run.sh'))).mode & 0o111).toBe(0o111);
  expect((await stat(join(build, 'index.html'))).mode & 0o111).toBe(0);
});

test('as JSON each file says what it was made of and by whom; --vars is in place of the project’s own [X000-20]', async () => {
  const cwd = await makeProject({ ...SITE, 'live.json': '{"title": "Live", "people": []}' });
  const { code, stdout, stderr } = await render(cwd, '--vars site/live.json --out new/build/ --json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const made = { task: expect.stringMatching(/^[0-9a-f]{32}$/), handler: 'render 1.0.0' };
  expect(JSON.parse(stdout)).toEqual({
    ...{ output: 'new/build', is_written: true, failures: [] },
    files: [
      { file: 'index.html.tmpl', output: 'index.html', rendered: true, characters: 14, bytes: 14, ...made },
      { file: 'logo.png', output: 'logo.png', rendered: false, characters: null, bytes: PICTURE.length },
      { file: 'pages/about.md.mustache', output: 'pages/about.md', rendered: true, characters: 0, bytes: 0, ...made },
      {
        ...{ file: 'pages/deep/er/plain.txt', output: 'pages/deep/er/plain.txt', rendered: false, characters: null },
        bytes: 24,
      },
    ],
  });
  // Neither file of variables goes along.
  expect(await filesIn(join(cwd, 'new/build'))).toHaveLength(4);
});

test('where one template fails nothing is written, and each that fails is named with its reason [X000-20]', async () => {
  const cwd = await makeProject({
    ...SITE,
    'pages/bad.txt.tmpl': 'one\n{{missing}}\n',
    'worse.txt.tmpl': '{{#people}} is not closed',
  });
  const { code, stdout, stderr } = await render(cwd, '--out build');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^pages\/bad\.txt\.tmpl: line 2: there is no variable missing; expected it in vars$/m);
  expect(stderr).toMatch(/^worse\.txt\.tmpl: line 1: the section people is not closed/m);
  expect(stderr).toContain('build: nothing is written; 2 of 4 templates could not be rendered\n');
  expect(await readdir(cwd)).toEqual(['site']);
  const asJson = await render(cwd, '--out build --json');
  expect({ code: asJson.code, value: JSON.parse(asJson.stdout) as unknown }).toEqual({
    code: 1,
    value: {
      ...{ output: 'build', is_written: false, files: [] },
      failures: [
        {
          file: 'pages/bad.txt.tmpl',
          task: expect.any(String),
          message: 'line 2: there is no variable missing; expected it in vars',
        },
        { file: 'worse.txt.tmpl', task: expect.any(String), message: expect.stringContaining('is not closed') },
      ],
    },
  });
});

test('a dry run says what would be written, and writes nothing [X000-20]', async () => {
  const cwd = await makeProject(SITE);
  const { code, stdout, stderr } = await render(cwd, '--out build --dry-run');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'build: 4 files, 2 of them rendered; nothing is written, for the run is dry\n',
  });
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['FILE', 'SIZE', 'FROM'],
    ['build/index.html', '15 characters', 'index.html.tmpl, rendered'],
    ['build/logo.png', '13 bytes', 'logo.png, copied'],
    ['build/pages/about.md', '12 characters', 'pages/about.md.mustache, rendered'],
    ['build/pages/deep/er/plain.txt', '24 bytes', 'pages/deep/er/plain.txt, copied'],
    [''],
  ]);
  expect(await readdir(cwd)).toEqual(['site']);
});

test('a project without a template is copied, and no host is opened for it [X000-20]', async () => {
  const cwd = await makeProject({ 'a.txt': 'a' });
  expect(await renderInProcess(cwd)).toMatchObject({
    code: 0,
    stderr: `${join(cwd, 'build')}: 1 file, 0 of them rendered\n`,
  });
  expect(await readFile(join(cwd, 'build/a.txt'), 'utf8')).toBe('a');
});

test.each([
  ['--out build --template a.tmpl', '--template and --project are two ways; name one'],
  ['--out=', '--project needs a folder that it is rendered into'],
  ['--json', '--project needs a folder that it is rendered into'],
  ['--out build --wait', '--wait is for --queue'],
  ['--out build --sync --queue', 'name one'],
  ['--out build --vars gone.json', 'gone.json'],
  ['--out build --queue', 'holds no template, so there is no task for --queue'],
])('%s with --project ends with 2 and says why [X000-20]', async (line, message) => {
  const cwd = await makeProject({ 'a.txt': 'a' });
  expect(await renderInProcess(cwd, line)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test('without --template and --project there is nothing to render, and both are named [X000-20]', async () => {
  const { code, stderr } = await runHere(['render', '--vars', '{}']);
  expect(code).toBe(2);
  expect(stderr).toContain('there is nothing to render');
  expect(stderr).toContain('--template FILE, or a folder of them with --project DIR and --out DIR');
});

test('variables of the project that are no JSON object end with 2 and the name of their file [X000-20]', async () => {
  const cwd = await makeProject({ 'a.tmpl': '', 'vars.json': '[1]' });
  const { code, stderr } = await renderInProcess(cwd);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('site/vars.json is [1]; expected a JSON'),
  });
});

test('an output that is the project or would write to its files is refused [X000-20]', async () => {
  const cwd = await makeProject({ 'a.txt': 'a', 'site/b.txt': 'b' });
  await symlink(join(cwd, 'site'), join(cwd, 'way'));
  for (const out of ['site', 'site/../way']) {
    const { code, stderr } = await renderInProcess(cwd, `--out ${join(cwd, out)}`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('which is the project') });
  }
  const above = await renderInProcess(cwd, `--out ${cwd}`);
  expect(above).toMatchObject({ code: 2, stderr: expect.stringContaining('site/b.txt lies in the project') });
  expect(await filesIn(join(cwd, 'site'))).toEqual(['a.txt', 'site/b.txt']);
  expect((await readdir(cwd)).toSorted()).toEqual(['site', 'way']);
});

test('the folder where one is goes into one of its own, which is no part of it the next time [X000-20]', async () => {
  const cwd = await makeProject({ 'a.txt.tmpl': '{{title}}', 'sub/b.txt': 'b', 'vars.json': '{"title": "Ships"}' });
  const project = join(cwd, 'site');
  const asked = ['render', '--project', '--out', './build'];
  expect(await run(asked, { cwd: project })).toMatchObject({
    code: 0,
    stderr: 'build: 2 files, 1 of them rendered\n',
  });
  await writeFile(join(project, 'build/later.txt.tmpl'), '{{nobody}}');
  expect(await run(asked, { cwd: project })).toMatchObject({
    code: 0,
    stderr: 'build lies in the project; what is in it already is no part of it\nbuild: 2 files, 1 of them rendered\n',
  });
  expect(await filesIn(join(project, 'build'))).toEqual(['a.txt', 'later.txt.tmpl', 'sub/b.txt']);
  expect(await readFile(join(project, 'build/a.txt'), 'utf8')).toBe('Ships');
  await symlink(project, join(cwd, 'way'));
  const byLink = await renderInProcess(cwd, `--out ${join(cwd, 'way/build')}`);
  expect(byLink).toMatchObject({ code: 0, stderr: expect.stringContaining('lies in the project') });
});

test('what stands in the way in the output is named before anything is written, and no link is followed out of it [X000-20]', async () => {
  const cwd = await makeProject({ 'a.txt': 'a', 'sub/b.txt': 'b', 'z.txt': 'z' });
  const build = join(cwd, 'build');
  await mkdir(join(cwd, 'elsewhere'));
  await mkdir(build);
  await symlink(join(cwd, 'elsewhere'), join(build, 'sub'));
  const link = await renderInProcess(cwd);
  expect(link).toMatchObject({ code: 2, stderr: expect.stringContaining('build/sub is a symbolic link, which may') });
  expect(await readdir(join(cwd, 'elsewhere'))).toEqual([]);
  const file = await renderInProcess(cwd, `--out ${join(cwd, 'site/a.txt')}`);
  expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining('which is a file') });
  await mkdir(join(cwd, 'other/z.txt'), { recursive: true });
  const folder = await renderInProcess(cwd, `--out ${join(cwd, 'other')}`);
  expect(folder).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('other/z.txt is a folder; expected a file'),
  });
  expect(await filesIn(join(cwd, 'other'))).toEqual([]);
  await writeFile(join(cwd, 'file'), '');
  const plain = await renderInProcess(cwd, `--out ${join(cwd, 'file')}`);
  expect(plain).toMatchObject({ code: 2, stderr: expect.stringContaining('which is a file; expected a folder') });
});

test('a link in the output in the place of a file is replaced, and what it leads to stays as it was [X000-20]', async () => {
  const cwd = await makeProject({ 'a.txt': 'new' });
  await mkdir(join(cwd, 'build'));
  await writeFile(join(cwd, 'outside.txt'), 'old');
  await symlink(join(cwd, 'outside.txt'), join(cwd, 'build/a.txt'));
  expect((await renderInProcess(cwd)).code).toBe(0);
  expect(await readFile(join(cwd, 'outside.txt'), 'utf8')).toBe('old');
  expect((await lstat(join(cwd, 'build/a.txt'))).isFile()).toBe(true);
});

test.each(['--project site', '--template site/index.html.tmpl'])(
  'Ctrl-C while %s is rendered ends with 130, and nothing is written [X000-20]',
  async (what) => {
    const cwd = await makeProject(SITE);
    const main = `import { TaskHandler, TaskKind } from '@bulkhead/sdk';
export class Endless extends TaskHandler {
  KIND = TaskKind.RENDER;
  PROVIDES = ['cpu'];
  handle() { return new Promise(() => undefined); }
}
`;
    const entry_points = { task_handlers: { endless: './main.js#Endless' } };
    await writePlugin(cwd, { name: 'endless', main, manifest: { entry_points } });
    const line = `render ${what} --out build -v --plugins endless --handler endless`;
    const running = start(line.split(' '), { cwd });
    const { promise: isAsked, resolve } = Promise.withResolvers<void>();
    running.child.stderr?.on('data', () => {
      if (running.stderr().includes('of kind render')) resolve();
    });
    await Promise.race([isAsked, running.ended]);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(await readdir(cwd)).not.toContain('build');
  },
);

test('with --queue --dry-run the tasks are printed in place of giving them, and no server is asked [X000-20]', async () => {
  const cwd = await makeProject(SITE);
  const { code, stdout } = await renderInProcess(cwd, `--out ${join(cwd, 'build')} --queue --dry-run`);
  expect(code).toBe(0);
  const tasks = stdout.trimEnd().split('\n');
  expect(tasks.map((task) => JSON.parse(task) as unknown)).toMatchObject([
    { kind: 'render', payload: { dest: join(cwd, 'build/index.html') } },
    { kind: 'render', payload: { dest: join(cwd, 'build/pages/about.md') } },
  ]);
});
