import { ApiSchema } from '@nestjs/swagger';
import { faultOfPersonName } from '../../text/names.js';
import { BoolField, IntField, Rule, TextField } from '../../shared/http/fields.js';
import { isDiscordWebhook } from './domain/discord-webhook.js';

const USAGE = 'Bytes used by the users of this admin.';

const discordWebhook = (url: string) =>
  url === '' || isDiscordWebhook(url) ? undefined : "Discord webhook must start with 'https://discord.com'";

function username(name: string): string | undefined {
  if (!/^[^/]{1,34}$/u.test(name)) return 'Username must have 1 to 34 characters and no slash';
  const fault = faultOfPersonName(name);
  return fault && `Username ${fault}`;
}

@ApiSchema({ name: 'Admin' })
export class AdminDto {
  @TextField()
  username!: string;

  @BoolField()
  is_sudo!: boolean;

  @IntField({ big: true, nullable: true })
  telegram_id!: bigint | null;

  @TextField({ nullable: true })
  discord_webhook!: string | null;

  @IntField({ big: true, nullable: true, description: USAGE })
  users_usage!: bigint | null;
}

@ApiSchema({ name: 'AdminCreate' })
export class CreateAdminDto {
  @TextField()
  @Rule(username)
  username!: string;

  @BoolField()
  is_sudo!: boolean;

  @IntField({ big: true, nullable: true })
  telegram_id?: bigint | null;

  @TextField({ nullable: true })
  @Rule(discordWebhook)
  discord_webhook?: string | null;

  /** Accepted and ignored: usage starts at zero. */
  @IntField({
    big: true,
    nullable: true,
    description: USAGE,
    cutsFractions: 'must be an integer or a float, not a string',
  })
  users_usage?: bigint | null;

  @TextField()
  @Rule((password: string) => (password === '' ? 'Password must not be empty' : undefined))
  password!: string;
}

@ApiSchema({ name: 'AdminModify' })
export class ModifyAdminDto {
  @TextField({ nullable: true })
  @Rule((password: string) => (password === '' ? 'Password must not be empty' : undefined))
  password?: string | null;

  @BoolField()
  is_sudo!: boolean;

  @IntField({ big: true, nullable: true })
  telegram_id?: bigint | null;

  @TextField({ nullable: true })
  @Rule(discordWebhook)
  discord_webhook?: string | null;
}

export class AdminsQuery {
  @IntField({ nullable: true, min: 0, documented: false })
  offset?: number | null;

  @IntField({ nullable: true, min: 0, documented: false })
  limit?: number | null;

  @TextField({ nullable: true })
  username?: string | null;
}

/** The password grant of OAuth 2; only the name and the password matter. */
@ApiSchema({ name: 'Body_admin_token_api_admin_token_post' })
export class TokenRequestDto {
  @TextField({ nullable: true, pattern: /password/ })
  grant_type?: string | null;

  @TextField()
  username!: string;

  @TextField()
  password!: string;

  @TextField({ default: '' })
  scope!: string;

  @TextField({ nullable: true })
  client_id?: string | null;

  @TextField({ nullable: true })
  client_secret?: string | null;
}

@ApiSchema({ name: 'Token' })
export class TokenDto {
  @TextField()
  access_token!: string;

  @TextField({ default: 'bearer' })
  token_type!: string;
}
