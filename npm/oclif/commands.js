'use strict';
// What PowerSync's command line lists; `init.js` runs it.
const { commands } = require('../oclif.manifest.json');

module.exports = {
  default: Object.fromEntries(Object.entries(commands).map(([id, command]) => [id, { ...command, run() {} }])),
};
