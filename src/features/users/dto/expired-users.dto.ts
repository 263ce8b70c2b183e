import { TimeField } from '../../../shared/http/fields.js';

/** Bounds of the time when users expired; both included. */
export class ExpiredUsersDto {
  @TimeField({ nullable: true, example: '2024-01-01T00:00:00' })
  expired_after?: Date | null;

  @TimeField({ nullable: true, example: '2024-01-31T23:59:59' })
  expired_before?: Date | null;
}
