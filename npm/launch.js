'use strict';
// Finds the program of this platform and runs it as if it had been called itself.
const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const platform = `${process.platform}-${process.arch}`;
const name = `powersync-jwks-${platform}`;

function program() {
  const file = process.platform === 'win32' ? 'powersync-jwks.exe' : 'powersync-jwks';
  try {
    return require.resolve(`${name}/bin/${file}`);
  } catch {
    const { optionalDependencies = {} } = require('./package.json');
    return name in optionalDependencies ? missing() : unsupported(Object.keys(optionalDependencies));
  }
}

function missing() {
  fail(`the package ${name}, which holds the program, isn't installed.
It is an optional dependency, and something left those out (\`--omit=optional\`, \`--no-optional\`, or a lock file
that was made on another platform). Install again with them:
  npm install --include=optional powersync-jwks`);
}

function unsupported(packages) {
  const known = packages.map((one) => one.replace('powersync-jwks-', '')).join(', ');
  fail(`there is no program for ${platform}, only for ${known}.
With Rust, it can be built: the README says how.`);
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}

// `calledAs` is how the user started us, so that the commands which the program prints can be copied.
function launch(args, calledAs) {
  const env = { ...process.env, POWERSYNC_JWKS_CALLED_AS: calledAs };
  const file = program();
  let child;
  // The program decides what a signal does. A terminal sends Ctrl-C to it as well; other senders know only us. Before it
  // is started, so that no signal ends us and leaves it behind.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child = spawn(file, args, { stdio: 'inherit', env });
  child.on('error', (error) => fail(`${child.spawnfile} can't be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal) {
      // Ends as the program did.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
    process.exit(code ?? 128 + constants.signals[signal]);
  });
  // This process has nothing else to do: it never gets past here.
  return new Promise(() => {});
}

module.exports = { launch };
