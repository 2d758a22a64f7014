/** Where containers see what the mesh tells them: a file in a folder of its own, whose content is exchanged as a whole. */
export const applicationFile = {
  /** Of the pod; its files are the control plane's. */
  volume: 'heddle-app-config',
  folder: '/etc/smi',
  name: 'config.yaml',
  /** The environment variable that names the file. */
  variable: 'SMI_CONFIG_PATH',
} as const;

/** The ConfigMap with the file for the applications of a service account, in a cluster. */
export function applicationConfigMap(serviceAccount: string): string {
  return `${applicationFile.volume}-${serviceAccount}`;
}
