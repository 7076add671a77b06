// Compares reports with their schemas. On stdin a JSON list of {schema, text}, `findings` or `sarif`; on stdout a JSON
// list of what is wrong with each, or null.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import sarif from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };

const findings = JSON.parse(readFileSync(new URL('../../docs/findings.schema.json', import.meta.url), 'utf8'));
// Written for draft 4 of JSON Schema. Of what changed since, it uses nothing but the name of `id`.
const { $schema, id, ...published } = sarif;

const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false });
formats.default(ajv);
const schemas = { findings: ajv.compile(findings), sarif: ajv.compile(published) };

const answers = JSON.parse(readFileSync(0, 'utf8')).map(({ schema, text }) => {
  const validate = schemas[schema];
  return validate(JSON.parse(text)) ? null : ajv.errorsText(validate.errors);
});
console.log(JSON.stringify(answers));
