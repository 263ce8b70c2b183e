/**
 * What clients write as `echConfigList` where the server has these `echServerKeys`, both in base64: the keys are pairs
 * of a private key and its config, each with its length in front, the list is the configs. Undefined for what is no
 * such text.
 * Source: Xray `transport/internet/tls/ech.go`; RFC 9849.
 */
export function echConfigList(serverKeys: string): string | undefined {
  const keys = Buffer.from(serverKeys, 'base64');
  const configs: Buffer[] = [];
  let at = 0;
  const next = () => {
    const start = at + 2;
    at = start <= keys.length ? start + keys.readUInt16BE(start - 2) : Number.POSITIVE_INFINITY;
    return keys.subarray(start, at);
  };
  while (at < keys.length) {
    next(); // the private key
    configs.push(next());
  }
  if (configs.length === 0 || at !== keys.length) return undefined;
  const list = Buffer.concat(configs);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(list.length);
  return Buffer.concat([length, list]).toString('base64');
}
