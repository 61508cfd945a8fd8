/**
 * Which addresses are of the public internet (FAULTS 97): what a plugin may reach without its operator having listed it. An
 * address that is of no known kind is not.
 */
import ipaddr from 'ipaddr.js';
import { BlockList } from 'node:net';

/** Tells whether an address, as the resolver gives it, is unicast and of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return isPublic(ipaddr.IPv4.parse(address));
  return ipaddr.IPv6.isValid(address) && isPublic(ipaddr.IPv6.parse(address));
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  lists ??= createLists();
  const [text, family] = [address.toString(), address.kind()];
  return (family === 'ipv4' || lists.assigned.check(text, family)) && !lists.exceptions.check(text, family);
}

type Lists = { readonly assigned: BlockList; readonly exceptions: BlockList };

/** Made for the first address: it takes a while, and most hosts dial nobody. */
let lists: Lists | undefined;

function createLists(): Lists {
  const [assigned, exceptions] = [new BlockList(), new BlockList()];
  assigned.addSubnet('2000::', 3, 'ipv6'); // All that is given out of IPv6 (RFC 4291, 2.4).
  exceptions.addAddress('168.63.129.16'); // Azure's host, which answers its guests alone.
  exceptions.addSubnet('192.0.0.0', 24); // RFC 6890; Oracle's metadata is among them.
  exceptions.addSubnet('3fff::', 20, 'ipv6'); // Documentation, RFC 9637.
  return { assigned, exceptions };
}
