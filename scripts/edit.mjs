// The same edit as `rotate`, with the document API of the npm package `yaml`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { parseDocument } = createRequire(process.argv[2] + '/')('yaml');
const document = parseDocument(readFileSync(process.argv[3], 'utf8'));
const keys = document.getIn(['client_auth', 'jwks', 'keys']);
document.setIn(['client_auth', 'jwks', 'keys', 0, 'exp'], 1796083200);
keys.items.unshift(document.createNode({ kty: 'oct', alg: 'HS256', kid: 'new', k: 'c2VjcmV0' }));
process.stdout.write(document.toString());
