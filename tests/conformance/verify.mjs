// Verifies a token with `jose`: `node verify.mjs KID-AND-K-AS-JWK`, the token on stdin. Prints its header and claims.
import { readFileSync } from 'node:fs';
import { importJWK, jwtVerify } from 'jose';

const { jwk, now } = JSON.parse(process.argv[2]);
const token = readFileSync(0, 'utf8').trim();
const options = { algorithms: [jwk.alg], currentDate: new Date(now * 1000) };
const { protectedHeader, payload } = await jwtVerify(token, await importJWK(jwk), options);
console.log(JSON.stringify({ header: protectedHeader, claims: payload }));
