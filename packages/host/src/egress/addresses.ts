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
  const text = address.toString();
  return address.kind() === 'ipv4'
    ? !EXCEPTIONS.check(text)
    : GLOBAL.check(text, 'ipv6') && !EXCEPTIONS.check(text, 'ipv6');
}

/** All that is assigned of IPv6 (RFC 4291, 2.4): the rest is for other uses, or for none yet. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');

/** Public by their form, and not in use as such. */
const EXCEPTIONS = new BlockList();
EXCEPTIONS.addAddress('168.63.129.16'); // Azure's host, which answers its guests alone.
EXCEPTIONS.addSubnet('192.0.0.0', 24); // RFC 6890; Oracle's metadata is among them.
EXCEPTIONS.addSubnet('3fff::', 20, 'ipv6'); // Documentation, RFC 9637.
