/** The annotations by which a pod says how it is to be injected: one table for the reader, the docs and who refuses bad ones. */
import { isIP } from 'node:net';
import { annotations as known } from '@heddle/smi';
import { logLevels } from './settings.ts';

/** What the text of an annotation must be. */
interface Form {
  /** Completes "… must be". */
  readonly said: string;
  readonly fits: (text: string) => boolean;
  /** Whether it is a list, separated by commas; `fits` judges each item. */
  readonly isList?: boolean;
}

const choice = (values: readonly string[]): Form => ({
  said: `one of ${values.join(', ')}`,
  fits: text => values.includes(text),
});
const ports: Form = { said: 'ports from 1 to 65535, separated by commas', fits: isPort, isList: true };
const ranges: Form = { said: 'address ranges like 10.0.0.0/8, separated by commas', fits: isRange, isList: true };
const quantity: Form = {
  said: 'a quantity like 100m or 128Mi',
  fits: text => /^\d+(\.\d+)?(m|k|M|G|Ki|Mi|Gi)?$/.test(text),
};
const image: Form = {
  said: 'the name of an image',
  fits: text => /^[a-z0-9][\w.:-]*(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/.test(text),
};

/** Values of annotations that say yes or no, in their older spellings too. */
export const yes: readonly string[] = ['enabled', 'true', 'yes'];
/** See {@link yes}. */
export const no: readonly string[] = ['disabled', 'false', 'no'];

/** One annotation. */
export interface Annotation {
  readonly name: string;
  /** What it was called in Open Service Mesh; Heddle's own name counts where both are there. */
  readonly formerly?: string;
  readonly form: Form;
  readonly meaning: string;
  readonly on: readonly ('pod' | 'namespace')[];
}

const onPod = ['pod'] as const;
const onBoth = ['pod', 'namespace'] as const;

/** Every annotation that injection reads, in the order of the reference page. */
export const annotations = {
  inject: {
    name: known.inject,
    formerly: 'openservicemesh.io/sidecar-injection',
    form: choice([...yes, ...no]),
    meaning: 'Whether pods get a sidecar; the pod’s own word counts before its namespace’s.',
    on: onBoth,
  },
  excludeInboundPorts: {
    name: 'heddle.dev/exclude-inbound-ports',
    formerly: 'openservicemesh.io/inbound-port-exclusion-list',
    form: ports,
    meaning: 'Ports of the pod that are reached past its sidecar: no policy applies to them.',
    on: onPod,
  },
  excludeOutboundPorts: {
    name: 'heddle.dev/exclude-outbound-ports',
    formerly: 'openservicemesh.io/outbound-port-exclusion-list',
    form: ports,
    meaning: 'Ports of others that the pod reaches past its sidecar.',
    on: onPod,
  },
  excludeOutboundCidrs: {
    name: 'heddle.dev/exclude-outbound-cidrs',
    formerly: 'openservicemesh.io/outbound-ip-range-exclusion-list',
    form: ranges,
    meaning: 'Addresses that the pod reaches past its sidecar.',
    on: onPod,
  },
  includeInboundPorts: {
    name: 'heddle.dev/include-inbound-ports',
    form: ports,
    meaning: 'Only these ports of the pod are reached through its sidecar: no policy applies to others.',
    on: onPod,
  },
  includeOutboundPorts: {
    name: 'heddle.dev/include-outbound-ports',
    form: ports,
    meaning: 'Only calls to these ports go through the sidecar.',
    on: onPod,
  },
  includeOutboundCidrs: {
    name: 'heddle.dev/include-outbound-cidrs',
    formerly: 'openservicemesh.io/outbound-ip-range-inclusion-list',
    form: ranges,
    meaning: 'Only calls to these addresses go through the sidecar.',
    on: onPod,
  },
  interception: {
    name: 'heddle.dev/interception',
    form: choice(['redirect', 'none']),
    meaning:
      'How traffic gets to the sidecar: `redirect` by rules of the kernel; `none`: not at all, the pod is on its own.',
    on: onPod,
  },
  logLevel: {
    name: known.sidecarLogLevel,
    form: choice(logLevels),
    meaning: 'How much the sidecar says of itself from its start on.',
    on: onPod,
  },
  image: { name: 'heddle.dev/sidecar-image', form: image, meaning: 'The image of the sidecar.', on: onPod },
  cpuRequest: {
    name: 'heddle.dev/sidecar-cpu-request',
    form: quantity,
    meaning: 'CPU that the sidecar asks for.',
    on: onPod,
  },
  cpuLimit: {
    name: 'heddle.dev/sidecar-cpu-limit',
    form: quantity,
    meaning: 'CPU that the sidecar may use.',
    on: onPod,
  },
  memoryRequest: {
    name: 'heddle.dev/sidecar-memory-request',
    form: quantity,
    meaning: 'Memory that the sidecar asks for.',
    on: onPod,
  },
  memoryLimit: {
    name: 'heddle.dev/sidecar-memory-limit',
    form: quantity,
    meaning: 'Memory that the sidecar may use.',
    on: onPod,
  },
  appConfig: {
    name: known.appConfig,
    form: choice([...yes, ...no]),
    meaning: 'Whether containers get the mesh’s configuration as the file that `SMI_CONFIG_PATH` names.',
    on: onBoth,
  },
} as const satisfies Record<string, Annotation>;

/** Which annotation is meant, in code. */
export type AnnotationName = keyof typeof annotations;

/** Annotations as an object has them. */
export type AnnotationTexts = Readonly<Record<string, string>>;

/** What was written; absent where nothing was, or only blanks. */
export function textOf(texts: AnnotationTexts, which: AnnotationName): string | undefined {
  const { name, formerly } = annotations[which] as Annotation;
  return [name, formerly].flatMap(each => (each === undefined ? [] : (texts[each]?.trim() ?? '') || [])).at(0);
}

/** The items of a list. */
export function itemsOf(texts: AnnotationTexts, which: AnnotationName): readonly string[] {
  return (textOf(texts, which) ?? '').split(',').flatMap(item => item.trim() || []);
}

/** What is wrong with annotations, a sentence each. */
export function annotationProblems(texts: AnnotationTexts): readonly string[] {
  return Object.values(annotations).flatMap(({ name, form, ...rest }: Annotation) =>
    [name, rest.formerly].flatMap(each => {
      const text = each === undefined ? '' : (texts[each]?.trim() ?? '');
      const parts = form.isList ? text.split(',').flatMap(part => part.trim() || []) : [text];
      const wrong = parts.filter(part => part !== '' && !form.fits(part));
      return wrong.length === 0 ? [] : [`The annotation ${each} must be ${form.said}; "${wrong.join(', ')}" is not.`];
    }),
  );
}

function isPort(item: string): boolean {
  return /^\d{1,5}$/.test(item) && Number(item) >= 1 && Number(item) <= 65_535;
}

function isRange(item: string): boolean {
  const [address = '', prefix, ...rest] = item.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
