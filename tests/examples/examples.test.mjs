// The scripts of examples/, with stand-ins for the programs they call.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const program = process.env.POWERSYNC_JWKS ?? join(root, 'target/debug/powersync-jwks');
const demo = readFileSync(join(root, 'fixtures/demo/powersync.yaml'), 'utf8');
const due = demo.replace("kid: 'prod-1'", "kid: 'prod-1'\n        iat: 1577836800");
const fresh = demo.replace("kid: 'prod-1'", `kid: 'prod-1'\n        iat: ${Math.floor(Date.now() / 1000) - 3600}`);
const encoded = (text) => Buffer.from(text).toString('base64');

// A directory, in which a script of an example runs; `programs` are what it calls, as shell scripts that log their calls.
function scene(programs) {
  const directory = mkdtempSync(join(tmpdir(), 'example-'));
  const called = join(directory, 'called');
  writeFileSync(called, '');
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\necho "${name} $*" >> '${called}'\n${script}\n`, { mode: 0o755 });
  }
  execFileSync('ln', ['-s', program, join(directory, 'powersync-jwks')]);
  const env = { PATH: `${directory}:${process.env.PATH}`, HOME: directory, STATE: directory };
  const run = (script, variables = {}) =>
    new Promise((done) => {
      execFile('sh', [join(root, 'examples', script)], { cwd: directory, env: { ...env, ...variables } }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, log: stdout + stderr, called: readFileSync(called, 'utf8').trim().split('\n') }),
      );
    });
  return { directory, run, file: (name) => join(directory, name) };
}

test('Compose: what is due is done, and the service starts anew', async () => {
  for (const [config, restarts] of [[due, true], [fresh, false]]) {
    const { run, file } = scene({ docker: '' });
    writeFileSync(file('powersync.yaml'), config.replace(/k: '.*'/, 'k: !env PS_JWKS_KEY_1'));
    writeFileSync(file('.env'), 'PS_JWKS_KEY_1=7oOUMQRmDAtPFHSxu4FGTLlfCXJ2dXBPZuXeJVAtlHY\n');
    const ran = await run('compose/reconcile.sh');
    assert.equal(ran.code, 0, ran.log);
    assert.equal(readFileSync(file('.env'), 'utf8').includes('PS_JWKS_KEY_2='), restarts);
    assert.deepEqual(ran.called, restarts ? ['docker compose up -d --force-recreate powersync'] : ['']);
  }
});

const kubectl = `case "$1" in
get) cat "$STATE/secret.json" ;;
replace) cp "$3" "$STATE/replaced.json"; exit "\${REPLACE:-0}" ;;
esac`;
const cluster = { SECRET: 'powersync-config', ENTRY: 'powersync.yaml', WORKLOAD: 'deployment/powersync' };
const secret = (config) => JSON.stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'powersync-config', resourceVersion: '77' },
  data: { 'powersync.yaml': encoded(config), other: 'AAAA' },
});

test('Kubernetes: the Secret is replaced by the version that was read, and the workload starts anew', async () => {
  const { run, file } = scene({ kubectl });
  writeFileSync(file('secret.json'), secret(due));
  const ran = await run('kubernetes/reconcile.sh', cluster);
  assert.equal(ran.code, 0, ran.log);
  assert.deepEqual(ran.called, [
    'kubectl get secret powersync-config -o json',
    'kubectl replace -f secret.json',
    'kubectl rollout restart deployment/powersync',
  ]);
  const replaced = JSON.parse(readFileSync(file('replaced.json')));
  assert.equal(replaced.metadata.resourceVersion, '77');
  assert.equal(replaced.data.other, 'AAAA');
  assert.match(Buffer.from(replaced.data['powersync.yaml'], 'base64').toString(), /nbf: /);
});

test('Kubernetes: nothing is restarted where nothing is due, or somebody else wrote', async () => {
  const idle = scene({ kubectl });
  writeFileSync(idle.file('secret.json'), secret(fresh));
  assert.deepEqual((await idle.run('kubernetes/reconcile.sh', cluster)).called, ['kubectl get secret powersync-config -o json']);
  const raced = scene({ kubectl });
  writeFileSync(raced.file('secret.json'), secret(due));
  const ran = await raced.run('kubernetes/reconcile.sh', { ...cluster, REPLACE: '1' });
  assert.equal(ran.code, 1);
  assert.ok(!ran.called.some((call) => call.includes('rollout')));
});

const aws = `case "$*" in
*get-secret-value*VersionId*) echo v1 ;;
*get-secret-value*) cat "$STATE/config" ;;
*put-secret-value*) cp "\${PWD}/config.b64" "$STATE/put"; echo v2 ;;
*update-secret-version-stage*) exit "\${MOVE:-0}" ;;
esac`;
const account = { SECRET: 'arn', CLUSTER: 'main', SERVICE: 'powersync' };

test('ECS: the new version becomes current in place of the one that was read', async () => {
  const { run, file } = scene({ aws });
  writeFileSync(file('config'), encoded(due));
  const ran = await run('ecs/reconcile.sh', account);
  assert.equal(ran.code, 0, ran.log);
  assert.match(ran.called.at(-2), /--move-to-version-id v2 --remove-from-version-id v1$/);
  assert.match(ran.called.at(-1), /ecs update-service .*--force-new-deployment/);
  assert.match(Buffer.from(readFileSync(file('put'), 'utf8'), 'base64').toString(), /nbf: /);
  const raced = await run('ecs/reconcile.sh', { ...account, MOVE: '254' });
  assert.equal(raced.code, 254);
  assert.match(raced.called.at(-1), /update-secret-version-stage/);
});

test('ECS: nothing is written where nothing is due', async () => {
  const { run, file } = scene({ aws });
  writeFileSync(file('config'), encoded(fresh));
  const ran = await run('ecs/reconcile.sh', account);
  assert.equal(ran.code, 0, ran.log);
  assert.ok(!existsSync(file('put')));
  assert.ok(!ran.called.some((call) => call.includes('update-service')));
});

test('GitLab: findings become a code-quality report', async () => {
  const { directory, file } = scene({});
  writeFileSync(file('powersync.yaml'), demo.replace(/k: '.*'/, 'k: c2VjcmV0'));
  copyFileSync(join(root, 'fixtures/bad-json-broken/powersync.json'), file('powersync.json'));
  const findings = execFileSync(program, ['check', '--format', 'json', '--exit-zero', 'powersync.yaml', 'powersync.json'], { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] });
  const report = JSON.parse(execFileSync('jq', ['-f', join(root, 'examples/gitlab/code-quality.jq')], { input: findings }));
  const weak = report.find(({ check_name }) => check_name === 'guessable-secret');
  assert.equal(weak.severity, 'critical');
  assert.deepEqual(weak.location, { path: 'powersync.yaml', lines: { begin: 40 } });
  assert.equal(new Set(report.map(({ fingerprint }) => fingerprint)).size, report.length);
  // As GitLab documents it.
  for (const one of report) {
    assert.deepEqual(Object.keys(one).sort(), ['check_name', 'description', 'fingerprint', 'location', 'severity']);
    assert.ok(['info', 'minor', 'major', 'critical', 'blocker'].includes(one.severity));
    assert.ok(one.location.lines.begin > 0 && typeof one.location.path === 'string');
  }
});

// A program that has to be there: `.ci/run` installs it.
const check = (command, args, options = {}) => execFileSync(command, args, { encoding: 'utf8', cwd: join(root, 'examples'), ...options });

test('Kubernetes: kustomize builds it, and it is what the schemas of Kubernetes allow', () => {
  const built = join(mkdtempSync(join(tmpdir(), 'kustomize-')), 'all.yaml');
  writeFileSync(built, check('kubectl', ['kustomize', 'kubernetes']));
  check('kubernetes-validate', ['--strict', '--version', '1.34', built]);
});

test('ECS: cfn-lint finds nothing', () => {
  check('cfn-lint', ['ecs/keys.yaml']);
});

test('Compose: its file is read', () => {
  const directory = mkdtempSync(join(tmpdir(), 'compose-'));
  copyFileSync(join(root, 'examples/compose/compose.yaml'), join(directory, 'compose.yaml'));
  for (const name of ['.env', 'powersync.yaml', 'sync-config.yaml']) writeFileSync(join(directory, name), '');
  check('sh', ['-c', 'if docker compose version > /dev/null 2>&1; then docker compose config -q; else docker-compose -f compose.yaml config -q; fi'], { cwd: directory });
});

test('the examples name each other and the docs as they are', () => {
  const text = readFileSync(join(root, 'examples/README.md'), 'utf8');
  for (const [, link] of text.matchAll(/\]\(([^)]+)\)/g)) assert.ok(existsSync(join(root, 'examples', link)), link);
});
