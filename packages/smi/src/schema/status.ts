import { list, optional, record, type Schema, text, whole } from './schema.ts';

const condition = record('Condition', 'One thing that is or is not so of an object.', {
  type: text('What it is about: `Accepted`, `ResolvedRefs`, `Conflicted`, `Programmed`.', {
    minLength: 1,
    maxLength: 316,
  }),
  status: text('Whether it is so.', { values: ['True', 'False', 'Unknown'] }),
  reason: text('Why, in one word.', { maxLength: 1024 }),
  message: text('Why, and what to do.', { maxLength: 32_768 }),
  lastTransitionTime: text('Since when it is so.', { format: 'date-time' }),
  observedGeneration: optional(whole('The generation of the object that it speaks of.', { minimum: 0 })),
});

/** The status of every stored kind: one condition a type. */
export const statusSchema: Schema = optional(
  record('ObjectStatus', 'What the mesh says of the object; written by its controllers only (V7).', {
    conditions: optional(list('One condition a type.', condition, { key: 'type' })),
  }),
);
