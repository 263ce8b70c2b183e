import { ApiSchema } from '@nestjs/swagger';
import {
  BoolField,
  EnumField,
  IntField,
  list,
  map,
  object,
  Rule,
  text,
  TextField,
} from '../../shared/http/fields.js';
import { hasValidVariables, isFragmentSetting, isNoiseSetting, isNoiseTooLong } from './domain/settings.js';
import { ALPNS, FINGERPRINTS, type HostSettings, SECURITIES } from './host.js';

const FRAGMENT_TEXT = 'Fragment setting must be like this: length,interval,packet (10-100,100-200,tlshello).';
const NOISE_TEXT = 'Noise setting must be like this: packet,delay (rand:10-20,100-200).';
const NOISE_LENGTH_TEXT = "Noise can't be longer that 2000 character";

function Variables() {
  return Rule((value: string) => (hasValidVariables(value) ? undefined : 'Invalid formatting variables'));
}

@ApiSchema({ name: 'ProxyHost' })
export class HostDto {
  @Variables()
  @TextField({
    maxLength: 256,
    documented: false,
    description: 'Name of the entry; may hold variables such as {USERNAME}',
  })
  remark!: string;

  @Variables()
  @TextField({
    maxLength: 256,
    documented: false,
    description: 'Alternatives separated by commas; `*` becomes a random text',
  })
  address!: string;

  /** Null and 0: the inbound's. */
  @IntField({ nullable: true, min: 0, max: 65535, documented: false })
  port?: number | null;

  @TextField({ nullable: true, maxLength: 1000, documented: false })
  sni?: string | null;

  @TextField({ nullable: true, maxLength: 1000, documented: false })
  host?: string | null;

  @TextField({ nullable: true, maxLength: 256, documented: false })
  path?: string | null;

  @EnumField(SECURITIES, { name: 'ProxyHostSecurity', default: 'inbound_default' })
  security!: HostSettings['security'];

  @EnumField(ALPNS, { name: 'ProxyHostALPN', default: '' })
  alpn!: HostSettings['alpn'];

  @EnumField(FINGERPRINTS, { name: 'ProxyHostFingerprint', default: '' })
  fingerprint!: HostSettings['fingerprint'];

  @BoolField({ nullable: true })
  allowinsecure?: boolean | null;

  @BoolField({ nullable: true })
  is_disabled?: boolean | null;

  @BoolField({ nullable: true })
  mux_enable?: boolean | null;

  @Rule((value: string) => (value === '' || isFragmentSetting(value) ? undefined : FRAGMENT_TEXT))
  @TextField({ nullable: true })
  fragment_setting?: string | null;

  @Rule((value: string) => {
    if (value === '') return undefined;
    if (!isNoiseSetting(value)) return NOISE_TEXT;
    return isNoiseTooLong(value) ? NOISE_LENGTH_TEXT : undefined;
  })
  @TextField({ nullable: true })
  noise_setting?: string | null;

  @BoolField({ nullable: true })
  random_user_agent?: boolean | null;

  @BoolField({ nullable: true })
  use_sni_as_host?: boolean | null;
}

const MAX_HOSTS = 1000;

/** Hosts by inbound tag, in the order of the body. */
export const hostsByTag = map(
  text(),
  list(
    object(() => HostDto),
    { max: MAX_HOSTS },
  ),
);

export type HostsByTagDto = Record<string, HostDto[]>;
