export { type Remark, type RemarkMessage, remarkKey, remarksOf } from './analyze/remarks.ts';
export type {
  ApplicationConfig,
  ApplicationRetries,
  ApplicationRoute,
} from './backends/application/application-config.ts';
export { applicationConfig } from './backends/application/render.ts';
export type { Render, Rendering } from './backends/backend.ts';
export { callEvent } from './backends/envoy/access-log.ts';
export { wouldBeDenied, wouldBeDeniedStats } from './backends/envoy/audit.ts';
export { handshakeFailed } from './backends/envoy/handshake-log.ts';
export { createEnvoyRenderer, type EnvoyTarget } from './backends/envoy/render.ts';
export * from './backends/envoy/resource.ts';
export { frontDoorSocket } from './backends/envoy/service-front.ts';
export {
  changedConfigurations,
  configurationOf,
  configurations,
  type EnvoyOutput,
  type SidecarConfiguration,
} from './backends/envoy/sidecar-configurations.ts';
export { type StaticResources, staticResources } from './backends/envoy/static-resources.ts';
export { renderGatewayApi } from './backends/gateway-api/render.ts';
export { renderIstio } from './backends/istio/render.ts';
export { renderLinkerd } from './backends/linkerd/render.ts';
export type { Manifest, RenderManifests } from './backends/manifest.ts';
export { type Compile, createCompiler } from './compile/compile.ts';
export { startSettings } from './compile/settings.ts';
export { decide } from './explain/decide.ts';
export { callsInPlainText } from './explain/plain-text.ts';
export * from './explain/verdict.ts';
export { catalogue, type Reason, type Severity } from './findings/catalogue.ts';
export { compareFindings, type Finding, findingAt, findingInFile } from './findings/finding.ts';
export { printable } from './findings/printable.ts';
export { callerName, callerNameOf } from './model/caller-name.ts';
export type { HttpRouteMatch } from './model/http-route-match.ts';
export * from './model/mesh-model.ts';
export { type Modes, modeValues, type PolicyMode } from './model/modes.ts';
export * from './model/origin.ts';
export * from './model/route-profile.ts';
export * from './model/service.ts';
export { readServiceName, type ServiceName } from './model/service-name.ts';
export { defaultSettings, type MeshSettings, modesOf } from './model/settings.ts';
export * from './model/split.ts';
export * from './model/target.ts';
export * from './model/workload.ts';
export * from './status/condition.ts';
export { conditionsOf, isAccepted, type Progress } from './status/conditions.ts';
export { type PodSpec, readPod } from './store/kubernetes/pod.ts';
export { type ResourceReading, readResource } from './store/read-resource.ts';
export {
  type ClusterResources,
  type HeldChange,
  type HeldObject,
  heldChanges,
  heldObjects,
  type NamespaceResources,
  type Resource,
  type ResourceSet,
} from './store/resource-set.ts';
export { type ResourceDelta, ResourceStore } from './store/resource-store.ts';
