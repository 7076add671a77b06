// PowerSync's HS256 guide: signs with the text that `openssl rand -base64 32` gave, in SECRET. Prints the token.
import { SignJWT } from 'jose';

const { KID, SECRET, AUDIENCE } = process.env;
const token = await new SignJWT({})
  .setProtectedHeader({ alg: 'HS256', kid: KID })
  .setSubject('user-1')
  .setIssuedAt()
  .setAudience(AUDIENCE)
  .setExpirationTime('60m')
  .sign(new TextEncoder().encode(SECRET));
console.log(token);
