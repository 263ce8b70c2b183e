import { describe, expect, it } from 'vitest';
import { Invalid } from './coercion.js';
import {
  BoolField,
  EnumField,
  IntField,
  list,
  MapField,
  ObjectField,
  oneOf,
  Rule,
  text,
  TextField,
  TimeField,
} from './fields.js';
import { readDto } from './read-dto.js';

class Plan {
  @IntField({ big: true, nullable: true, min: 0 })
  data_limit?: bigint | null;

  @BoolField({ default: true })
  fire_on_either!: boolean;
}

class Person {
  @TextField()
  @Rule((name: string) => (name.length < 3 ? 'too short a name' : undefined))
  name!: string;
}

class Customer extends Person {
  @IntField({ nullable: true, max: 100 })
  age?: number | null;

  @EnumField(['active', 'on_hold'], { name: 'SpecStatus', optional: true })
  @Rule((status: string, customer: Customer) =>
    status === 'on_hold' && customer.age === undefined ? 'needs an age' : undefined,
  )
  status?: string;

  @MapField(oneOf(['vmess', 'vless'], 'SpecProtocol'), list(text()), { default: {} })
  inbounds!: Record<string, string[]>;

  @ObjectField(() => Plan, { nullable: true })
  next_plan?: Plan | null;

  @TimeField({ nullable: true })
  until?: Date | null;
}

const issues = (value: unknown) => {
  const result = readDto(Customer, value);
  return result instanceof Invalid ? result.issues.map(({ loc, type }) => [loc.join('.'), type]) : [];
};

describe('a class with fields', () => {
  it('is read with coercion, defaults and without unknown fields', () => {
    const customer = readDto(Customer, {
      name: 'anna',
      age: '30',
      next_plan: { data_limit: 5, extra: 1 },
      until: '2026-11-23',
      extra: true,
      __proto__: { status: 'active' },
    });
    expect(customer).toBeInstanceOf(Customer);
    expect({ ...customer }).toEqual({
      name: 'anna',
      age: 30,
      inbounds: {},
      next_plan: { data_limit: 5n, fire_on_either: true },
      until: new Date('2026-11-23'),
    });
  });

  it('gets a default of its own each time', () => {
    const [one, two] = [
      readDto(Customer, { name: 'anna' }),
      readDto(Customer, { name: 'anna' }),
    ] as Customer[];
    expect(one!.inbounds).not.toBe(two!.inbounds);
  });

  it('tells null from absence', () => {
    expect(readDto(Customer, { name: 'anna', age: null })).toHaveProperty('age', null);
    expect(readDto(Customer, { name: 'anna' })).not.toHaveProperty('age');
  });

  it('reports one issue per field, in the order of declaration, parents first', () => {
    expect(
      issues({
        until: 'x',
        next_plan: { data_limit: -1 },
        inbounds: { foo: [], vmess: 5 },
        status: null,
        age: 101,
      }),
    ).toEqual([
      ['name', 'missing'],
      ['age', 'less_than_equal'],
      ['status', 'enum'],
      ['inbounds.foo.[key]', 'enum'],
      ['inbounds.vmess', 'list_type'],
      ['next_plan.data_limit', 'greater_than_equal'],
      ['until', 'datetime_from_date_parsing'],
    ]);
  });

  it('applies rules beside the other checks', () => {
    expect(issues({ name: 'x', age: 'x', status: 'on_hold' })).toEqual([
      ['name', 'value_error'],
      ['age', 'int_parsing'],
      ['status', 'value_error'],
    ]);
    const result = readDto(Customer, { name: 'x' }) as Invalid;
    expect(result.issues[0]?.msg).toBe('Value error, too short a name');
  });

  it.each([[], 'x', 5, null])('is not read from %j', (value) => {
    expect(issues(value)).toEqual([['', 'model_attributes_type']]);
    expect(issues({ name: 'anna', next_plan: value }).length).toBe(value === null ? 0 : 1);
  });
});
