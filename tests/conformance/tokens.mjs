// Writes tests/tokens/tokens.json, or another file that is named: tokens made by `jose`, and what the service says to
// each, which is what service.mjs says. `node tokens.mjs` makes all of them anew, with other key pairs.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as jose from 'jose';
import { answer } from './service.mjs';

const NOW = 1795426260; // 2026-11-23T09:31:00Z
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

// Configs

const secrets = {
  'prod-1': Buffer.from('0123456789abcdef-first-secret-of-the-tests'),
  'prod-2': Buffer.from('fedcba9876543210-second-secret-of-the-tests'),
  'hs384': Buffer.from('a secret of forty-eight bytes for the HS384 key!!'),
  'hs512': Buffer.from('a secret of sixty-four bytes for the HS512 key, long enough for it'),
  '123': Buffer.from('the secret of a kid that looks like a number'),
  zeros: Buffer.from('a secret that others pad with zeros'),
  wild: Buffer.from('the secret of a key that has no kid at all'),
  wild384: Buffer.from('the secret of another key without a kid, HS384'),
};
const oct = (kid, alg, secret) =>
  `      - {kty: oct, alg: ${alg}, ${kid === null ? '' : `kid: '${kid}', `}k: '${b64(secret)}'}\n`;
const head = (audience) => `client_auth:\n${audience}  jwks:\n    keys:${''}`;

const pairs = {};
async function pair(kid, alg, options, written = alg) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
  pairs[kid] = { privateKey, alg };
  const { kty, crv, ...numbers } = await jose.exportJWK(publicKey);
  const members = Object.entries({ kty, crv, alg: written, kid, ...numbers }).filter(([, value]) => value);
  return `      - {${members.map(([name, value]) => `${name}: '${value}'`).join(', ')}}\n`;
}

const audience = "  audience: ['app', 'https://sync.example.com']\n";
const main =
  head(audience) +
  '\n' +
  oct('prod-1', 'HS256', secrets['prod-1']) +
  oct('prod-2', 'HS256', secrets['prod-2']) +
  oct('prod-1', 'HS256', secrets['prod-2']) + // never used: the first of this kid wins
  oct('hs384', 'HS384', secrets.hs384) +
  oct('hs512', 'HS512', secrets.hs512) +
  oct('123', 'HS256', secrets['123']) +
  oct('zeros', 'HS256', secrets.zeros) +
  "      - {kty: oct, alg: HS256, kid: empty, k: '===='}\n" +
  `      - {kty: oct, alg: HS256, kid: '', k: '${b64(secrets['prod-1'])}'}\n` +
  (await pair('rs256', 'RS256')) +
  (await pair('rs-any', 'RS512', {}, '')) +
  (await pair('es256', 'ES256')) +
  (await pair('es384', 'ES384')) +
  (await pair('es512', 'ES512')) +
  (await pair('ed25519', 'EdDSA', { crv: 'Ed25519' })) +
  (await pair('ed448', 'EdDSA', { crv: 'Ed448' })) +
  (await pair('curve', 'ES384', {}, 'ES256'));
const { generateKeyPairSync } = await import('node:crypto');
const uri = '  jwks_uri: http://127.0.0.1:1/keys.json\n';
const supabaseSecret = 'a JWT secret as text+/=, with 40 characters';
const project = 'replication: {connections: [{type: postgresql, hostname: db.abcdefghijkl.supabase.co}]}\n';
const elsewhere = {
  uri: `client_auth:\n${audience}${uri}`,
  'uri-beside': head(audience + uri) + '\n' + oct('prod-1', 'HS256', secrets['prod-1']) + oct(null, 'HS256', secrets.wild),
  'uri-no-audience': `client_auth:\n${uri}`,
  uris: `client_auth:\n${audience}  jwks_uri: ['http://127.0.0.1:1/a.json', 'http://127.0.0.1:1/b.json']\n`,
  supabase: `client_auth:\n  supabase: true\n  supabase_jwt_secret: '${supabaseSecret}'\n`,
  'supabase-off': `client_auth:\n${audience}  supabase_jwt_secret: '${supabaseSecret}'\n`,
  'supabase-beside': head(`${audience}  supabase: true\n  supabase_jwt_secret: '${supabaseSecret}'\n`) + '\n' + oct('prod-1', 'HS256', secrets['prod-1']),
  'supabase-project': `${project}client_auth:\n${audience}  supabase: true\n  supabase_jwt_secret: '${supabaseSecret}'\n`,
  'supabase-project-and-uri': `${project}client_auth:\n${audience}${uri}  supabase: true\n`,
};
const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const shortJwk = short.publicKey.export({ format: 'jwk' });
const configs = {
  main: main + `      - {kty: RSA, alg: RS256, kid: short, n: '${shortJwk.n}', e: ${shortJwk.e}}\n`,
  wildcard:
    head(audience) +
    '\n' +
    oct('prod-1', 'HS256', secrets['prod-1']) +
    oct(null, 'HS384', secrets.wild384) +
    oct(null, 'HS256', secrets.wild) +
    (await pair('wild-es256', 'ES256')).replace("kid: 'wild-es256', ", '') +
    (await pair('wild-curve', 'ES384', {}, 'ES256')).replace("kid: 'wild-curve', ", ''),
  'no-audience': head('') + '\n' + oct('prod-1', 'HS256', secrets['prod-1']),
  'empty-audience': head('  audience: []\n') + '\n' + oct('prod-1', 'HS256', secrets['prod-1']),
  'no-keys': head(audience) + ' []\n',
  ...elsewhere,
  wildcards: head(audience) + '\n' + oct(null, 'HS256', secrets.wild),
};

// Tokens

const tokens = [];
/** A token as it is. `not_checked`: ring can't verify it, so the tool says that it doesn't know. */
async function given(row, name, token, { config = 'main', at = NOW, sets, made, not_checked } = {}) {
  tokens.push({ row, name, config, at, token, ...(await answer(configs[config], token, at, sets)), sets, made, not_checked });
}

const claims = (more) => ({ sub: 'user-1', iat: NOW, exp: NOW + 3600, aud: 'app', ...more });
const without = (name) => {
  const { [name]: _, ...rest } = claims();
  return rest;
};

/** Claims signed by `jose` with a key of the config. */
async function signed(row, name, payload, { kid = 'prod-1', header = {}, secret, ...rest } = {}) {
  const alg = header.alg ?? { hs384: 'HS384', hs512: 'HS512', wild384: 'HS384' }[kid] ?? pairs[kid]?.alg ?? 'HS256';
  const all = { alg, kid, typ: 'JWT', ...header };
  for (const member of Object.keys(all)) if (all[member] === undefined) delete all[member];
  const key = secret ?? secrets[kid] ?? pairs[kid]?.privateKey;
  const token = await new jose.SignJWT(payload).setProtectedHeader(all).sign(key);
  const text = JSON.stringify(payload);
  const made = Buffer.isBuffer(key) ? { header: JSON.stringify(all), payload: text, secret: key.toString('hex'), alg } : undefined;
  await given(row, name, token, { made, ...rest });
}

/** Header and payload as text, signed with HMAC: what `jose` would refuse to write. */
async function raw(row, name, header, payload, { secret = secrets['prod-1'], alg = 'HS256', ...rest } = {}) {
  const [one, two] = [header, payload].map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part)));
  const data = `${b64(one)}.${b64(two)}`;
  const hmac = createHmac(alg.replace('HS', 'sha'), secret).update(data).digest('base64url');
  const utf8 = !Buffer.isBuffer(header) && !Buffer.isBuffer(payload);
  const made = utf8 ? { header, payload, secret: secret.toString('hex'), alg } : undefined;
  await given(row, name, `${data}.${hmac}`, { made, ...rest });
}
const HEADER = '{"alg":"HS256","kid":"prod-1","typ":"JWT"}';
const PAYLOAD = JSON.stringify(claims());

let row = 'kid equals a key';
await signed(row, 'the first key', claims());
await signed(row, 'another key', claims(), { kid: 'prod-2' });
await signed(row, 'HS384', claims(), { kid: 'hs384' });
await signed(row, 'HS512', claims(), { kid: 'hs512' });
await signed(row, 'RS256', claims(), { kid: 'rs256' });
await signed(row, 'RS512 with a key that has no alg', claims(), { kid: 'rs-any' });
await signed(row, 'RS256 with a key that has no alg', claims(), { kid: 'rs-any', header: { alg: 'RS256' } });
await signed(row, 'ES256', claims(), { kid: 'es256' });
await signed(row, 'ES384', claims(), { kid: 'es384' });
await signed(row, 'ES512', claims(), { kid: 'es512', not_checked: true });
await signed(row, 'Ed25519', claims(), { kid: 'ed25519' });
await signed(row, 'Ed448', claims(), { kid: 'ed448', not_checked: true });
await signed(row, 'without typ', claims(), { header: { typ: undefined } });
await signed(row, 'another typ', claims(), { header: { typ: 'at+jwt' } });
await signed(row, 'a kid that is a number equals one that is text', claims(), { kid: '123', header: { kid: 123 } });
await signed(row, 'a kid in a list equals one that is text', claims(), { header: { kid: ['prod-1'] } });
await signed(row, 'an empty list equals an empty kid', claims(), { header: { kid: [] } });
await signed(row, 'secrets that differ in zeros at the end', claims(), {
  kid: 'zeros',
  secret: Buffer.concat([secrets.zeros, Buffer.alloc(5)])
});
await raw(row, 'the empty secret', HEADER.replace('prod-1', 'empty'), PAYLOAD, { secret: Buffer.alloc(0) });
await signed(row, 'no fallback to a wildcard', claims(), { config: 'wildcard', secret: secrets.wild });
await signed(row, 'the first of a kid wins', claims(), { secret: secrets['prod-2'] });

row = 'no such kid';
await signed(row, 'an unknown kid', claims(), { header: { kid: 'prod-9' } });
await signed(row, 'a kid in other case', claims(), { header: { kid: 'PROD-1' } });
await signed(row, 'no kid', claims(), { header: { kid: undefined } });
await signed(row, 'an empty kid', claims(), { header: { kid: '' } });
await signed(row, 'a kid that is null', claims(), { header: { kid: null } });
await signed(row, 'a kid that is false', claims(), { header: { kid: false } });
await signed(row, 'a kid that is an object', claims(), { header: { kid: {} } });
await signed(row, 'no keys at all', claims(), { config: 'no-keys' });
await signed(row, 'wildcard, no kid', claims(), { config: 'wildcard', kid: 'wild', header: { kid: undefined } });
await signed(row, 'wildcard, any kid', claims(), { config: 'wildcard', kid: 'wild', header: { kid: 'any' } });
await signed(row, 'wildcard HS384', claims(), { config: 'wildcard', kid: 'wild384', header: { kid: 'any' } });
await signed(row, 'wildcard, another alg', claims(), { config: 'wildcard', kid: 'wild', header: { alg: 'HS384', kid: 'any' } });
await signed(row, 'wildcard, unknown secret', claims(), { config: 'wildcard', secret: secrets['prod-2'], header: { kid: undefined } });
await signed(row, 'wildcard ES256', claims(), { config: 'wildcard', kid: 'wild-es256', header: { kid: undefined } });
await signed(row, 'wildcard on another curve ends the search', claims(), { config: 'wildcard', kid: 'es256', header: { kid: 'any' } });

row = 'wrong signature';
await signed(row, 'another key', claims(), { secret: secrets['prod-2'] });
await signed(row, 'the base64url text', claims(), { secret: Buffer.from(b64(secrets['prod-1'])) });
await signed(row, 'a line break', claims(), { secret: Buffer.concat([secrets['prod-1'], Buffer.from('\n')]) });
await given(row, 'none', `${b64(HEADER)}.${b64(PAYLOAD)}.`);
await given(row, 'short', `${b64(HEADER)}.${b64(PAYLOAD)}.AAAA`);
await given(row, 'RS256', `${b64('{"alg":"RS256","kid":"rs256"}')}.${b64(PAYLOAD)}.${'A'.repeat(342)}`);
await given(row, 'ES256', `${b64('{"alg":"ES256","kid":"es256"}')}.${b64(PAYLOAD)}.${'A'.repeat(86)}`);
await given(row, 'Ed25519', `${b64('{"alg":"EdDSA","kid":"ed25519"}')}.${b64(PAYLOAD)}.${'A'.repeat(86)}`);
await given(row, 'RSA of 1024 bits', `${b64('{"alg":"RS256","kid":"short"}')}.${b64(PAYLOAD)}.${'A'.repeat(171)}`);
await signed(row, 'ES256 on P-384', claims(), { kid: 'es256', header: { kid: 'curve' } });

row = "alg differs from the key's";
await signed(row, 'HS384', claims(), { header: { alg: 'HS384' } });
await signed(row, 'HS512', claims(), { header: { alg: 'HS512' } });
await signed(row, 'RS256 for HS256', claims(), { kid: 'rs256', header: { kid: 'prod-1' } });
await signed(row, 'HS256 for RS256', claims(), { header: { kid: 'rs256' } });
await signed(row, 'HS256 for RSA without alg', claims(), { header: { kid: 'rs-any' } });
await signed(row, 'ES384 for ES256', claims(), { kid: 'es384', header: { kid: 'es256' } });

row = 'alg none, unknown or lowercase';
for (const alg of ['none', 'hs256', 'HS1024', 'PS256', 'ES256K'])
  await raw(row, alg, `{"alg":"${alg}","kid":"prod-1"}`, PAYLOAD);

row = 'malformed';
await given(row, 'a word', 'hello');
await given(row, 'two parts', `${b64(HEADER)}.${b64(PAYLOAD)}`);
await given(row, 'four parts', `${b64(HEADER)}.${b64(PAYLOAD)}.a.b`);
await given(row, 'five parts (JWE)', await new jose.EncryptJWT(claims()).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(Buffer.alloc(32, 7)));
await given(row, 'empty parts', '..');
await raw(row, 'header is no JSON', 'alg: HS256', PAYLOAD);
await raw(row, 'header is a list', '["HS256"]', PAYLOAD);
await raw(row, 'header is null', 'null', PAYLOAD);
await raw(row, 'no alg', '{"kid":"prod-1"}', PAYLOAD);
await raw(row, 'alg is a number', '{"alg":256,"kid":"prod-1"}', PAYLOAD);
await raw(row, 'alg is empty', '{"alg":"","kid":"prod-1"}', PAYLOAD);
await raw(row, 'payload is no JSON', HEADER, 'sub=user-1');
await raw(row, 'payload is a list', HEADER, '[1]');
await raw(row, 'payload is text', HEADER, '"user-1"');
await raw(row, 'payload is empty', HEADER, '');
await raw(row, 'a trailing comma', HEADER, PAYLOAD.replace('}', ',}'));
await raw(row, 'two payloads', HEADER, PAYLOAD + PAYLOAD);
await raw(row, 'crit is text', '{"alg":"HS256","kid":"prod-1","crit":"b64"}', PAYLOAD);
await raw(row, 'crit is empty', '{"alg":"HS256","kid":"prod-1","crit":[]}', PAYLOAD);
await raw(row, 'crit is null', '{"alg":"HS256","kid":"prod-1","crit":null}', PAYLOAD);
await raw(row, 'crit of what is not there', '{"alg":"HS256","kid":"prod-1","crit":["b64"]}', PAYLOAD);
await raw(row, 'crit of an extension', '{"alg":"HS256","kid":"prod-1","crit":["x"],"x":1}', PAYLOAD);
await raw(row, 'crit before alg', '{"alg":"none","crit":["x"],"x":1}', PAYLOAD);
await raw(row, 'b64 is no boolean', '{"alg":"HS256","kid":"prod-1","crit":["b64"],"b64":0}', PAYLOAD);
await raw(row, 'b64 is true', '{"alg":"HS256","kid":"prod-1","crit":["b64"],"b64":true}', PAYLOAD);
await raw(row, 'b64 is false', '{"alg":"HS256","kid":"prod-1","crit":["b64"],"b64":false}', PAYLOAD);
await raw(row, 'b64 without crit', '{"alg":"HS256","kid":"prod-1","b64":false}', PAYLOAD);

row = 'read leniently';
await raw(row, 'header members twice: the last counts', '{"alg":"none","alg":"HS256","kid":"x","kid":"prod-1"}', PAYLOAD);
await raw(row, 'header members twice: the last is wrong', '{"alg":"HS256","alg":"none","kid":"prod-1"}', PAYLOAD);
await raw(row, 'claims twice: the last counts', HEADER, PAYLOAD.replace('{', '{"aud":"other",'));
await raw(row, 'claims twice: the last is wrong', HEADER, PAYLOAD.replace('}', ',"aud":"other"}'));
await raw(row, 'a byte order mark', `\ufeff${HEADER}`, `\ufeff${PAYLOAD}`);
await raw(row, 'bytes that are no UTF-8', HEADER, Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${PAYLOAD.slice(1)}`)]));
await raw(row, 'half a character', HEADER, PAYLOAD.replace('{', '{"x":"\\ud800",'));
await raw(row, 'white space in JSON', ` ${HEADER}\n`, `\t${PAYLOAD} `);
await raw(row, '200 levels deep', HEADER, PAYLOAD.replace('{', `{"x":${'['.repeat(200)}${']'.repeat(200)},`));
{
  const [one, two, three] = tokens[0].token.split('.');
  await given(row, 'padding behind the signature', `${one}.${two}.${three}=`);
  await given(row, 'characters outside of base64url in the signature', `${one}.${two}.!${three}`);
  await given(row, 'base64 in place of base64url', `${one}.${two}.${three.replaceAll('-', '+').replaceAll('_', '/')}`);
  await given(row, 'padding behind the payload is signed, too', `${one}.${two}=.${three}`);
}

row = 'sub, iat or exp missing or of the wrong type';
for (const name of ['sub', 'iat', 'exp']) await signed(row, `no ${name}`, without(name));
await raw(row, 'none of them', HEADER, '{"aud":"app"}');
await signed(row, 'iat is text', claims({ iat: '1795426260' }));
await signed(row, 'exp is text', claims({ exp: '1795429860' }));
await raw(row, 'exp is null', HEADER, JSON.stringify(claims({ exp: null })));
await raw(row, 'iat is null', HEADER, JSON.stringify(claims({ iat: null })));
await signed(row, 'iat before exp', claims({ iat: 'x', exp: 'y' }));
await signed(row, 'sub is empty', claims({ sub: '' }));

row = 'sub of any type';
for (const sub of [7, 0, -1.5, true, false, [], ['a', 'b'], {}, { id: 1 }, [null]]) await signed(row, JSON.stringify(sub), claims({ sub }));
await raw(row, 'null', HEADER, JSON.stringify(claims({ sub: null })));
await signed(row, 'before aud', claims({ sub: 7, aud: 'other' }));

row = 'the service fails';
await raw(row, 'a NUL character in sub', HEADER, JSON.stringify(claims({ sub: 'a\0b' })));
await raw(row, 'a NUL character in a list', HEADER, JSON.stringify(claims({ sub: ['\0'] })));
await raw(row, 'a NUL character in sub, after aud', HEADER, JSON.stringify(claims({ sub: '\0', aud: 'other' })));
await raw(row, 'a NUL character elsewhere', HEADER, JSON.stringify(claims({ name: '\0' })));
await raw(row, 'a kid with toString', '{"alg":"HS256","kid":{"toString":"prod-1"}}', PAYLOAD);
await raw(row, 'a kid with toString in a list', '{"alg":"HS256","kid":[{"toString":null}]}', PAYLOAD);
await raw(row, 'a kid with valueOf', '{"alg":"HS256","kid":{"valueOf":1}}', PAYLOAD);
await raw(row, 'a kid with toString, and no key has a kid', '{"alg":"HS256","kid":{"toString":1}}', PAYLOAD, { config: 'wildcards', secret: secrets.wild });

row = 'too large for Node';
await signed(row, 'just not', claims({ x: 'x'.repeat(12020) }));
await signed(row, 'too large', claims({ x: 'x'.repeat(12400) }));

row = 'nbf';
await signed(row, '60 s ahead', claims({ nbf: NOW + 60 }));
await signed(row, '61 s ahead', claims({ nbf: NOW + 61 }));
await signed(row, 'text', claims({ nbf: 'soon' }));
await signed(row, 'before exp', claims({ nbf: NOW + 61, exp: NOW - 100 }));
await signed(row, 'milliseconds', claims({ nbf: NOW * 1000 }));

row = 'exp';
await signed(row, '59 s ago', claims({ iat: NOW - 3659, exp: NOW - 59 }));
await signed(row, '60 s ago', claims({ iat: NOW - 3660, exp: NOW - 60 }));
await signed(row, 'long ago', claims({ iat: 0, exp: 3600 }));
await signed(row, 'before aud', claims({ exp: NOW - 60, aud: 'other' }));
await raw(row, 'minus infinity', HEADER, PAYLOAD.replace(`${NOW + 3600}`, '-1e400'));
await raw(row, 'a fraction', HEADER, PAYLOAD.replace(`${NOW + 3600}`, `${NOW - 59.5}`));
await signed(row, 'at another time', claims(), { at: NOW + 3600 + 60 });

row = 'exp - iat';
await signed(row, '86400', claims({ exp: NOW + 86400 }));
await signed(row, '86401', claims({ exp: NOW + 86401 }));
await signed(row, 'milliseconds', claims({ iat: NOW * 1000, exp: (NOW + 3600) * 1000 }));
await signed(row, 'exp in milliseconds', claims({ exp: (NOW + 3600) * 1000 }));
await raw(row, 'infinite', HEADER, PAYLOAD.replace(`${NOW + 3600}`, '1e400'));
await raw(row, 'huge', HEADER, PAYLOAD.replace(`${NOW + 3600}`, '1e30'));
await raw(row, 'more digits than fit', HEADER, PAYLOAD.replace(`${NOW + 3600}`, '92233720368547758079'));
await raw(row, 'a fraction', HEADER, PAYLOAD.replace(`${NOW + 3600}`, `${NOW + 86400}.5`));
await signed(row, 'negative', claims({ iat: NOW + 7200 }));

row = 'iat in the future';
await signed(row, 'an hour', claims({ iat: NOW + 3600, exp: NOW + 7200 }));
await signed(row, 'a year', claims({ iat: NOW + 31536000, exp: NOW + 31539600 }));

row = 'aud missing';
await signed(row, 'absent', without('aud'));
await raw(row, 'null', HEADER, JSON.stringify(claims({ aud: null })));

row = 'aud matches none';
await signed(row, 'other', claims({ aud: 'other' }));
await signed(row, 'a list', claims({ aud: ['other', 'App'] }));
await signed(row, 'an empty list', claims({ aud: [] }));
await signed(row, 'a number', claims({ aud: 7 }));
await signed(row, 'an object', claims({ aud: { app: 1 } }));
await signed(row, 'a slash at its end', claims({ aud: 'https://sync.example.com/' }));
await signed(row, 'characters that JSON escapes', claims({ aud: 'a"\\\n\u0001é€😀' }));
await signed(row, 'one of several', claims({ aud: ['other', 'app'] }));
await signed(row, 'the second of the config', claims({ aud: 'https://sync.example.com' }));
await signed(row, 'a config without audience', claims(), { config: 'no-audience' });
await signed(row, 'a config with an empty one', claims(), { config: 'empty-audience' });
await signed(row, 'before the lifetime', claims({ aud: 'other', exp: NOW + 90000 }));

row = 'parameters';
await signed(row, 'an object', claims({ parameters: { project: 7 } }));
await signed(row, 'null', claims({ parameters: null }));
for (const parameters of ['text', 7, [1], true]) await signed(row, JSON.stringify(parameters), claims({ parameters }));
await signed(row, 'after the lifetime', claims({ parameters: 7, exp: NOW + 90000 }));

// Keys from elsewhere

const remote = {};
for (const [name, alg, options] of [
  ['r1', 'RS256'], ['r2', 'RS256'], ['e1', 'ES256'], ['e2', 'ES384'], ['e3', 'ES512'],
  ['d1', 'EdDSA', { crv: 'Ed25519' }], ['d4', 'EdDSA', { crv: 'Ed448' }],
]) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
  remote[name] = { privateKey, alg, jwk: { ...(await jose.exportJWK(publicKey)), kid: name, alg }, all: await jose.exportJWK(privateKey) };
}
const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' });
const jwk = (name, more = {}) => {
  const key = { ...remote[name].jwk, ...more };
  for (const member of Object.keys(key)) if (key[member] === undefined) delete key[member];
  return key;
};
const set = (...keys) => JSON.stringify({ keys });

/** A token of a key from elsewhere. */
async function from(row, name, key, sets, { payload = claims(), header = {}, config = 'uri', ...rest } = {}) {
  const all = { alg: remote[key].alg, kid: key, ...header };
  for (const member of Object.keys(all)) if (all[member] === undefined) delete all[member];
  // `jose` refuses to write a header that doesn't fit the key.
  const honest = { ...all, alg: remote[key].alg };
  let token = await new jose.SignJWT(payload).setProtectedHeader(honest).sign(remote[key].privateKey);
  if (all.alg !== honest.alg) token = [b64(JSON.stringify(all)), ...token.split('.').slice(1)].join('.');
  await given(row, name, token, { config, sets, ...rest });
}

row = 'a key behind jwks_uri';
for (const name of Object.keys(remote)) {
  const not_checked = ['e3', 'd4'].includes(name);
  await from(row, name, name, [set(jwk(name))], { not_checked });
  await from(row, `${name} among others`, name, [set(...Object.keys(remote).map((other) => jwk(other)))], { not_checked });
  await from(row, `${name} without alg`, name, [set(jwk(name, { alg: undefined }))], { not_checked });
  await from(row, `${name} without kid`, name, [set(jwk(name, { kid: undefined }))], { not_checked });
  await from(row, `${name}, and the token has no kid`, name, [set(jwk(name, { kid: undefined }))], { header: { kid: undefined }, not_checked });
  await from(row, `${name}, and the set has another`, name, [set(jwk(name, { kid: 'other' }))]);
}
await from(row, 'the kid is a number', 'r1', [set(jwk('r1', { kid: 7 }))], { header: { kid: '7' } });
await from(row, 'an empty kid is never found', 'r1', [set(jwk('r1', { kid: '' }))], { header: { kid: '' } });
await from(row, 'the same kid twice: the first decides', 'r1', [set(jwk('r2', { kid: 'r1' }), jwk('r1'))]);
await from(row, 'the same kid twice: the first decides, and is right', 'r1', [set(jwk('r1'), jwk('r2', { kid: 'r1' }))]);
await from(row, 'in the second set', 'e1', [set(jwk('r1')), set(jwk('e1'))], { config: 'uris' });
await from(row, 'in both sets: the first decides', 'e1', [set(jwk('r1', { kid: 'e1' })), set(jwk('e1'))], { config: 'uris' });
await from(row, 'in the second set, and the first fails', 'e1', [null, set(jwk('e1'))], { config: 'uris' });
await from(row, 'in none, and the first fails', 'd1', [null, set(jwk('e1'))], { config: 'uris' });
await from(row, 'in none, and the second is invalid', 'd1', [set(jwk('e1')), '[]'], { config: 'uris' });
await from(row, 'without an audience in the config', 'e1', [set(jwk('e1'))], { config: 'uri-no-audience' });
await from(row, 'another audience', 'e1', [set(jwk('e1'))], { payload: claims({ aud: 'authenticated' }) });
await from(row, 'a life of two days', 'e1', [set(jwk('e1'))], { payload: claims({ exp: NOW + 172800 }) });
await from(row, 'an issuer', 'e1', [set(jwk('e1'))], { payload: claims({ iss: 'https://elsewhere.example.com' }) });
await from(row, 'another alg of the family', 'r1', [set(jwk('r1', { alg: 'RS512' }))]);
await from(row, 'ES256 for P-384 without alg', 'e2', [set(jwk('e2', { alg: undefined }))], { header: { alg: 'ES256' } });
await from(row, 'ES384 for a key that says ES256', 'e2', [set(jwk('e2', { alg: 'ES256' }))]);
await from(row, 'an RSA key that says ES256', 'e1', [set(jwk('r1', { kid: 'e1', alg: 'ES256' }))]);
await from(row, 'an EC key that says RS256', 'r1', [set(jwk('e1', { kid: 'r1', alg: 'RS256' }))]);
await from(row, 'an EC key that says EdDSA', 'd1', [set(jwk('e1', { kid: 'd1', alg: 'EdDSA' }))]);
await from(row, 'X25519', 'd1', [set({ ...x25519, kid: 'd1', alg: 'EdDSA' })]);
await from(row, 'secp256k1', 'e1', [set({ ...secp256k1, kid: 'e1', alg: 'ES256' })]);
await from(row, 'the private half in it', 'e1', [set({ ...remote.e1.all, kid: 'e1', alg: 'ES256' })]);
await from(row, 'the private half of RSA in it', 'r1', [set({ ...remote.r1.all, kid: 'r1', alg: 'RS256' })]);

row = 'entries that are passed over';
for (const [name, more] of [
  ['use enc', { use: 'enc' }], ['use empty', { use: '' }], ['use a number', { use: 7 }], ['use sig', { use: 'sig' }],
  ['key_ops sign', { key_ops: ['sign'] }], ['key_ops empty', { key_ops: [] }], ['key_ops verify', { key_ops: ['verify', 'x'] }],
  ['key_ops is text', { key_ops: 'sign' }], ['kty unknown', { kty: 'LTC' }], ['kty missing', { kty: undefined }],
  ['alg empty', { alg: '' }], ['alg null', { alg: null }], ['alg a number', { alg: 256 }], ['alg for encryption', { alg: 'RSA-OAEP' }],
  ['x5c and more', { x5c: ['AAAA'], x5t: 'x', ext: true, exp: 1 }],
]) await from(row, name, 'r1', [set(jwk('r1', more))]);
const octs = { kty: 'oct', alg: 'HS256', kid: 'shared', k: b64(secrets['prod-2']) };
await signed(row, 'a shared secret', claims(), { config: 'uri', kid: 'prod-2', header: { kid: 'shared' }, sets: [set(octs)] });
await signed(row, 'a shared secret without kid', claims(), { config: 'uri', kid: 'prod-2', header: { kid: undefined }, sets: [set({ ...octs, kid: undefined })] });
await signed(row, 'HS256 with the kid of an RSA key', claims(), { config: 'uri', kid: 'prod-2', header: { kid: 'r1' }, sets: [set(jwk('r1'))] });
await signed(row, 'HS256 with the kid of an RSA key that says HS256', claims(), { config: 'uri', kid: 'prod-2', header: { kid: 'r1' }, sets: [set(jwk('r1', { alg: 'HS256' }))] });

row = 'a set that fails';
for (const [name, text] of [
  ['nothing answers', null], ['no JSON', '<html>'], ['cut off', set(jwk('r1')).slice(0, -3)], ['null', 'null'], ['a list', set(jwk('r1')).slice(8, -1)],
  ['a key', JSON.stringify(jwk('r1'))], ['keys is an object', '{"keys": {}}'], ['keys is null', '{"keys": null}'], ['text in it', '{"keys": ["a"]}'],
  ['a list in it', '{"keys": [[]]}'], ['null in it', '{"keys": [null]}'], ['empty', set()], ['keys twice', `{"keys": [], "keys": [${JSON.stringify(jwk('r1'))}]}`],
  ['n is a number', set(jwk('r1'), jwk('r2', { n: 7 }))], ['n is missing', set(jwk('r1'), jwk('r2', { n: undefined }))], ['n is empty', set(jwk('r1'), jwk('r2', { n: '' }))],
  ['oth', set(jwk('r1'), jwk('r2', { oth: [] }))], ['d alone', set(jwk('r1'), jwk('r2', { d: 'AAAA' }))], ['d is empty', set(jwk('r1'), jwk('r2', { d: '' }))],
  ['d is a number', set(jwk('r1'), jwk('r2', { d: 7 }))], ['y is missing', set(jwk('r1'), jwk('e1', { y: undefined }))],
  ['a point beside the curve', set(jwk('r1'), jwk('e1', { y: jwk('e1').x }))], ['another curve', set(jwk('r1'), jwk('e1', { crv: 'P-384' }))],
  ['an unknown curve', set(jwk('r1'), jwk('e1', { crv: 'P-257' }))], ['no curve', set(jwk('r1'), jwk('e1', { crv: undefined }))],
  ['a short Ed25519', set(jwk('r1'), jwk('d1', { x: 'AAAA' }))], ['an unknown Edwards curve', set(jwk('r1'), jwk('d1', { crv: 'Ed25520' }))],
  ['a bad entry that is passed over', set(jwk('r1'), jwk('e1', { use: 'enc', y: 7 }))],
]) {
  await from(row, `${name}, and a key of it`, 'r1', [text]);
  await signed(row, `${name}, and a key of the file`, claims(), { config: 'uri-beside', sets: [text] });
  await signed(row, `${name}, and no kid that is known`, claims(), { config: 'uri-beside', kid: 'prod-2', sets: [text] });
}
await signed(row, 'a key without kid comes before that', claims(), { config: 'uri-beside', kid: 'wild', header: { kid: 'any' }, sets: [null] });

row = 'the Supabase secret';
const supabase = Buffer.from(supabaseSecret);
const authenticated = (more) => claims({ aud: 'authenticated', iss: 'https://abcdefghijkl.supabase.co/auth/v1', ...more });
const legacy = (name, payload, more = {}) => signed(row, name, payload, { config: 'supabase', secret: supabase, header: { kid: undefined }, ...more });
await legacy('its text', authenticated());
await legacy('any kid', authenticated(), { header: { kid: 'any' } });
await legacy('base64 of it', authenticated(), { secret: Buffer.from(supabaseSecret, 'base64') });
await legacy('HS384', authenticated(), { header: { kid: undefined, alg: 'HS384' } });
await legacy('a week', authenticated({ exp: NOW + 604800 }));
await legacy('606000 s', authenticated({ exp: NOW + 606000 }));
await legacy('606001 s', authenticated({ exp: NOW + 606001 }));
await legacy('another audience', claims());
await legacy('no audience', without('aud'));
await legacy('expired', authenticated({ iat: NOW - 7200, exp: NOW - 60 }));
await legacy('without supabase: true', authenticated(), { config: 'supabase-off' });
await legacy('beside a key of the file', authenticated(), { config: 'supabase-beside' });
await legacy('the audience of the config', claims(), { config: 'supabase-beside' });
await signed(row, 'a key of the file', claims(), { config: 'supabase-beside' });
await signed(row, 'a key of the file, with the audience of Supabase', authenticated(), { config: 'supabase-beside' });
await legacy('the kid of a key of the file', authenticated(), { config: 'supabase-beside', header: { kid: 'prod-1' } });
await legacy('beside keys of the project', authenticated(), { config: 'supabase-project', sets: [set(jwk('e1'))] });
await legacy('the kid of a key of the project', authenticated(), { config: 'supabase-project', header: { kid: 'e1' }, sets: [set(jwk('e1'))] });
await legacy('where the keys of the project fail', authenticated(), { config: 'supabase-project', sets: [null] });
await legacy('another secret, where the keys of the project fail', authenticated(), { config: 'supabase-project', secret: secrets.wild, sets: [null] });
await from(row, 'a key of the project', 'e1', [set(jwk('e1'))], { config: 'supabase-project', payload: authenticated() });
await from(row, 'a key of the project, for a week', 'e1', [set(jwk('e1'))], { config: 'supabase-project', payload: authenticated({ exp: NOW + 606000 }) });
await from(row, 'a key of the project, with the audience of the config', 'e1', [set(jwk('e1'))], { config: 'supabase-project' });
await from(row, 'a key of the project, after another set', 'e1', [set(jwk('r1')), set(jwk('e1'))], { config: 'supabase-project-and-uri', payload: authenticated() });
await from(row, 'a key of another set, with the audience of Supabase', 'r1', [set(jwk('r1')), set(jwk('e1'))], { config: 'supabase-project-and-uri', payload: authenticated() });
await from(row, 'a key of another set, with the audience of the config', 'r1', [set(jwk('r1')), set(jwk('e1'))], { config: 'supabase-project-and-uri' });

row = 'header not Bearer T or Token T';
await given(row, 'white space inside', 'a b');

const wrong = tokens.filter((one, index) => tokens.findIndex((other) => other.row === one.row && other.name === one.name) !== index);
if (wrong.length > 0) throw new Error(`twice: ${wrong.map((one) => one.name)}`);
const out = process.argv[2] ?? new URL('../tokens/tokens.json', import.meta.url);
writeFileSync(out, JSON.stringify({ jose: '4.15.9', configs, tokens }, null, 1) + '\n');
console.log(`${tokens.length} tokens, ${new Set(tokens.flatMap((one) => one.sets ?? [])).size} sets, ${tokens.filter((one) => one.decision === 'accepted').length} accepted`);
