// A registry that serves the packages of a directory, so that they are installed as from npm's own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

export async function serve(directory, { without = [] } = {}) {
  const packages = new Map();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.tgz'))) {
    const tarball = readFileSync(join(directory, file));
    const manifest = JSON.parse(execFileSync('tar', ['-xzOf', join(directory, file), 'package/package.json']));
    if (!without.includes(manifest.name)) packages.set(manifest.name, { file, tarball, manifest });
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url).slice(1);
    const byFile = [...packages.values()].find(({ file }) => path === `files/${file}`);
    if (byFile) return response.end(byFile.tarball);
    const found = packages.get(path);
    if (!found) return response.writeHead(404).end('{"error":"not found"}');
    const { file, tarball, manifest } = found;
    const integrity = 'sha512-' + createHash('sha512').update(tarball).digest('base64');
    const dist = { tarball: `${url}/files/${file}`, integrity };
    const versions = { [manifest.version]: { ...manifest, dist } };
    response.end(JSON.stringify({ name: manifest.name, 'dist-tags': { latest: manifest.version }, versions }));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, close: () => server.close() };
}
