import type { HostSettings } from './host.js';
import type { HostDto, HostsByTagDto } from './hosts.dto.js';

export function fromHostsByTagDto(body: HostsByTagDto): Map<string, HostSettings[]> {
  return new Map(Object.entries(body).map(([tag, hosts]) => [tag, hosts.map(fromHostDto)]));
}

export function toHostsByTagDto(hosts: ReadonlyMap<string, readonly HostSettings[]>): HostsByTagDto {
  const dto = Object.create(null) as HostsByTagDto; // a tag can have any name
  for (const [tag, list] of hosts) dto[tag] = list.map(toHostDto);
  return dto;
}

function fromHostDto(dto: HostDto): HostSettings {
  return {
    remark: dto.remark,
    address: dto.address,
    port: dto.port ?? null,
    sni: dto.sni ?? null,
    host: dto.host ?? null,
    path: dto.path ?? null,
    security: dto.security,
    alpn: dto.alpn,
    fingerprint: dto.fingerprint,
    allowInsecure: dto.allowinsecure ?? null,
    isDisabled: dto.is_disabled ?? false,
    muxEnable: dto.mux_enable ?? false,
    fragmentSetting: dto.fragment_setting ?? null,
    noiseSetting: dto.noise_setting ?? null,
    randomUserAgent: dto.random_user_agent ?? false,
    useSniAsHost: dto.use_sni_as_host ?? false,
  };
}

function toHostDto(host: HostSettings): HostDto {
  return {
    remark: host.remark,
    address: host.address,
    port: host.port,
    sni: host.sni,
    host: host.host,
    path: host.path,
    security: host.security,
    alpn: host.alpn,
    fingerprint: host.fingerprint,
    allowinsecure: host.allowInsecure,
    is_disabled: host.isDisabled,
    mux_enable: host.muxEnable,
    fragment_setting: host.fragmentSetting,
    noise_setting: host.noiseSetting,
    random_user_agent: host.randomUserAgent,
    use_sni_as_host: host.useSniAsHost,
  };
}
