'use strict';
const { launch } = require('../launch.js');

// Runs before PowerSync's command line reads its arguments, so that ours arrive as they were written, `--help` and all.
module.exports = async function init() {
  const [first = '', ...rest] = process.argv.slice(2);
  if (first === 'jwks') await launch(rest, 'powersync');
  if (first.startsWith('jwks:')) await launch([first.slice('jwks:'.length), ...rest], 'powersync');
};
