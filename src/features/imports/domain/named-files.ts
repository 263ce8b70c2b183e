import { InvalidCoreConfig, parseJson, toStrictJson } from '../../../xray/config/index.js';

export interface NamedFiles {
  /** Certificates and keys. */
  files: string[];
  /** Files of its folder of assets, by which Xray knows networks and sites. */
  assets: string[];
}

const PATHS = new Set(['certificateFile', 'keyFile']);

/** The files that a core config names, wherever it does; none where it is no JSON. */
export function namedFiles(text: string): NamedFiles {
  const files = new Set<string>();
  const assets = new Set<string>();
  const visit = (key: string, value: unknown): void => {
    if (typeof value === 'string') {
      if (PATHS.has(key) && value !== '') files.add(value);
      const asset = /^!?(geoip|geosite|ext(?:-ip|-site|-domain)?):([^:]*)/.exec(value);
      if (asset) assets.add(asset[1]!.startsWith('ext') ? asset[2]! : `${asset[1]}.dat`);
    } else if (Array.isArray(value)) {
      for (const item of value) visit(key, item);
    } else if (typeof value === 'object' && value !== null) {
      // A DNS server for a site has the site as the name of a key.
      for (const [name, item] of Object.entries(value)) {
        visit('', name);
        visit(name, item);
      }
    }
  };
  visit('', jsonOf(text));
  return { files: [...files], assets: [...assets] };
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(toStrictJson(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof InvalidCoreConfig) return undefined;
    throw error;
  }
}
