import { DEFAULT_TEMPLATES, type Templates } from '../../../client-configs/index.js';
import type { TemplateKind } from '../../../config/template-settings.js';
import { JinjaError } from '../../../jinja/index.js';
import { type JsonObject, type JsonValue, parseJson } from '../../../xray/config/index.js';
import type { UserDto } from '../../users/index.js';
import { Jinja } from './jinja.js';
import { marzbanUser, toDict, toPython } from './marzban.js';
import { readYaml } from './read-yaml.js';
import { SAMPLE_NAMES, SAMPLE_PROXIES, SAMPLE_USER } from './samples.js';
import { refusedSyntax } from './sing-box-syntax.js';

/** The file of each template, relative to the operator's folder. */
export type TemplateNames = Record<TemplateKind, string>;

/** What an operator may replace; a page that is undefined is not there, or broken. */
export interface OperatorTemplates extends Templates {
  /** The page of a user, an object as the API shows it, which is asked for only when it is needed. */
  page: (user: () => UserDto) => string | undefined;
  home: () => string | undefined;
  /** What is wrong with them. */
  faults: ReadonlyMap<TemplateKind, TemplateFault>;
  warnings: ReadonlyMap<TemplateKind, string[]>;
}

export interface TemplateFault {
  message: string;
  /** The file and its line, where they are known: it may be another one, which this includes. */
  file: string | undefined;
  line: number | undefined;
}

/** Told once why a template is not used. */
export type OnBroken = (name: string, reason: string) => void;

/**
 * The built-in templates, in the place of which the operator's stand where there are some: the sources by file name.
 * One that is broken counts as not there. Those of Clash and of pages are filled each time, the others once; one of
 * them may fail for some users only, so it is tried again, unless it used up all it was allowed. Each is tried at
 * once, so that a fault is told before a user meets it.
 */
export function operatorTemplates(
  sources: ReadonlyMap<string, string>,
  names: TemplateNames,
  onBroken: OnBroken,
): OperatorTemplates {
  const jinja = new Jinja(sources);
  const faults = new Map<TemplateKind, TemplateFault>();
  const warnings = new Map<TemplateKind, string[]>();
  const endless = new Set<string>();
  const tried = <T>(kind: TemplateKind, read: (name: string) => T): T | undefined => {
    const name = names[kind];
    if (!sources.has(name) || endless.has(name)) return undefined;
    try {
      return read(name);
    } catch (error) {
      const fault = faultOf(error);
      if (!faults.has(kind)) onBroken(name, written(fault));
      faults.set(kind, fault);
      if (error instanceof JinjaError && error.kind === 'Exhausted') endless.add(name);
      return undefined;
    }
  };
  const json = (kind: TemplateKind) => tried(kind, (name) => object(parseJson(jinja.render(name))));
  const agents = (kind: TemplateKind) => tried(kind, (name) => userAgents(jinja.render(name)));
  const clash = (proxies: JsonObject[], remarks: string[]) =>
    tried('clash', (name) => {
      const conf = toDict({ proxies, 'proxy-groups': [], rules: [] });
      return object(readYaml(jinja.render(name, { conf, proxy_remarks: toPython(remarks) })));
    });
  const page = (user: () => UserDto) =>
    tried('page', (name) => jinja.render(name, { user: marzbanUser(user()) }));
  const home = () => tried('home', (name) => jinja.render(name));

  const byDefault = DEFAULT_TEMPLATES;
  const singBox = json('singBox');
  const refused = singBox ? refusedSyntax(singBox) : [];
  if (refused.length > 0) warnings.set('singBox', refused);
  const mux = json('mux');
  clash(SAMPLE_PROXIES, SAMPLE_NAMES);
  page(() => SAMPLE_USER);
  home();
  return {
    xray: json('xray') ?? byDefault.xray,
    xrayTransports: json('xraySettings') ?? byDefault.xrayTransports,
    singBox: singBox ?? byDefault.singBox,
    singBoxBefore112: singBox ?? byDefault.singBoxBefore112,
    singBoxTransports: json('singBoxSettings') ?? byDefault.singBoxTransports,
    clash: (proxies, remarks) => clash(proxies, remarks) ?? byDefault.clash(proxies, remarks),
    clashTransports:
      tried('clashSettings', (name) => object(readYaml(jinja.render(name)) ?? {})) ??
      byDefault.clashTransports,
    mux: {
      xray: member(mux, 'v2ray') ?? byDefault.mux.xray,
      singBox: member(mux, 'sing-box') ?? byDefault.mux.singBox,
      clash: member(mux, 'clash') ?? byDefault.mux.clash,
    },
    userAgents: agents('userAgents') ?? byDefault.userAgents,
    grpcUserAgents: agents('grpcUserAgents') ?? byDefault.grpcUserAgents,
    page,
    home,
    faults,
    warnings,
  };
}

function faultOf(error: unknown): TemplateFault {
  const { message } = error as Error;
  const at = error instanceof JinjaError ? error : undefined;
  // The parser of YAML shows the source below.
  return { message: message.split('\n', 1)[0]!, file: at?.template, line: at?.line };
}

function written({ message, file, line }: TemplateFault): string {
  return line === undefined ? message : `${message} (${file}, line ${line})`;
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
