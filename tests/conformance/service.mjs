// What the service says to a token: what `jose` 4.15.9 says, which it uses, inside of its own order: the key by its kid,
// else each key without one; then the claims; then audience, lifetime, parameters.
import * as jose from 'jose';
import { parse } from 'yaml';

const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'EdDSA', 'ES256', 'ES384', 'ES512'];

class Answer extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const takes = (key, alg) => (key.alg ? key.alg === alg : key.kty === 'RSA' && alg.startsWith('RS'));

/** Loosely, as the service compares. */
function sameKid(own, kid) {
  try {
    return own == kid;
  } catch {
    throw new Answer('HTTP 500', 'Internal Server Error');
  }
}

async function findKey(keys, token, header) {
  const named = header.kid ? keys.findIndex((key) => sameKid(key.kid, header.kid)) : -1;
  if (named >= 0) {
    if (!takes(keys[named], header.alg)) throw new Answer('PSYNC_S2101', `Unexpected token algorithm ${header.alg}`);
    return named;
  }
  for (const [index, key] of keys.entries()) {
    if (key.kid != null || !takes(key, header.alg)) continue;
    try {
      await jose.compactVerify(token, await jose.importJWK(key));
      return index;
    } catch (error) {
      if (error.code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') throw error;
    }
  }
  const message =
    'Could not find an appropriate key in the keystore. The key is missing or no key matched the token KID';
  throw new Answer('PSYNC_S2101', message);
}

async function judge(config, token, at) {
  const { jwks, audience = [] } = parse(config).client_auth;
  // Node's limit for all headers of a request, with those that none is without.
  if (token.length > 16310) throw new Answer('HTTP 431', 'Request Header Fields Too Large');
  if (!/^\S+$/.test(token)) throw new Answer('PSYNC_S2106', 'Authentication required');
  let key;
  const { payload } = await jose.jwtVerify(
    token,
    async (header) => {
      key = await findKey(jwks.keys, token, header);
      return jose.importJWK(jwks.keys[key]);
    },
    {
      algorithms: ALGORITHMS,
      clockTolerance: 60,
      requiredClaims: ['sub', 'iat', 'exp'],
      currentDate: new Date(at * 1000)
    }
  );
  if (payload.aud == null) throw new Answer('PSYNC_S2105', 'JWT payload is missing a required claim "aud"');
  if (![payload.aud].flat(1).some((aud) => audience.includes(aud)))
    throw new Answer('PSYNC_S2105', `Unexpected "aud" claim value: ${JSON.stringify(payload.aud)}`);
  const life = payload.exp - payload.iat;
  if (life > 86400)
    throw new Answer('PSYNC_S2104', `Token must expire in a maximum of 86400 seconds, got ${life}s`);
  const { parameters } = payload;
  if (parameters != null && (Array.isArray(parameters) || typeof parameters !== 'object'))
    throw new Answer('PSYNC_S2101', 'Payload parameters must be an object');
  if (String(payload.sub).includes('\0')) throw new Answer('HTTP 500', 'Internal Server Error');
  return key;
}

/** `config`: its text. `at`: the moment, in seconds since 1970. */
export async function answer(config, token, at) {
  try {
    return { decision: 'accepted', key: await judge(config, token, at) };
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
