// Reads configs as the service does, with the packages that hold its own reading code, one after the other: on each line
// of stdin {bytes, file, variables}, the bytes in base64; on stdout a line with {keys, audience} or {error}. Of a key its
// members as the service's codec lets them through, and the bytes it verifies with, in hexadecimal.
import { createInterface } from 'node:readline';
import { configFile } from '@powersync/service-types';
import Ajv from 'ajv';
import * as jose from 'jose';
import { parseDocument } from 'yaml';

const validate = new Ajv.default({ allErrors: true }).compile(configFile.PowerSyncConfigJSONSchema);

// Its tag `!env`.
const env = (variables) => ({
  tag: '!env',
  resolve(written, onError) {
    const [name, cast = 'string'] = written.split('::');
    const value = variables[name];
    if (!written.startsWith('PS_')) onError('a variable has to begin with PS_');
    else if (value === undefined) onError('a variable is not set');
    else if (cast === 'string') return value;
    else if (cast === 'number') {
      if (!Number.isNaN(Number(value))) return Number(value);
      onError('a variable is no number');
    } else if (cast === 'boolean') {
      const word = value.toLowerCase();
      if (word === 'true' || word === 'false') return word === 'true';
      onError('a variable is no boolean');
    } else onError('no such cast');
    return written;
  },
});

function readYaml(text, variables) {
  const document = parseDocument(text, { schema: 'core', keepSourceTokens: true, customTags: [env(variables)] });
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS();
}

function readEither(text, variables) {
  try {
    return readYaml(text, variables);
  } catch (error) {
    try {
      return JSON.parse(text);
    } catch {
      throw error;
    }
  }
}

function load(text, file, variables) {
  if (/\.ya?ml$/.test(file)) return readYaml(text, variables);
  return file.endsWith('.json') ? JSON.parse(text) : readEither(text, variables);
}

const hex = (text) => Buffer.from(text, 'base64url').toString('hex');

async function read({ bytes, file, variables }) {
  const serialized = load(Buffer.from(bytes, 'base64').toString('utf8'), file, Object.assign(Object.create(null), variables));
  if (!serialized) throw new Error('treated as absent');
  const decoded = configFile.powerSyncConfig.decode(serialized);
  if (!validate(decoded)) throw new Error('schema: ' + validate.errors.map((e) => `${e.instancePath} ${e.message}`).join(', '));
  if (decoded.sync_config && decoded.sync_rules) throw new Error('both sync_config and sync_rules');
  // Each set of keys elsewhere is prepared at the start.
  for (const uri of [decoded.client_auth?.jwks_uri ?? []].flat()) {
    if (!['http:', 'https:'].includes(new URL(uri).protocol)) throw new Error(`jwks_uri: ${uri}`);
  }
  const keys = [];
  for (const key of decoded.client_auth?.jwks?.keys ?? []) {
    const imported = await jose.importJWK(key);
    const { kty, alg, crv, n, e, x, y } = key;
    // `importJWK` gives the bytes of a secret as they are, or in an object.
    const k = kty === 'oct' ? Buffer.from(imported.export?.() ?? imported).toString('hex') : undefined;
    const numbers = Object.entries({ n, e, x, y }).filter(([, value]) => value !== undefined);
    keys.push({ kid: key.kid, kty, alg, crv, k, ...Object.fromEntries(numbers.map(([name, value]) => [name, hex(value)])) });
  }
  return { keys, audience: decoded.client_auth?.audience ?? [] };
}

// What the parser warns of is no concern here.
process.removeAllListeners('warning');
process.on('warning', () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const refused = (error) => ({ error: `${error.name}: ${error.message}`.slice(0, 300) });
  const answer = await read(JSON.parse(line)).catch(refused);
  // Half a character can't be written as UTF-8.
  const whole = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);
  if (!process.stdout.write(JSON.stringify(answer, whole) + '\n')) await new Promise((done) => process.stdout.once('drain', done));
}
