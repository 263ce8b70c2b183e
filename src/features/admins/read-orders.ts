import { Invalid } from '../../shared/http/coercion.js';
import { readDto } from '../../shared/http/read-dto.js';
import { InvalidInput } from '../../shared/domain/errors.js';
import { CreateAdminDto, ModifyAdminDto } from './admins.dto.js';
import { fromCreateAdminDto, fromModifyAdminDto } from './admins.mapper.js';
import type { AdminOrder, AdminOrderChange } from './admins.service.js';

/** A new admin by the rules of the API, from where there are no requests. @throws InvalidInput */
export function readAdminOrder(fields: Partial<CreateAdminDto>): AdminOrder {
  return fromCreateAdminDto(valid(readDto(CreateAdminDto, fields)));
}

/** The same for a change. */
export function readAdminChange(fields: Partial<ModifyAdminDto>): AdminOrderChange {
  return fromModifyAdminDto(valid(readDto(ModifyAdminDto, fields)));
}

function valid<T>(read: T | Invalid): T {
  if (read instanceof Invalid) throw new InvalidInput([...read.under('body').issues]);
  return read;
}
