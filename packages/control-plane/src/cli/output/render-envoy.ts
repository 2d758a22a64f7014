import type { BootstrapJson } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { RuntimeJson } from '@heddle/envoy-api/envoy/service/runtime/v3/rtds_pb';
import {
  callerNameOf,
  clusterType,
  configurationOf,
  createEnvoyRenderer,
  endpointType,
  extensionType,
  listenerType,
  type MeshModel,
  routeType,
  runtimeType,
  type SidecarConfiguration,
  secretType,
  staticResources,
  type Workload,
} from '@heddle/mesh';
import { CertificateAuthority } from '../../identity/ca.ts';
import { sidecarBootstrap, sidecarNodeId } from '../../sidecar/bootstrap.ts';

/** The resources that the sidecars of a workload get, by type, each list by name. */
export async function renderDynamic(model: MeshModel, workload: Workload): Promise<object> {
  const configuration = rendered(model, workload);
  const resources = configuration.groups.flatMap(group => group.resources);
  const ofType = (type: string) =>
    resources
      .filter(({ typeUrl }) => typeUrl === type)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ value }) => value);
  return {
    listeners: ofType(listenerType),
    routes: ofType(routeType),
    clusters: ofType(clusterType),
    endpoints: ofType(endpointType),
    extensions: ofType(extensionType),
    secrets: ofType(secretType),
    runtime: ofType(runtimeType),
  };
}

/**
 * A bootstrap that holds everything that the sidecar of a workload's first pod gets, and needs no control plane. Its
 * certificate is real, of an authority that is forgotten at once: the configuration is complete, and nobody else trusts it.
 */
export async function renderStatic(model: MeshModel, workload: Workload): Promise<object> {
  const authority = new CertificateAuthority({ trustDomain: model.settings.trustDomain, now: () => new Date() });
  const certificate = authority.issue(workload);
  const configuration = rendered(model, workload);
  const secrets = [
    {
      name: 'workload-certificate',
      tlsCertificate: {
        certificateChain: { inlineString: certificate.certificateChainPem },
        privateKey: { inlineString: certificate.privateKey.reveal() },
      },
    },
    { name: 'trust-bundle', validationContext: { trustedCa: { inlineString: authority.trustBundlePem } } },
  ];
  const [pod] = workload.pods;
  const {
    dynamicResources: _,
    layeredRuntime,
    ...bootstrap
  } = sidecarBootstrap({
    nodeId: sidecarNodeId({ ip: pod?.address ?? '', name: pod?.name ?? workload.name, namespace: workload.namespace }),
    nodeCluster: workload.key,
    caller: callerNameOf(workload.identity),
    admin: { address: '127.0.0.1', port: 15_000 },
    xds: { address: '127.0.0.1', port: 15_010 },
  });
  return {
    ...bootstrap,
    layeredRuntime: staticRuntimeOf(layeredRuntime, configuration),
    staticResources: staticResources(configuration, secrets),
  };
}

/** Puts the runtime values that come by name where they are asked for. */
function staticRuntimeOf(
  layered: BootstrapJson['layeredRuntime'],
  { groups }: SidecarConfiguration,
): NonNullable<BootstrapJson['layeredRuntime']> {
  const values = new Map(
    groups
      .flatMap(({ resources }) => resources)
      .filter(({ typeUrl }) => typeUrl === runtimeType)
      .map(({ name, value }) => [name, (value as RuntimeJson).layer ?? {}]),
  );
  const layers = (layered?.layers ?? []).map(({ rtdsLayer, ...layer }) =>
    rtdsLayer === undefined ? layer : { ...layer, staticLayer: values.get(rtdsLayer.name ?? '') ?? {} },
  );
  return { layers };
}

function rendered(model: MeshModel, workload: Workload): SidecarConfiguration {
  const { output } = createEnvoyRenderer()(model, {});
  const configuration = configurationOf(output, workload.key);
  if (configuration === undefined) throw new Error(`the renderer left ${workload.key} out`);
  return configuration;
}
