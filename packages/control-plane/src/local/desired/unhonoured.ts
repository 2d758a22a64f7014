/** Which fields of a Kubernetes pod the local node does not honour. Pure. */

/** An honoured field: its sub-fields, or `true` where everything beneath it is honoured. */
type Honoured = true | { readonly [field: string]: Honoured };

const probe: Honoured = {
  httpGet: { path: true, port: true, scheme: true, httpHeaders: true },
  tcpSocket: { port: true },
  exec: true,
  initialDelaySeconds: true,
  periodSeconds: true,
  timeoutSeconds: true,
  successThreshold: true,
  failureThreshold: true,
};

const container: Honoured = {
  name: true,
  command: true,
  args: true,
  workingDir: true,
  ports: { name: true, containerPort: true, protocol: true },
  env: {
    name: true,
    value: true,
    valueFrom: { fieldRef: true, configMapKeyRef: true, secretKeyRef: true },
  },
  envFrom: true,
  volumeMounts: { name: true, mountPath: true, subPath: true, readOnly: true },
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  // What only concerns how an image is fetched or how a log is shown has no meaning here: nothing to say.
  imagePullPolicy: true,
  terminationMessagePath: true,
  terminationMessagePolicy: true,
};

const files: Honoured = { name: true, secretName: true, items: true, defaultMode: true, optional: true };

const podSpec: Honoured = {
  containers: container,
  volumes: {
    name: true,
    configMap: files,
    secret: files,
    emptyDir: {},
    hostPath: { path: true, type: true },
    projected: { defaultMode: true, sources: { configMap: true, secret: true, downwardAPI: true } },
    downwardAPI: true,
  },
  restartPolicy: true,
  hostname: true,
  subdomain: true,
  serviceAccountName: true,
  serviceAccount: true,
  terminationGracePeriodSeconds: true,
  // Scheduling on the only node there is, and defaults that an API server writes.
  nodeName: true,
  nodeSelector: true,
  affinity: true,
  tolerations: true,
  topologySpreadConstraints: true,
  schedulerName: true,
  priority: true,
  priorityClassName: true,
  preemptionPolicy: true,
  enableServiceLinks: true,
  imagePullSecrets: true,
  dnsPolicy: true,
};

/**
 * Lists the fields of a pod's `spec`, as written in a manifest, that have no effect on the local node: paths such as
 * `initContainers` or `containers[].resources`, each once, sorted. Empty objects count as absent. The caller says each
 * once. An `image` is listed where a container has a command; one without a command can't run here at all.
 */
export function unhonouredFields(spec: unknown): readonly string[] {
  const found = new Set<string>();
  collect(spec, podSpec, '', found);
  return [...found].toSorted();
}

function collect(value: unknown, honoured: Honoured, path: string, found: Set<string>): void {
  if (honoured === true || value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, honoured, `${path}[]`, found);
    return;
  }
  if (typeof value !== 'object') return;
  for (const [field, inner] of Object.entries(value)) {
    const at = path === '' ? field : `${path}.${field}`;
    const known = Object.hasOwn(honoured, field) ? honoured[field] : undefined;
    if (known !== undefined) collect(inner, known, at, found);
    else if (!isEmpty(inner)) found.add(at);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
