// A service on loopback that answers tokens: `node server.mjs CONFIG [KEY CERTIFICATE]`, with a key over HTTPS. Prints its
// port. For each line on stdin it reads the config anew and says `started`; where a number stands there, only after that
// many more answers. It takes the time from the header `x-now`.
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { createInterface } from 'node:readline';
import { answer } from './service.mjs';

const [path, key, certificate] = process.argv.slice(2);
let config = readFileSync(path, 'utf8');
let answersLeft = 0;

function restart() {
  config = readFileSync(path, 'utf8');
  console.log('started');
}

async function respond(request) {
  if (request.method !== 'POST' || request.url !== '/sync/stream') return [404, {}];
  const [, token] = /^(?:Token|Bearer) (.*)$/.exec(request.headers.authorization ?? '') ?? [];
  const at = Number(request.headers['x-now'] ?? Math.floor(Date.now() / 1000));
  const { decision, code, message } = await answer(config, token ?? '', at);
  if (decision === 'accepted') return [200, {}];
  const [, status] = /^HTTP (\d+)$/.exec(code) ?? [];
  if (status) return [Number(status), { error: message }];
  return [401, { error: { code, status: 401, description: message, name: 'AuthorizationError' } }];
}

const listener = async (request, response) => {
  request.resume();
  const [status, body] = await respond(request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (answersLeft > 0 && --answersLeft === 0) restart();
};
const server = key
  ? https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, listener)
  : http.createServer(listener);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
createInterface({ input: process.stdin })
  .on('line', (line) => {
    answersLeft = Number(line);
    if (answersLeft === 0) restart();
  })
  .on('close', () => process.exit(0));
