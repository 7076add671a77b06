// What the service says to a token: what `jose` 4.15.9 says, which it uses, inside of its own order: the key by its kid,
// of the file, Supabase's secret and the sets behind URLs, else each key without one; then the claims; then audience,
// lifetime, parameters.
import * as jose from 'jose';
import { parse } from 'yaml';

const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'EdDSA', 'ES256', 'ES384', 'ES512'];

class Answer extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const FAMILIES = {
  oct: ['HS256', 'HS384', 'HS512'],
  RSA: ['RS256', 'RS384', 'RS512'],
  EC: ['ES256', 'ES384', 'ES512'],
  OKP: ['EdDSA']
};
const takes = (key, alg) => (key.alg ? key.alg === alg : (FAMILIES[key.kty] ?? []).includes(alg));
const SUPABASE = { audience: ['authenticated'], life: 606000 };

/** The keys of a set behind a URL, as it answered; `null`: it didn't. */
async function fetched(text) {
  const failed = () => new Answer('PSYNC_S2204', 'JWKS request failed');
  const data = (() => {
    try {
      return JSON.parse(text ?? '');
    } catch {
      throw failed();
    }
  })();
  const isList = Array.isArray(data?.keys) && data.keys.every((key) => typeof key === 'object' && !Array.isArray(key));
  if (!isList) throw new Answer('PSYNC_S2204', 'Invalid JWKS response');
  const keys = [];
  for (const key of data.keys) {
    try {
      if (!['RSA', 'OKP', 'EC'].includes(key.kty)) continue;
      if (typeof key.use === 'string' && key.use !== 'sig') continue;
      if (Array.isArray(key.key_ops) && !key.key_ops.includes('verify')) continue;
      keys.push({ ...key, imported: await jose.importJWK(key) });
    } catch {
      throw failed();
    }
  }
  return keys;
}

/** The host of the first connection, where that is of a Supabase project. */
function isProject({ replication }) {
  const connection = replication?.connections?.[0];
  if (connection?.type !== 'postgresql') return false;
  const host = connection.hostname ?? /^[a-z]+:\/\/(?:[^@/]*@)?([^:/?#]*)/.exec(connection.uri ?? '')?.[1];
  return /^db\.\w+\.supabase\.co$/.test(host ?? '');
}

/** All keys in the order in which the service looks, each with its place; and what could not be fetched. */
async function allKeys(config, sets) {
  const { jwks, supabase, supabase_jwt_secret, jwks_uri } = config.client_auth;
  const keys = [];
  const errors = [];
  for (const [place, key] of (jwks?.keys ?? []).entries()) keys.push({ ...key, place, imported: await jose.importJWK(key) });
  if (supabase && supabase_jwt_secret != null) {
    const key = { kty: 'oct', alg: 'HS256', k: Buffer.from(supabase_jwt_secret, 'utf8').toString('base64url') };
    keys.push({ ...key, place: 'supabase', imported: await jose.importJWK(key), options: SUPABASE });
  }
  const remote = [jwks_uri ?? []].flat().map(() => ({}));
  if (supabase && isProject(config)) remote.push(SUPABASE);
  for (const [login, options] of remote.entries()) {
    try {
      const found = await fetched(sets[login]);
      keys.push(...found.map((key, number) => ({ ...key, place: `${login}/${number}`, options })));
    } catch (error) {
      errors.push(error);
    }
  }
  return { keys, errors };
}

/** Loosely, as the service compares. */
function sameKid(own, kid) {
  try {
    return own == kid;
  } catch {
    throw new Answer('HTTP 500', 'Internal Server Error');
  }
}

async function findKey({ keys, errors }, token, header) {
  const named = header.kid ? keys.find((key) => sameKid(key.kid, header.kid)) : undefined;
  if (named) {
    if (!takes(named, header.alg)) throw new Answer('PSYNC_S2101', `Unexpected token algorithm ${header.alg}`);
    return named;
  }
  for (const key of keys) {
    if (key.kid != null || !takes(key, header.alg)) continue;
    try {
      await jose.compactVerify(token, key.imported);
      return key;
    } catch (error) {
      if (error.code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') throw error;
    }
  }
  if (errors.length > 0) throw errors[0];
  const message =
    'Could not find an appropriate key in the keystore. The key is missing or no key matched the token KID';
  throw new Answer('PSYNC_S2101', message);
}

async function judge(text, token, at, sets) {
  const config = parse(text);
  // Node's limit for all headers of a request, with those that none is without.
  if (token.length > 16310) throw new Answer('HTTP 431', 'Request Header Fields Too Large');
  if (!/^\S+$/.test(token)) throw new Answer('PSYNC_S2106', 'Authentication required');
  const all = await allKeys(config, sets);
  let key;
  const { payload } = await jose.jwtVerify(
    token,
    async (header) => {
      key = await findKey(all, token, header);
      return key.imported;
    },
    {
      algorithms: ALGORITHMS,
      clockTolerance: 60,
      requiredClaims: ['sub', 'iat', 'exp'],
      currentDate: new Date(at * 1000)
    }
  );
  const { audience = config.client_auth.audience ?? [], life: most = 86400 } = key.options ?? {};
  if (payload.aud == null) throw new Answer('PSYNC_S2105', 'JWT payload is missing a required claim "aud"');
  if (![payload.aud].flat(1).some((aud) => audience.includes(aud)))
    throw new Answer('PSYNC_S2105', `Unexpected "aud" claim value: ${JSON.stringify(payload.aud)}`);
  const life = payload.exp - payload.iat;
  if (life > most)
    throw new Answer('PSYNC_S2104', `Token must expire in a maximum of ${most} seconds, got ${life}s`);
  const { parameters } = payload;
  if (parameters != null && (Array.isArray(parameters) || typeof parameters !== 'object'))
    throw new Answer('PSYNC_S2101', 'Payload parameters must be an object');
  if (String(payload.sub).includes('\0')) throw new Answer('HTTP 500', 'Internal Server Error');
  return key.place;
}

/**
 * `config`: its text. `at`: the moment, in seconds since 1970. `sets`: what is behind each address of keys, `null` where
 * nothing answers.
 */
export async function answer(config, token, at, sets = []) {
  try {
    return { decision: 'accepted', key: await judge(config, token, at, sets) };
  } catch (error) {
    const rejected = (code, message) => ({ decision: 'rejected', code, message });
    if (error instanceof Answer) return rejected(error.code, error.message);
    if (error instanceof jose.errors.JWSInvalid || error instanceof jose.errors.JWTInvalid)
      return rejected('PSYNC_S2101', 'Token is not a well-formed JWT. Check the token format.');
    if (error instanceof jose.errors.JWTClaimValidationFailed)
      return rejected('PSYNC_S2101', `JWT payload is missing a required claim ${JSON.stringify(error.claim)}`);
    if (error instanceof jose.errors.JWTExpired) return rejected('PSYNC_S2103', 'JWT has expired');
    return rejected('PSYNC_S2101', error.message);
  }
}
