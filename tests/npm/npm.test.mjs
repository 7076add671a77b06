// Packs the packages, installs them into an empty directory with an empty cache, and runs them as a user would.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from './registry.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const scratch = mkdtempSync(join(tmpdir(), 'npm-test-'));
const packages = join(scratch, 'packages');
const platform = `${process.platform}-${process.arch}`;
const config = join(root, 'fixtures/demo/powersync.yaml');
let registry;
let home;

// The environment of a user who has npm and nothing else; what npm told this run is left out.
function environment(url) {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_|^POWERSYNC/i.test(name));
  return {
    ...Object.fromEntries(own),
    HOME: scratch,
    npm_config_cache: mkdtempSync(join(scratch, 'cache-')),
    npm_config_registry: url,
    npm_config_userconfig: join(scratch, 'no-npmrc'),
    npm_config_update_notifier: 'false',
  };
}

// A command to its end, whatever that is.
async function run(command, args, options = {}) {
  const settings = { cwd: home, env: environment(registry.url), ...options };
  return promisify(execFile)(command, args, settings)
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch(({ code, signal, stdout, stderr }) => ({ code, signal, stdout, stderr }));
}

function emptyDirectory() {
  const directory = mkdtempSync(join(scratch, 'project-'));
  writeFileSync(join(directory, 'package.json'), '{"private": true}\n');
  return directory;
}

before(async () => {
  execFileSync(join(root, 'scripts/npm-pack'), [packages], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  registry = await serve(packages);
  home = emptyDirectory();
  const installed = await run('npm', ['install', '--save', 'powersync-jwks']);
  assert.equal(installed.code, 0, installed.stderr);
  cpSync(config, join(home, 'powersync.yaml'));
});

after(() => registry?.close());

const version = () => JSON.parse(readFileSync(join(home, 'node_modules/powersync-jwks/package.json'))).version;

test('it runs by npx, where it is installed', async () => {
  const ran = await run('npx', ['powersync-jwks', '--version']);
  assert.deepEqual(ran, { code: 0, stdout: `powersync-jwks ${version()}\n`, stderr: '' });
});

test('it runs by npx, where nothing is installed', async () => {
  const ran = await run('npx', ['--yes', 'powersync-jwks', '--version'], { cwd: mkdtempSync(join(scratch, 'empty-')) });
  assert.equal(ran.stdout, `powersync-jwks ${version()}\n`, ran.stderr);
});

test('a rotation is shown, and the commands in it can be copied', async () => {
  const before = readFileSync(join(home, 'powersync.yaml'), 'utf8');
  const ran = await run('npx', ['powersync-jwks', 'rotate', '--dry-run']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout + ran.stderr, /^ +npx powersync-jwks export /m);
  assert.doesNotMatch(ran.stdout + ran.stderr, /^ +powersync-jwks /m);
  assert.equal(readFileSync(join(home, 'powersync.yaml'), 'utf8'), before);
});

test('data goes through pipes, and the exit code comes out', async () => {
  const bin = join(home, 'node_modules/.bin/powersync-jwks');
  const piped = await run('sh', ['-c', `cat powersync.yaml | '${bin}' -c - rotate 2>/dev/null | '${bin}' -c - status --format json`]);
  assert.equal(JSON.parse(piped.stdout).configs[0].keys.length, 2, piped.stderr);
  assert.equal((await run(bin, ['status', '-c', 'nowhere.yaml'])).code, 2);
  assert.equal((await run(bin, ['reconcile', '--check'])).code, 1);
});

test('a signal ends the program, and the launcher with it', async () => {
  const child = spawn(join(home, 'node_modules/.bin/powersync-jwks'), ['-c', '-', 'status'], { cwd: home, env: environment(registry.url) });
  const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  while (process.platform === 'linux' && !children()) await new Promise((wait) => setTimeout(wait, 20));
  const program = process.platform === 'linux' ? children() : undefined;
  child.kill('SIGINT');
  const [code, signal] = await new Promise((ended) => child.on('exit', (...how) => ended(how)));
  assert.ok(signal === 'SIGINT' || code === 130, `${code} ${signal}`);
  if (program) assert.ok(!existsSync(`/proc/${program}`), 'the program goes on');
});

test('Ctrl-C at the question says that nothing was written', { skip: process.platform !== 'linux' && 'script(1) differs' }, async () => {
  const before = readFileSync(join(home, 'powersync.yaml'), 'utf8');
  const bin = join(home, 'node_modules/.bin/powersync-jwks');
  const child = spawn('script', ['-qec', `${bin} rotate`, '/dev/null'], { cwd: home, env: environment(registry.url) });
  let screen = '';
  let asked = false;
  child.stdout.on('data', (text) => {
    screen += text;
    if (!asked && screen.includes('[y/N]')) {
      asked = true;
      child.stdin.write('\x03');
    }
  });
  const code = await new Promise((ended) => child.on('exit', ended));
  assert.match(screen, /Nothing was written/);
  assert.equal(code, 130);
  assert.equal(readFileSync(join(home, 'powersync.yaml'), 'utf8'), before);
});

test('without the package of the platform, it says what to do', async () => {
  const other = await serve(packages, { without: [`powersync-jwks-${platform}`] });
  const directory = emptyDirectory();
  const options = { cwd: directory, env: environment(other.url) };
  await run('npm', ['install', 'powersync-jwks'], options);
  const ran = await run('npx', ['powersync-jwks', '--version'], options);
  other.close();
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /npm install --include=optional powersync-jwks/);
});

test('man pages and completions are in the package', () => {
  const inside = join(home, 'node_modules/powersync-jwks');
  const { man, repository } = JSON.parse(readFileSync(join(inside, 'package.json')));
  assert.ok(man.includes('./man/powersync-jwks-rotate.1'));
  for (const page of man) assert.match(readFileSync(join(inside, page), 'utf8'), /^\.TH /m);
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    assert.match(readFileSync(join(inside, 'completions', shell), 'utf8'), /powersync-jwks/);
  }
  const cargo = readFileSync(join(root, 'Cargo.toml'), 'utf8').match(/^repository = "(.*)"$/m)?.[1];
  assert.equal(repository?.url, cargo && `git+${cargo}.git`);
});

// PowerSync's own command line, as it is published: `npm ci` in tests/conformance brings it.
const powersync = join(root, 'tests/conformance/node_modules/.bin/powersync');
for (const [how, spec] of [
  ['link', () => [join(home, 'node_modules/powersync-jwks')]],
  ['install', () => ['powersync-jwks']],
]) {
  test(`powersync plugins ${how}: the commands are those of powersync`, async () => {
    const data = mkdtempSync(join(scratch, 'powersync-'));
    const env = { ...environment(registry.url), XDG_DATA_HOME: data, XDG_CONFIG_HOME: data, XDG_CACHE_HOME: data };
    const call = (...args) => run(powersync, args, { env });
    const linked = await call('plugins', how, ...spec());
    assert.equal(linked.code, 0, linked.stderr);
    const listed = await call('jwks', '--help');
    assert.match(listed.stdout, /rotate/, listed.stderr);
    assert.match((await call('--help')).stdout, /jwks/);
    const ran = await call('jwks', 'rotate', '--dry-run');
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout + ran.stderr, /^ +powersync jwks export /m);
    assert.match((await call('jwks', 'rotate', '--help')).stdout, /--deploy-within/);
    assert.equal((await call('jwks', 'reconcile', '--check')).code, 1);
  });
}
