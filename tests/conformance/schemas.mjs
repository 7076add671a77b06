// Compares output with its schema. On stdin a JSON list of {schema, text}, the name of a `$defs` entry of
// `docs/output.schema.json`, `findings` or `sarif`; on stdout a JSON list of what is wrong with each, or null.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import sarif from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };

const read = (name) => JSON.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));
const output = read('output.schema.json');
// Written for draft 4 of JSON Schema. Of what changed since, it uses nothing but the name of `id`.
const { $schema, id, ...published } = sarif;

const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false });
formats.default(ajv);
ajv.addSchema(output);
const named = Object.keys(output.$defs).map((name) => [name, ajv.compile({ $ref: `output.schema.json#/$defs/${name}` })]);
const schemas = {
  ...Object.fromEntries(named),
  findings: ajv.compile(read('findings.schema.json')),
  sarif: ajv.compile(published),
};

const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ schema, text }) => {
  const validate = schemas[schema];
  return validate(JSON.parse(text)) ? null : ajv.errorsText(validate.errors);
});
console.log(JSON.stringify(answers));
