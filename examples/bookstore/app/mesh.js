/**
 * What the mesh tells this program, read from the file that it hands to pods that ask. Undefined where there is no package to
 * read it with, as in a copy of this folder alone.
 */
export async function openMesh() {
  try {
    const { openRuntime } = await import('@heddle/runtime');
    return await openRuntime({ optional: true });
  } catch {
    return undefined;
  }
}

/** A route in a few words, or that there is none. */
export function describeRoute(mesh, method, url) {
  const route = mesh?.route(method, url);
  if (route === undefined) return 'none that is named';
  return route.timeout === undefined ? route.name : `${route.name}, within ${route.timeout / 1000} s`;
}
