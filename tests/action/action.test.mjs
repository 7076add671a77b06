// The actions' scripts, on a stand-in for GitHub.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GitHub, git, root } from './github.mjs';

const demo = readFileSync(join(root, 'fixtures/demo/powersync.yaml'), 'utf8');
const secret = /k: '(.*)'/.exec(demo)[1];
const review = { CHECK_PATHS: '.', DENY: '', COMMENT: 'true' };

async function github(context, files = { 'powersync.yaml': demo }) {
  const one = new GitHub();
  one.commit(files);
  await one.listen();
  context.after(() => one.server.close());
  return one;
}

function replaceTheKey(hub) {
  git(hub.author, 'checkout', '--quiet', '-b', 'other-key');
  hub.commit({ 'powersync.yaml': demo.replace("'prod-1'", "'prod-2'").replace(secret, 'bm90aGluZyB0byBzZWUgaGVyZSwgcGxlYXNlIG1vdmUg') });
  return hub.pullRequest();
}

test('a bad pull request is red, with annotations, a summary and one comment', async (context) => {
  const hub = await github(context);
  const { event, ref } = replaceTheKey(hub);
  const workspace = hub.checkout(ref);
  const first = await hub.step('review', workspace, { event, ref, TOKEN: hub.token, ...review });
  assert.equal(first.code, 1, first.log);
  assert.match(first.log, /^::error file=powersync\.yaml,.*title=current-key-removed/m);
  assert.match(first.summary, /current-key-removed/);
  assert.equal(hub.comments.length, 1);
  assert.ok(hub.comments[0].body.includes('current-key-removed'));

  const second = await hub.step('review', workspace, { event, ref, TOKEN: hub.token, ...review });
  assert.equal(second.code, 1);
  assert.equal(hub.comments.length, 1, 'the comment is updated');
  for (const text of [first.log, first.summary, hub.comments[0].body]) {
    assert.ok(!text.includes(secret) && !text.includes(hub.token), text);
  }
});

test('somebody else can’t pass for the comment, and it is found behind a hundred others', async (context) => {
  const hub = await github(context);
  const { event, ref } = replaceTheKey(hub);
  const forged = { id: 1, user: { type: 'User' }, body: '<!-- powersync-jwks: review -->\nall is well' };
  hub.comments = [forged, ...Array.from({ length: 120 }, (_, at) => ({ id: at + 2, user: { type: 'Bot' }, body: 'coverage' }))];
  for (let run = 0; run < 2; run++) {
    await hub.step('review', hub.checkout(ref), { event, ref, TOKEN: hub.token, ...review });
  }
  assert.equal(hub.comments.length, 122);
  assert.match(hub.comments[0].body, /all is well/);
  assert.match(hub.comments[121].body, /current-key-removed/);
});

test('from a fork, it reviews without a comment', async (context) => {
  const hub = await github(context);
  hub.mayWrite = false;
  const { event, ref } = replaceTheKey(hub);
  const ran = await hub.step('review', hub.checkout(ref), { event, ref, TOKEN: hub.token, ...review });
  assert.equal(ran.code, 1);
  assert.match(ran.log, /::notice::No comment was written/);
  assert.match(ran.summary, /current-key-removed/);
  const quiet = await hub.step('review', hub.checkout(ref), { event, ref, TOKEN: '', ...review, COMMENT: 'false' });
  assert.equal(quiet.code, 1);
});

test('a change that moves no key is green', async (context) => {
  const hub = await github(context);
  git(hub.author, 'checkout', '--quiet', '-b', 'port');
  hub.commit({ 'README.md': 'hello\n' });
  const { event, ref } = hub.pullRequest();
  const ran = await hub.step('review', hub.checkout(ref), { event, ref, TOKEN: hub.token, ...review });
  assert.equal(ran.code, 0, ran.log);
});

test('what the base branch did meanwhile is not laid to the pull request', async (context) => {
  const hub = await github(context);
  git(hub.author, 'checkout', '--quiet', '-b', 'docs');
  hub.commit({ 'README.md': 'hello\n' });
  const old = git(hub.author, 'rev-parse', 'origin/main');
  git(hub.author, 'checkout', '--quiet', 'main');
  hub.commit({ 'powersync.yaml': demo.replace("'prod-1'", "'prod-2'") });
  git(hub.author, 'checkout', '--quiet', 'docs');
  const { event, ref } = hub.pullRequest();
  event.pull_request.base.sha = old;
  const ran = await hub.step('review', hub.checkout(ref), { event, ref, TOKEN: hub.token, ...review });
  assert.equal(ran.code, 0, ran.log);
});

const due = demo.replace("kid: 'prod-1'", "kid: 'prod-1'\n        iat: 1577836800");
const timer = (hub) => ({ CONFIGS: '.', BRANCH: 'powersync-jwks/reconcile', RENEW_AFTER: '24', TOKEN: hub.token });
const branchOf = (hub, name) => git(hub.bare, 'show', `${name}:powersync.yaml`);

test('the timer opens a pull request with what is due, leaves it open, and makes an old one anew', async (context) => {
  const hub = await github(context, { 'powersync.yaml': due });
  const run = () => hub.step('reconcile', hub.checkout('refs/heads/main'), timer(hub));
  const first = await run();
  assert.equal(first.code, 0, first.log);
  assert.equal(first.outputs['pull-request'], '11');
  assert.equal(hub.pulls.length, 1);
  assert.equal(hub.pulls[0].base, 'main');
  assert.match(hub.pulls[0].body, /prod-1/);
  const made = branchOf(hub, 'powersync-jwks/reconcile');
  assert.match(made, /nbf: /);
  assert.equal(branchOf(hub, 'main'), due.trim(), 'main stays as it is');

  const second = await run();
  assert.match(second.log, /waits to be merged/);
  assert.equal(branchOf(hub, 'powersync-jwks/reconcile'), made);

  // Two days later: nobody merged it.
  git(hub.author, 'fetch', '--quiet', 'origin', 'powersync-jwks/reconcile');
  git(hub.author, 'checkout', '--quiet', '-B', 'old', 'FETCH_HEAD');
  const longAgo = `${Math.floor(Date.now() / 1000) - 48 * 3600} +0000`;
  process.env.GIT_COMMITTER_DATE = longAgo;
  git(hub.author, 'commit', '--quiet', '--amend', '--no-edit');
  delete process.env.GIT_COMMITTER_DATE;
  git(hub.author, 'push', '--quiet', '--force', 'origin', 'HEAD:powersync-jwks/reconcile');
  const third = await run();
  assert.equal(third.code, 0, third.log);
  assert.match(third.log, /made anew/);
  assert.notEqual(branchOf(hub, 'powersync-jwks/reconcile'), made);
  assert.equal(hub.pulls.length, 1);
  for (const { log, summary } of [first, second, third]) assert.ok(!(log + summary).includes(hub.token));
});

test('where nothing is due, nothing is pushed', async (context) => {
  const now = Math.floor(Date.now() / 1000) - 3600;
  const hub = await github(context, { 'powersync.yaml': due.replace('1577836800', String(now)) });
  const ran = await hub.step('reconcile', hub.checkout('refs/heads/main'), timer(hub));
  assert.equal(ran.code, 0, ran.log);
  assert.match(ran.log, /Nothing is due/);
  assert.ok(!hub.requests.some((request) => request.startsWith('POST')));
});

test('a new secret of a variable goes to a file for the next step, and not into git', async (context) => {
  const hub = await github(context, { 'powersync.yaml': due.replace(`'${secret}'`, '!env PS_JWKS_KEY_1') });
  const ran = await hub.step('reconcile', hub.checkout('refs/heads/main'), timer(hub));
  assert.equal(ran.code, 0, ran.log);
  const file = readFileSync(ran.outputs['env-file'], 'utf8');
  const [, value] = /^PS_JWKS_KEY_2=(.+)$/m.exec(file);
  assert.match(branchOf(hub, 'powersync-jwks/reconcile'), /k: !env PS_JWKS_KEY_2/);
  assert.ok(!(ran.log + ran.summary + hub.pulls[0].body).includes(value));
  assert.deepEqual(git(hub.bare, 'ls-tree', '--name-only', 'powersync-jwks/reconcile').split('\n'), ['powersync.yaml']);
});

test('the program comes from the releases of where the action is from, and only if its checksum is right', async (context) => {
  const hub = await github(context);
  const action = join(hub.directory, '_actions/acme/powersync-jwks/v1');
  mkdirSync(join(action, 'action'), { recursive: true });
  copyFileSync(join(root, 'action/install'), join(action, 'action/install'));
  copyFileSync(join(root, 'Cargo.toml'), join(action, 'Cargo.toml'));
  const bin = join(hub.directory, 'bin');
  mkdirSync(bin);
  // In place of curl: puts an archive there, and its checksum or another.
  const curl = (sum) => `#!/usr/bin/env bash
echo "$@" > ${hub.directory}/asked
printf '#!/bin/sh\\necho powersync-jwks 1.2.3\\n' > powersync-jwks && chmod +x powersync-jwks
archive=$(basename "$5"); tar -czf "$archive" powersync-jwks && rm powersync-jwks
${sum} > SHA256SUMS\n`;
  const run = (sum) => {
    writeFileSync(join(bin, 'curl'), curl(sum), { mode: 0o755 });
    const temp = join(hub.directory, `${readdirSync(hub.directory).length}`);
    mkdirSync(temp);
    return hub.step(join(action, 'action/install'), hub.directory, { PROGRAM: '', RUNNER_TEMP: temp, PATH: `${bin}:${process.env.PATH}` });
  };
  const good = await run('sha256sum "$archive"');
  assert.equal(good.code, 0, good.log);
  assert.match(good.log, /powersync-jwks 1\.2\.3/);
  assert.match(readFileSync(join(hub.directory, 'asked'), 'utf8'), /acme\/powersync-jwks\/releases\/download\/v\d/);
  const bad = await run('echo "$(printf 0%.0s {1..64})  $archive"');
  assert.notEqual(bad.code, 0, bad.log);
  assert.equal(bad.outputs.program, undefined);
});
