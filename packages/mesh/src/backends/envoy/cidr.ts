import type { CidrRangeJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';

/** A range like `10.96.0.0/12`, as Envoy writes it; one without a length is one address, which Envoy would take for all. */
export function cidr(range: string): CidrRangeJson {
  const [addressPrefix = '', length] = range.split('/');
  return length === undefined ? oneAddress(addressPrefix) : { addressPrefix, prefixLen: Number(length) };
}

/** Exactly this address. */
export function oneAddress(address: string): CidrRangeJson {
  return { addressPrefix: address, prefixLen: address.includes(':') ? 128 : 32 };
}
