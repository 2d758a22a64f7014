/**
 * Flags of every sidecar. Nobody restarts an Envoy in place. What policy takes away from a client it does not keep on
 * connections that are open: HTTP says so with its next answer, all others end within 20 s (T12). That Envoy calls a field
 * "work in progress" each time that it is sent one is no news.
 */
export const envoyFlags: readonly string[] =
  '--disable-hot-restart --drain-strategy immediate --drain-time-s 20 --component-log-level misc:error'.split(' ');
