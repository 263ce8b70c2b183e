import { ApiSchema } from '@nestjs/swagger';
import {
  bigInt,
  BoolField,
  EnumField,
  Field,
  int,
  IntField,
  ListField,
  MapField,
  NumberField,
  object,
  oneOf,
  text,
  TextField,
  TimeField,
} from '../../../shared/http/fields.js';
import { ACCOUNT_OPERATIONS } from '../domain/account-operations.js';
import { START_REASONS } from '../domain/core-start.js';
import { API_TLS_MODES, type ApiTls, NODE_KINDS, NODE_STATUSES } from '../node.js';

const ACCOUNT_OPERATION = oneOf(ACCOUNT_OPERATIONS, 'AccountOperation');
const START_REASON = oneOf(START_REASONS, 'CoreStartReason');

@ApiSchema({ name: 'CoreStart' })
export class CoreStartDto {
  @TimeField()
  at!: string;

  @Field(START_REASON)
  reason!: string;

  @TextField()
  xray_version!: string;

  @Field(bigInt(), { nullable: true, description: 'Null for a config that is none of the service' })
  config_version!: number | null;
}

@ApiSchema({ name: 'NodeState' })
export class NodeStateDto {
  @IntField()
  id!: number;

  @TextField({ description: '"Master" for the cores of the service itself' })
  name!: string;

  @EnumField(NODE_KINDS, { name: 'NodeKind' })
  kind!: string;

  @EnumField(NODE_STATUSES, { name: 'NodeStatus' })
  status!: string;

  @TextField({ nullable: true, description: 'Why the node is not connected' })
  message!: string | null;

  @TimeField()
  last_status_change!: string;

  @TextField({ nullable: true })
  xray_version!: string | null;

  @TextField({ nullable: true, description: 'The replica that works on the node; null while none does' })
  owner_id!: string | null;

  @TextField({ nullable: true, description: "The replica's name" })
  owner!: string | null;

  @Field(bigInt(), { description: 'How often the node has changed hands' })
  lease_epoch!: bigint;

  @NumberField({ nullable: true, description: 'Seconds' })
  lease_age!: number | null;

  @NumberField({ nullable: true, description: 'Seconds until another replica may take the node' })
  lease_remaining!: number | null;

  @Field(bigInt(), { nullable: true, description: 'The version of the core config that is to run' })
  wanted_config_version!: bigint | null;

  @Field(bigInt(), { nullable: true, description: 'The version that was tried last' })
  applied_config_version!: bigint | null;

  @Field(bigInt(), {
    nullable: true,
    description: 'The last version that ran; another one than tried was refused',
  })
  running_config_version!: bigint | null;

  @IntField({ description: 'How often in a row the core refused the config' })
  config_refusals!: number;

  @TimeField({ nullable: true, description: 'When a refused config is tried again' })
  config_retry_at!: string | null;

  @Field(bigInt(), { description: 'One more whenever the node is to be connected anew' })
  generation!: bigint;

  @Field(bigInt())
  applied_generation!: bigint;

  @Field(bigInt(), { description: 'One more whenever the core is to be restarted' })
  restart_generation!: bigint;

  @Field(bigInt())
  applied_restart_generation!: bigint;

  @IntField({
    nullable: true,
    description:
      'Changes of users that are not known to be applied, 1000 for more; null for a node that is disabled or compared as a whole',
  })
  lag_changes!: number | null;

  @NumberField({ nullable: true, description: 'How old the oldest of them is' })
  lag_seconds!: number | null;

  @BoolField({ description: 'Whether all users are to be compared' })
  full_sync_needed!: boolean;

  @IntField({ nullable: true, description: 'Users whose accounts the owner is yet to bring up to date' })
  pending_users!: number | null;

  @TimeField({ nullable: true, description: 'When the traffic of users was last read' })
  last_poll_at!: string | null;

  @NumberField({ nullable: true, description: 'Seconds' })
  last_poll_age!: number | null;

  @IntField({ description: 'Failures in a row' })
  failures!: number;

  @TimeField({ nullable: true, description: 'When the node is tried again' })
  next_attempt_at!: string | null;

  @TextField({ nullable: true, description: 'The last one there was, be it over' })
  last_error!: string | null;

  @TimeField({ nullable: true })
  last_error_at!: string | null;

  @TimeField({ nullable: true, description: 'When the last known core process was started, or found' })
  core_started_at!: string | null;

  @ListField(object(() => CoreStartDto), { description: 'The last 20, the latest first' })
  core_starts!: CoreStartDto[];

  @MapField(START_REASON, int(), { description: 'How many since ever' })
  core_starts_by_reason!: Record<string, number>;

  @TextField({ nullable: true, description: 'SHA-256 of the certificate the node is known by' })
  certificate_sha256!: string | null;

  @BoolField({ description: 'Whether the node has to show this certificate' })
  certificate_pinned!: boolean;

  @EnumField(API_TLS_MODES, {
    name: 'NodeApiTls',
    nullable: true,
    description: "`xray_grpc`: whether Xray's API is used over TLS; null for other kinds",
  })
  api_tls!: ApiTls | null;

  @ListField(text(), {
    description:
      "`xray_grpc`: SHA-256 of the certificates that are trusted, of an authority or the API's own; none are the well-known authorities",
  })
  trusted_certificates_sha256!: string[];

  @TextField({
    nullable: true,
    description:
      '`xray_grpc`: SHA-256 of the certificate to show to an API that asks for one; null is that of this installation',
  })
  client_certificate_sha256!: string | null;

  @BoolField({ description: 'Whether there is a session with the agent' })
  has_session!: boolean;

  @IntField({
    nullable: true,
    description: 'Accounts that the core was last known to have, on all inbounds together',
  })
  accounts!: number | null;

  @MapField(ACCOUNT_OPERATION, int(), {
    nullable: true,
    description: 'What calls about accounts came to since the owner took the node',
  })
  account_operations!: Record<string, number> | null;

  @IntField({ nullable: true, description: 'Users with traffic within the last minute' })
  users_seen!: number | null;

  @Field(bigInt(), { nullable: true, description: 'Bytes a second' })
  uplink_speed!: bigint | null;

  @Field(bigInt(), { nullable: true, description: 'Bytes a second' })
  downlink_speed!: bigint | null;
}

@ApiSchema({ name: 'ReplicaState' })
export class ReplicaStateDto {
  @TextField()
  id!: string;

  @TextField({ description: "The host's name" })
  name!: string;

  @TextField({ nullable: true })
  version!: string | null;

  @TextField({ description: '`all`, `api` or `worker`' })
  role!: string;

  @TimeField()
  started_at!: string;

  @NumberField({ description: 'Seconds' })
  heartbeat_age!: number;

  @BoolField({ description: 'Whether it counts when nodes are shared out' })
  alive!: boolean;

  @BoolField({ description: 'Whether it is giving up all its nodes, to end' })
  draining!: boolean;

  @IntField({ description: 'Nodes it works on' })
  leases!: number;
}

@ApiSchema({ name: 'NodesState' })
export class FleetStateDto {
  @TimeField({ description: "The database's clock, by which all ages are" })
  time!: string;

  @ListField(object(() => NodeStateDto))
  nodes!: NodeStateDto[];

  @ListField(object(() => ReplicaStateDto))
  replicas!: ReplicaStateDto[];
}
