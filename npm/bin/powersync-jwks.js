#!/usr/bin/env node
'use strict';
const { launch } = require('../launch.js');

// `npx` and `npm exec` set this; what they run needn't be on the PATH.
launch(process.argv.slice(2), process.env.npm_command === 'exec' ? 'npx' : 'path');
