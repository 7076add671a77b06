// Decodes as the service does with POWERSYNC_CONFIG_B64: on stdin a JSON list of texts, on stdout a JSON list of their bytes
// in hexadecimal.
import { readFileSync } from 'node:fs';

const texts = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map((text) => Buffer.from(text, 'base64').toString('hex'))));
