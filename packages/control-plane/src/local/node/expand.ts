/** Kubernetes' `$(NAME)` in commands, arguments and environment variables. Pure. */
import type { Container, EnvVar } from '../pod.ts';

/** Replaces `$(NAME)` by its value; `$$` is a `$`, and a name that is not known stays as written. */
export function expandReferences(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (reference, name: string | undefined) => {
    if (name === undefined) return '$';
    return values.get(name) ?? reference;
  });
}

/** Values of a container's environment variables, in order: each may refer to those before it. */
export function expandEnvironment(env: readonly EnvVar[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of env) values.set(name, expandReferences(value, values));
  return values;
}

/** Program and arguments of a container with all references replaced. */
export function expandCommand(container: Container, values: ReadonlyMap<string, string>): readonly string[] {
  return [...container.command, ...(container.args ?? [])].map(word => expandReferences(word, values));
}
