import { hasFormOfHub } from '../convert/hub.ts';
import type { Column, KindSchema, VersionSchema } from '../schema/kind-schema.ts';
import { kindSchemas } from '../schema/kind-schemas.ts';
import { statusSchema } from '../schema/status.ts';
import { type OpenApiSchema, openApiFields, openApiOf } from './open-api.ts';

/** A CustomResourceDefinition of apiextensions.k8s.io/v1. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: CustomResourceDefinitionSpec;
}

/** What a CustomResourceDefinition defines. */
export interface CustomResourceDefinitionSpec {
  readonly group: string;
  readonly names: {
    readonly kind: string;
    readonly listKind: string;
    readonly plural: string;
    readonly singular: string;
    readonly shortNames?: readonly string[];
    readonly categories: readonly string[];
  };
  readonly scope: 'Namespaced' | 'Cluster';
  readonly conversion?: OpenApiSchema;
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

/** One version of a CustomResourceDefinition. */
export interface CustomResourceDefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: OpenApiSchema };
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly additionalPrinterColumns: readonly Column[];
}

/** How the definitions are to be made. */
export interface CrdOptions {
  /** The webhook that converts between versions; absent: versions that need one are not served. */
  readonly conversion?: ConversionWebhook;
}

/** Where the API server finds what converts objects: a Service, or a URL. */
export interface ConversionWebhook {
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  readonly url?: string;
  /** PEM in base64, which its certificate is verified with. */
  readonly caBundle?: string;
}

/**
 * The CustomResourceDefinitions of every stored kind of SMI and of Heddle’s own, in all versions; those of SMI are stored as
 * v1alpha4. Made from the same schemas as the types. Without a conversion webhook the API server takes one version's fields for another's, so then only the
 * versions that have the same fields as v1alpha4 are served.
 */
export function crds(options: CrdOptions = {}): readonly CustomResourceDefinition[] {
  return kindSchemas.filter(({ stored }) => stored !== undefined).map(kind => definitionOf(kind, options));
}

function definitionOf(kind: KindSchema, { conversion }: CrdOptions): CustomResourceDefinition {
  const { group, plural, shortNames, scope, versions } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular: kind.kind.toLowerCase(),
        ...(shortNames.length > 0 && { shortNames }),
        categories: [group.endsWith('smi-spec.io') ? 'smi' : 'heddle'],
      },
      scope,
      ...(conversion !== undefined && versions.length > 1 && { conversion: webhookOf(conversion) }),
      versions: versions.map(version => versionOf(kind, version, conversion !== undefined)),
    },
  };
}

function webhookOf(clientConfig: ConversionWebhook): OpenApiSchema {
  return { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } };
}

const commonColumns: readonly Column[] = [
  { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
  { name: 'Programmed', type: 'string', jsonPath: '.status.conditions[?(@.type=="Programmed")].status' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function versionOf(kind: KindSchema, schema: VersionSchema, converted: boolean): CustomResourceDefinitionVersion {
  const { version, description, fields, columns = [] } = schema;
  const { properties, required } = openApiFields(fields);
  return {
    name: version,
    served: converted || hasFormOfHub(`${kind.group}/${kind.kind}`, version),
    storage: version === kind.stored,
    schema: {
      openAPIV3Schema: {
        description,
        type: 'object',
        ...(required !== undefined && { required }),
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object' },
          ...(properties as OpenApiSchema),
          status: openApiOf(statusSchema),
        },
      },
    },
    subresources: { status: {} },
    additionalPrinterColumns: [...columns, ...commonColumns],
  };
}
