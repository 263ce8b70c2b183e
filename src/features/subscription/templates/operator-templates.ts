import { parse } from 'yaml';
import { DEFAULT_TEMPLATES, type Templates } from '../../../client-configs/index.js';
import { type JsonObject, type JsonValue, parseJson } from '../../../xray/config/index.js';
import { isExhaustion, Jinja } from './jinja.js';

/** The file of each template, relative to the operator's folder. */
export interface TemplateNames {
  clash: string;
  clashSettings: string;
  singBox: string;
  singBoxSettings: string;
  xray: string;
  xraySettings: string;
  mux: string;
  userAgents: string;
  grpcUserAgents: string;
  page: string;
  home: string;
}

/** What an operator may replace; a page that is undefined is not there, or broken. */
export interface OperatorTemplates extends Templates {
  /** The page of a user, an object as the API shows it, which is asked for only when it is needed. */
  page: (user: () => object) => string | undefined;
  home: () => string | undefined;
}

/** Told once why a template is not used. */
export type OnBroken = (name: string, reason: string) => void;

/**
 * The built-in templates, in the place of which the operator's stand where there are some: the sources by file name.
 * One that is broken counts as not there. Those of Clash and of pages are filled each time, the others once; one of
 * them may fail for some users only, so it is tried again, unless it used up all it was allowed.
 */
export function operatorTemplates(
  sources: ReadonlyMap<string, string>,
  names: TemplateNames,
  onBroken: OnBroken,
): OperatorTemplates {
  const jinja = new Jinja(sources);
  const broken = new Set<string>();
  const endless = new Set<string>();
  const tried = <T>(name: string, read: () => T): T | undefined => {
    if (!sources.has(name) || endless.has(name)) return undefined;
    try {
      return read();
    } catch (error) {
      if (!broken.has(name)) onBroken(name, firstLine(error));
      broken.add(name);
      if (isExhaustion(error)) endless.add(name);
      return undefined;
    }
  };
  const json = (name: string) => tried(name, () => object(parseJson(jinja.render(name))));
  const agents = (name: string) => tried(name, () => userAgents(jinja.render(name)));

  const byDefault = DEFAULT_TEMPLATES;
  const singBox = json(names.singBox);
  const mux = json(names.mux);
  return {
    xray: json(names.xray) ?? byDefault.xray,
    xrayTransports: json(names.xraySettings) ?? byDefault.xrayTransports,
    singBox: singBox ?? byDefault.singBox,
    singBoxBefore112: singBox ?? byDefault.singBoxBefore112,
    singBoxTransports: json(names.singBoxSettings) ?? byDefault.singBoxTransports,
    clash: (proxies, remarks) =>
      tried(names.clash, () => clashConfig(jinja, names.clash, proxies, remarks)) ??
      byDefault.clash(proxies, remarks),
    clashTransports:
      tried(names.clashSettings, () => object(parseYaml(jinja.render(names.clashSettings)) ?? {})) ??
      byDefault.clashTransports,
    mux: {
      xray: member(mux, 'v2ray') ?? byDefault.mux.xray,
      singBox: member(mux, 'sing-box') ?? byDefault.mux.singBox,
      clash: member(mux, 'clash') ?? byDefault.mux.clash,
    },
    userAgents: agents(names.userAgents) ?? byDefault.userAgents,
    grpcUserAgents: agents(names.grpcUserAgents) ?? byDefault.grpcUserAgents,
    page: (user) => tried(names.page, () => jinja.render(names.page, { user: user() })),
    home: () => tried(names.home, () => jinja.render(names.home)),
  };
}

/** The engine shows the source below. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
}

function clashConfig(jinja: Jinja, name: string, proxies: JsonObject[], remarks: string[]): JsonObject {
  const conf = { proxies, 'proxy-groups': [], rules: [] };
  return object(parseYaml(jinja.render(name, { conf, proxy_remarks: remarks })));
}

/** As PyYAML reads it, which operators wrote for: of a key that is there twice the last counts. */
function parseYaml(text: string): JsonValue {
  return parse(text, { version: '1.1', uniqueKeys: false, logLevel: 'error' }) as JsonValue;
}

function object(value: JsonValue): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TypeError('it gives no object');
}

function member(mux: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = mux?.[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function userAgents(text: string): string[] {
  const { list } = object(parseJson(text));
  return Array.isArray(list) ? list.filter((agent) => typeof agent === 'string') : [];
}
