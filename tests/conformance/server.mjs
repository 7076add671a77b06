// A service on loopback that answers tokens: `node server.mjs CONFIG [KEY CERTIFICATE]`, with a key over HTTPS. Prints its
// port, reads the config anew for each line on stdin, and says `started`. It takes the time from the header `x-now`.
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { createInterface } from 'node:readline';
import { answer } from './service.mjs';

const [path, key, certificate] = process.argv.slice(2);
let config = readFileSync(path, 'utf8');

async function respond(request) {
  if (request.method !== 'POST' || request.url !== '/sync/stream') return [404, {}];
  const [, token] = /^(?:Token|Bearer) (.*)$/.exec(request.headers.authorization ?? '') ?? [];
  const at = Number(request.headers['x-now'] ?? Math.floor(Date.now() / 1000));
  const { decision, code, message } = await answer(config, token ?? '', at);
  if (decision === 'accepted') return [200, {}];
  return [401, { error: { code, status: 401, description: message, name: 'AuthorizationError' } }];
}

const listener = async (request, response) => {
  request.resume();
  const [status, body] = await respond(request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const server = key
  ? https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, listener)
  : http.createServer(listener);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
createInterface({ input: process.stdin })
  .on('line', () => {
    config = readFileSync(path, 'utf8');
    console.log('started');
  })
  .on('close', () => process.exit(0));
