// Stands in for GitHub: a repository that can be cloned and pushed to, and the part of its API that the actions call.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const program = process.env.POWERSYNC_JWKS ?? join(root, 'target/debug/powersync-jwks');

export function git(directory, ...args) {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...who, ...args], { cwd: directory, encoding: 'utf8', env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' } }).trim();
}

export class GitHub {
  comments = [];
  pulls = [];
  requests = [];
  token = 'ghs_a-token-that-nobody-may-see';
  mayWrite = true;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'github-'));
    this.bare = join(this.directory, 'server.git');
    git(this.directory, 'init', '--quiet', '--bare', this.bare);
    git(this.bare, 'config', 'uploadpack.allowReachableSHA1InWant', 'true');
    git(this.directory, 'clone', '--quiet', this.bare, 'author');
    this.author = join(this.directory, 'author');
    git(this.author, 'checkout', '--quiet', '-b', 'main');
  }

  commit(files, message = 'a change') {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.author, name)), { recursive: true });
      writeFileSync(join(this.author, name), text);
    }
    git(this.author, 'add', '--all');
    git(this.author, 'commit', '--quiet', '--message', message);
    git(this.author, 'push', '--quiet', '--force', 'origin', 'HEAD');
  }

  // What `actions/checkout` leaves behind, with its default depth of one commit.
  checkout(ref) {
    const workspace = mkdtempSync(join(this.directory, 'workspace-'));
    git(workspace, 'init', '--quiet');
    git(workspace, 'remote', 'add', 'origin', `file://${this.bare}`);
    git(workspace, 'fetch', '--quiet', '--no-tags', '--depth=1', 'origin', ref);
    const branch = ref.startsWith('refs/heads/') ? ['-B', ref.slice('refs/heads/'.length)] : [];
    git(workspace, 'checkout', '--quiet', ...branch, 'FETCH_HEAD');
    return workspace;
  }

  // The branch that the author is on, as a pull request into main, merged for testing as GitHub does it.
  pullRequest() {
    const head = git(this.author, 'rev-parse', 'HEAD');
    const base = git(this.author, 'rev-parse', 'origin/main');
    git(this.author, 'checkout', '--quiet', '--detach', base);
    git(this.author, 'merge', '--quiet', '--no-ff', '--no-edit', head);
    git(this.author, 'push', '--quiet', '--force', 'origin', 'HEAD:refs/pull/7/merge');
    return { event: { pull_request: { number: 7, base: { sha: base } } }, ref: 'refs/pull/7/merge' };
  }

  async listen() {
    this.server = createServer(async (request, response) => {
      let text = '';
      for await (const part of request) text += part;
      const answer = this.answer(request, text && JSON.parse(text));
      response.writeHead(answer === undefined ? 403 : 200).end(JSON.stringify(answer ?? { message: 'Resource not accessible' }));
    });
    await new Promise((ready) => this.server.listen(0, '127.0.0.1', ready));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  answer({ method, url, headers }, body) {
    this.requests.push(`${method} ${url}`);
    if (headers.authorization !== `Bearer ${this.token}`) return undefined;
    const [, path, query = ''] = /^\/repos\/acme\/sync\/([^?]*)\??(.*)$/.exec(url);
    if (method !== 'GET' && !this.mayWrite) return undefined;
    if (method === 'GET' && path === 'issues/7/comments') {
      const page = Number(new URLSearchParams(query).get('page'));
      return this.comments.slice((page - 1) * 100, page * 100);
    }
    if (method === 'POST' && path === 'issues/7/comments') {
      return this.comments[this.comments.push({ id: this.comments.length + 1, user: { type: 'Bot' }, ...body }) - 1];
    }
    if (method === 'PATCH' && path.startsWith('issues/comments/')) {
      return Object.assign(this.comments.find(({ id }) => id === Number(path.split('/').pop())), body);
    }
    if (method === 'GET' && path === 'pulls') return this.pulls;
    if (method === 'POST' && path === 'pulls') return this.pulls[this.pulls.push({ number: this.pulls.length + 11, ...body }) - 1];
    if (method === 'PATCH' && path.startsWith('pulls/')) {
      return Object.assign(this.pulls.find(({ number }) => number === Number(path.split('/').pop())), body);
    }
    throw new Error(`${method} ${url}`);
  }

  // Runs a script of the actions as a runner would.
  async step(script, workspace, { event = {}, ref = 'refs/heads/main', ...variables }) {
    const temp = mkdtempSync(join(this.directory, 'temp-'));
    const file = (name, text = '') => (writeFileSync(join(temp, name), text), join(temp, name));
    const files = { GITHUB_OUTPUT: file('output'), GITHUB_STEP_SUMMARY: file('summary'), GITHUB_EVENT_PATH: file('event', JSON.stringify(event)) };
    const env = {
      PATH: process.env.PATH,
      HOME: temp,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_API_URL: this.url,
      GITHUB_SERVER_URL: this.url,
      GITHUB_REPOSITORY: 'acme/sync',
      GITHUB_REF: ref,
      RUNNER_TEMP: temp,
      PROGRAM: program,
      ...files,
      ...variables,
    };
    const ended = await new Promise((done) => {
      execFile('bash', [resolve(root, 'action', script)], { cwd: workspace, env }, (error, stdout, stderr) =>
        done({ code: error ? error.code : 0, log: stdout + stderr }),
      );
    });
    const outputs = Object.fromEntries(readFileSync(files.GITHUB_OUTPUT, 'utf8').split('\n').filter(Boolean).map((line) => line.split(/=(.*)/s)));
    return { ...ended, outputs, summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8') };
  }
}
