import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Everything that can be set about Heddle as a program; what the mesh does is said by resources. */
export interface Config {
  /** Of every SPIFFE ID that the mesh issues. */
  readonly trustDomain: string;
  /** The DNS suffix of Services. */
  readonly clusterDomain: string;
  /** Traffic to addresses outside the mesh. */
  readonly egress: 'allow' | 'deny';
  /** How long a certificate is valid, as it is written: `24h`. */
  readonly certificateLifetime: string;
  /** The file with the certificates of an authority of one's own; absent: Heddle makes a root. */
  readonly caCertificate?: string;
  /** The file with its private key. */
  readonly caKey?: string;
  /** Kubeconfigs, separated as PATH is; absent: `~/.kube/config`, else the service account of the pod. */
  readonly kubeconfig?: string;
  /** A folder with the programs of a Kubernetes control plane; absent, or where it lacks one: the cache. */
  readonly kubernetesPrograms?: string;
  /** The Envoy executable; absent: the one on `executablePath`, else the one in the cache. */
  readonly envoy?: string;
  /** `auto`: where a terminal reads. */
  readonly color: 'auto' | 'always' | 'never';
  /** Where what is costly to get is kept from one run to the next. */
  readonly cacheDirectory: string;
  /** Where sockets and other things of one run are. */
  readonly runtimeDirectory: string;
  /** Folders to look for executables in, as PATH has them. */
  readonly executablePath: string;
}

/** One setting as people write it, for the reference page. */
export interface Setting {
  /** In the configuration file. */
  readonly key: keyof Config;
  /** Environment variables; the first that is set and not empty counts. */
  readonly environment: readonly string[];
  /** On the command line, where it can be given there. */
  readonly flag?: string;
  readonly meaning: string;
  /** For the reference page. */
  readonly default: string;
  readonly choices?: readonly string[];
  /** What a value must look like, and how that is said. */
  readonly form?: { readonly pattern: RegExp; readonly said: string };
}

/** Every setting, in the order of the reference page. */
export const settings: readonly Setting[] = [
  {
    key: 'trustDomain',
    environment: ['HEDDLE_TRUST_DOMAIN'],
    meaning: 'The trust domain of the identities that the mesh issues.',
    default: 'cluster.local',
  },
  {
    key: 'clusterDomain',
    environment: ['HEDDLE_CLUSTER_DOMAIN'],
    meaning: 'The DNS suffix of Services.',
    default: 'cluster.local',
  },
  {
    key: 'egress',
    environment: ['HEDDLE_EGRESS'],
    meaning: 'What becomes of traffic to addresses outside the mesh.',
    default: 'allow',
    choices: ['allow', 'deny'],
  },
  {
    key: 'certificateLifetime',
    environment: ['HEDDLE_CERTIFICATE_LIFETIME'],
    meaning: 'How long the certificate of a sidecar is valid; it is renewed between half and two thirds of that.',
    default: '24h',
    form: { pattern: /^[1-9]\d{0,4}[mhd]$/, said: 'a whole number of minutes, hours or days: 90m, 24h, 7d' },
  },
  {
    key: 'caCertificate',
    environment: ['HEDDLE_CA_CERT'],
    flag: '--ca-cert',
    meaning: 'A file with the certificates of an authority of your own: the one that signs first, its root last.',
    default: 'a root that Heddle makes, and keeps in memory only',
  },
  {
    key: 'caKey',
    environment: ['HEDDLE_CA_KEY'],
    flag: '--ca-key',
    meaning: 'The file with the private key of that authority.',
    default: 'none',
  },
  {
    key: 'kubeconfig',
    environment: ['KUBECONFIG'],
    flag: '--kubeconfig',
    meaning: 'How to reach a Kubernetes cluster, as kubectl has it: files, separated by colons.',
    default: '`~/.kube/config`; in a pod, its service account',
  },
  {
    key: 'kubernetesPrograms',
    environment: ['KUBEBUILDER_ASSETS'],
    meaning: 'A folder with etcd, kube-apiserver and kube-controller-manager, for `heddle up --kubernetes`.',
    default: 'the cache, where `scripts/kubernetes/build` puts them',
  },
  {
    key: 'envoy',
    environment: ['HEDDLE_ENVOY'],
    meaning: 'The Envoy executable.',
    default: '`envoy` on PATH, else the one that `make` put into the cache',
  },
  {
    key: 'color',
    environment: ['HEDDLE_COLOR'],
    flag: '--no-color',
    meaning:
      'Whether output is coloured; `auto` colours where a terminal reads. NO_COLOR, set to anything, is `never`.',
    default: 'auto',
    choices: ['auto', 'always', 'never'],
  },
  {
    key: 'cacheDirectory',
    environment: ['HEDDLE_CACHE_DIRECTORY', 'XDG_CACHE_HOME'],
    meaning: 'Where what is costly to get is kept.',
    default: '`~/.cache`',
  },
  {
    key: 'runtimeDirectory',
    environment: ['HEDDLE_RUNTIME_DIRECTORY', 'XDG_RUNTIME_DIR'],
    meaning: 'Where the sockets of a run are.',
    default: 'the folder for temporary files',
  },
  {
    key: 'executablePath',
    environment: ['PATH'],
    meaning: 'Folders to look for executables in.',
    default: 'none',
  },
];

/** A setting has a value that it can't have; the message names where it was given. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Where settings are given, weakest first; what none of them gives takes its default. */
export interface ConfigLayers {
  /** The content of the configuration file, and its name for messages. */
  readonly file?: { readonly name: string; readonly content: unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: Readonly<Partial<Record<keyof Config, string>>>;
}

/** Settles the configuration: defaults < file < environment < flags. Throws `ConfigError`. */
export function readConfig({ file, environment, flags }: ConfigLayers): Config {
  const given: Partial<Record<keyof Config, string>> = {
    ...(file !== undefined && readFile(file.name, file.content)),
    ...readEnvironment(environment),
  };
  for (const setting of settings) {
    const flag = flags[setting.key];
    if (flag !== undefined) given[setting.key] = check(setting, flag, setting.flag ?? setting.key);
  }
  return {
    trustDomain: 'cluster.local',
    clusterDomain: 'cluster.local',
    egress: 'allow',
    certificateLifetime: '24h',
    color: 'auto',
    cacheDirectory: cacheDirectoryIn(environment),
    runtimeDirectory: tmpdir(),
    executablePath: '',
    ...(given as Partial<Config>),
  };
}

/** The settings of a mesh as environment variables, for a process that is to have the same, wherever they were given. */
export function environmentOf(config: Config): Record<string, string> {
  const ofMesh: readonly (keyof Config)[] = ['trustDomain', 'clusterDomain', 'egress', 'certificateLifetime'];
  return Object.fromEntries(
    settings
      .filter(({ key }) => ofMesh.includes(key))
      .map(({ key, environment: [name = ''] }) => [name, config[key] ?? '']),
  );
}

/** The cache folder that an environment asks for, before the rest of the configuration is known. */
export function cacheDirectoryIn(environment: ConfigLayers['environment']): string {
  const given = settings.find(({ key }) => key === 'cacheDirectory')?.environment ?? [];
  const named = given.map(name => environment[name] ?? '').find(value => value !== '');
  return named ?? join(environment['HOME'] ?? homedir(), '.cache');
}

function readFile(name: string, content: unknown): Partial<Record<keyof Config, string>> {
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new ConfigError(`${name}: a map of settings is expected.`);
  const given: Partial<Record<keyof Config, string>> = {};
  for (const [key, value] of Object.entries(content)) {
    const setting = settings.find(candidate => candidate.key === key);
    if (setting === undefined) {
      const known = settings.map(candidate => candidate.key).join(', ');
      throw new ConfigError(`${name}: ${key} is not a setting; there are ${known}.`);
    }
    if (typeof value !== 'string') throw new ConfigError(`${name}: ${key} must be a string.`);
    given[setting.key] = check(setting, value, `${name}: ${key}`);
  }
  return given;
}

function readEnvironment(environment: ConfigLayers['environment']): Partial<Record<keyof Config, string>> {
  const given: Partial<Record<keyof Config, string>> = {};
  if ((environment['NO_COLOR'] ?? '') !== '') given.color = 'never';
  for (const setting of settings) {
    for (const name of setting.environment) {
      const value = environment[name] ?? '';
      if (value === '') continue;
      given[setting.key] = check(setting, value, name);
      break;
    }
  }
  return given;
}

function check({ choices, form }: Setting, value: string, where: string): string {
  if (value === '') throw new ConfigError(`${where} is empty.`);
  if (choices !== undefined && !choices.includes(value)) {
    throw new ConfigError(`${where} is ${JSON.stringify(value)}; it can be ${choices.join(', ')}.`);
  }
  if (form !== undefined && !form.pattern.test(value)) {
    throw new ConfigError(`${where} is ${JSON.stringify(value)}; it is ${form.said}.`);
  }
  return value;
}
