// Reads configs as the service does, with the packages that hold its own reading code. On stdin a JSON list of
// {config, env, sync}: paths of files, `env` and `sync` may be null. On stdout a JSON list of {keys} or {error}: of each
// key its kid and the bytes it verifies with, in hexadecimal.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ServiceSelfHostedConfigSchema } from '@powersync/cli-schemas';
import schema from '@powersync/service-schema/schema.json' with { type: 'json' };
import { SqlSyncRules } from '@powersync/service-sync-rules';
import { configFile } from '@powersync/service-types';
import Ajv from 'ajv';
import * as jose from 'jose';
import { parseDocument } from 'yaml';

// The reader of sync configs asks for Node 22; this is all that Node 20 lacks.
Object.groupBy ??= (items, name) =>
  [...items].reduce((groups, item, index) => ((groups[name(item, index)] ??= []).push(item), groups), {});

const ajv = new Ajv.default({ strict: false });
const service = ajv.compile(schema);
const selfHosted = ajv.compile(ServiceSelfHostedConfigSchema);

function load(text, variables) {
  const env = {
    tag: '!env',
    resolve(written, onError) {
      const [name, cast] = written.split('::');
      if (!name.startsWith('PS_')) onError('a variable has to begin with PS_');
      if (variables[name] === undefined) onError(`${name} is not set`);
      return cast === 'number' ? Number(variables[name]) : variables[name];
    },
  };
  const document = parseDocument(text, { schema: 'core', customTags: [env] });
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS();
}

function check(validate, value) {
  if (!validate(value)) throw new Error(ajv.errorsText(validate.errors));
}

// The schema takes connections of any type with any members. Of the types it knows, this takes only what it names.
function checkExactly(branches, value) {
  const branch = branches.find((branch) => branch.properties.type.const === value.type);
  if (branch === undefined) throw new Error(`no such type: ${value.type}`);
  check(ajv.compile({ ...branch, additionalProperties: false }), value);
}

function checkSync(text) {
  const { errors } = SqlSyncRules.fromYaml(text, { defaultSchema: 'public', throwOnError: true });
  const fatal = errors.filter(({ type }) => type !== 'warning');
  if (fatal.length > 0) throw fatal[0];
}

async function read({ config, env, sync }) {
  const variables = env === null ? {} : parseEnv(readFileSync(env, 'utf8'));
  const value = load(readFileSync(config, 'utf8'), variables);
  const decoded = configFile.powerSyncConfig.decode(value);
  check(service, value);
  if (value._type !== undefined) check(selfHosted, value);
  for (const connection of value.replication?.connections ?? []) {
    checkExactly(schema.properties.replication.properties.connections.items.anyOf, connection);
  }
  checkExactly(schema.properties.storage.anyOf, value.storage);
  if (sync !== null) checkSync(readFileSync(sync, 'utf8'));
  const keys = [];
  for (const key of decoded.client_auth?.jwks?.keys ?? []) {
    const imported = await jose.importJWK(key);
    keys.push({ kid: key.kid ?? null, bytes: imported.export().toString('hex') });
  }
  return { keys, audience: decoded.client_auth?.audience, tokens: decoded.api?.tokens?.length };
}

const answers = [];
for (const files of JSON.parse(readFileSync(0, 'utf8'))) {
  answers.push(await read(files).catch((error) => ({ error: error.message })));
}
console.log(JSON.stringify(answers));
