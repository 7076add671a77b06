// Calls what `export --as node` wrote: `node call.mjs MODULE`. Prints the token.
const { powersyncToken } = await import(process.argv[2]);
console.log(await powersyncToken('user-1', { role: 'admin' }));
