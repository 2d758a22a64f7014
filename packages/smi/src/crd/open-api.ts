import { durationPattern } from '../parse/duration.ts';
import type { Fields, RecordSchema, Schema } from '../schema/schema.ts';

/** A structural schema, as a CustomResourceDefinition has it. */
export interface OpenApiSchema {
  readonly [keyword: string]: unknown;
}

/** The structural schema of a field. */
export function openApiOf(schema: Schema): OpenApiSchema {
  const { description, nullable } = schema;
  return { description, ...(nullable === true && { nullable }), ...formOf(schema) };
}

/** The structural schema of named fields. */
export function openApiFields(fields: Fields): OpenApiSchema {
  const required = Object.entries(fields).flatMap(([name, { optional }]) => (optional === true ? [] : [name]));
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, openApiOf(schema)])),
  };
}

function formOf(schema: Schema): OpenApiSchema {
  switch (schema.type) {
    case 'text': {
      const { minLength, maxLength, pattern, values, format } = schema;
      return {
        type: 'string',
        ...(minLength !== undefined && { minLength }),
        ...(maxLength !== undefined && { maxLength }),
        ...(pattern !== undefined && { pattern }),
        ...(format !== undefined && { format }),
        ...(values !== undefined && { enum: values }),
      };
    }
    case 'whole': {
      const { minimum, maximum } = schema;
      return {
        type: 'integer',
        format: 'int64',
        ...(minimum !== undefined && { minimum }),
        ...(maximum !== undefined && { maximum }),
      };
    }
    case 'duration':
      return { type: 'string', pattern: durationPattern };
    case 'choice':
      return { type: 'string', enum: schema.choices };
    case 'boolean':
      return { type: 'boolean' };
    case 'list': {
      const { items, minItems, key } = schema;
      return {
        type: 'array',
        ...(minItems !== undefined && { minItems }),
        items: openApiOf(items),
        ...(key !== undefined && { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }),
      };
    }
    case 'map':
      return { type: 'object', additionalProperties: openApiOf(schema.values) };
    case 'record':
      return openApiFields((schema satisfies RecordSchema).fields);
    case 'either':
      // A union of forms can't be written as a structural schema.
      return { 'x-kubernetes-preserve-unknown-fields': true };
    case 'reference':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    default:
      return schema satisfies never;
  }
}
