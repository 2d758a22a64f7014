import type { KubeObject, Reader } from '@heddle/smi';
import { optionalAddress, type Reading, readWith, transportOf } from './fields.ts';

/** Endpoints of one Service, from an EndpointSlice or an Endpoints object. */
export interface EndpointsSpec {
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly number: number }[];
  readonly endpoints: readonly EndpointSpec[];
}

/** One address of an endpoint. */
export interface EndpointSpec {
  readonly address: string;
  readonly ready: boolean;
  /** Name of the pod behind it. */
  readonly pod: string | undefined;
  /** Its name in DNS under that of the Service. */
  readonly hostname?: string;
}

/** An address that the source gave to a name that has none of its own: the root of a TrafficSplit. */
export interface AssignedAddress {
  readonly address: string;
}

/** Reads an EndpointSlice; one that belongs to no Service has no endpoints. Ports and addresses that can't be read are left out. */
export function readEndpointSlice(object: KubeObject): Reading<readonly EndpointsSpec[]> {
  return readWith(object, root => {
    const service = object.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined) return [];
    const type = root.field('addressType');
    if (type.value === 'FQDN') {
      type.report('InvalidField', 'Host names are no addresses that a sidecar can call; use IPv4 or IPv6.');
      return [];
    }
    const ports = readPorts(root.field('ports'));
    const endpoints = root.field('endpoints').items().flatMap(readSliceEndpoint);
    return [{ service, ports, endpoints }];
  });
}

function readSliceEndpoint(item: Reader): EndpointSpec[] {
  if (!item.isObject()) return [];
  // What is not said counts as ready, as Kubernetes has it; what can't be read does not.
  const condition = item.field('conditions').field('ready');
  const ready = condition.present ? condition.optionalBoolean() === true : true;
  const pod = targetPod(item);
  const hostname = item.field('hostname').optionalString();
  const addresses = item.field('addresses').items();
  return addresses.flatMap(field => {
    const address = requiredAddress(field);
    return address === undefined ? [] : [{ address, ready, pod, ...(hostname !== undefined && { hostname }) }];
  });
}

/** Reads the ready and not ready addresses of an Endpoints object, each subset by itself. */
export function readEndpoints(object: KubeObject): Reading<readonly EndpointsSpec[]> {
  return readWith(object, root =>
    root
      .field('subsets')
      .items()
      .filter(subset => subset.isObject())
      .map(subset => ({
        service: object.metadata.name,
        ports: readPorts(subset.field('ports')),
        endpoints: [
          ...subsetAddresses(subset.field('addresses'), true),
          ...subsetAddresses(subset.field('notReadyAddresses'), false),
        ],
      })),
  );
}

function subsetAddresses(list: Reader, ready: boolean): EndpointSpec[] {
  return list.items().flatMap(item => {
    if (!item.isObject()) return [];
    const address = requiredAddress(item.field('ip'));
    const hostname = item.field('hostname').optionalString();
    if (address === undefined) return [];
    return [{ address, ready, pod: targetPod(item), ...(hostname !== undefined && { hostname }) }];
  });
}

/** Reads the address that a source gave to a name. */
export function readAssignedAddress(object: KubeObject): Reading<AssignedAddress> {
  return readWith(object, root => {
    const address = requiredAddress(root.field('address'));
    return address === undefined ? undefined : { address };
  });
}

function requiredAddress(field: Reader): string | undefined {
  return field.present && field.value !== '' ? optionalAddress(field) : field.requiredString();
}

/** A port without a number stands for all of them, which no Service of the mesh asks for. */
function readPorts(list: Reader): { name: string; number: number }[] {
  return list.items().flatMap(item => {
    if (!item.isObject()) return [];
    const number = item.field('port').optionalPort();
    const transport = transportOf(item);
    const name = item.field('name');
    const text = name.optionalString();
    if (number === undefined || transport === undefined || (name.present && text === undefined)) return [];
    return [{ name: text ?? '', number }];
  });
}

function targetPod(endpoint: Reader): string | undefined {
  const target = endpoint.field('targetRef');
  const name = target.field('name').value;
  return target.field('kind').value === 'Pod' && typeof name === 'string' ? name : undefined;
}
