import { expect, test } from 'vitest';
import { isPublicAddress } from './addresses.ts';

test.each(['93.184.216.34', '1.1.1.1', '223.255.255.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])(
  '%s is of the public internet',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ['this machine', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::', '::7f00:1', '::ffff:127.0.0.1']],
  [
    'private networks',
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
  ],
  ['one link', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0']],
  ['metadata of clouds', ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '192.0.0.192']],
  ['carriers', ['100.64.0.1', '100.127.255.254']],
  [
    'mapped and translated forms',
    [
      '::ffff:10.0.0.1',
      '::ffff:a00:1',
      '64:ff9b::a00:1',
      '64:ff9b:1::1',
      '2002:a00:1::1',
      '2001:0:0:1::1',
      '::10.0.0.1',
    ],
  ],
  [
    'documentation and benchmarks',
    ['192.0.2.1', '198.51.100.7', '203.0.113.9', '198.18.0.1', '2001:db8::1', '3fff::1', '2001:2::1'],
  ],
  ['everybody', ['224.0.0.1', '239.1.2.3', '255.255.255.255', '240.0.0.1', 'ff02::1']],
  ['what is no address', ['', 'localhost', '127.1', '0x7f.1', '2130706433', '1.2.3', 'fe80::z']],
])('[FAULTS-97] addresses of %s are not', (_what, addresses) => {
  expect(addresses.filter(isPublicAddress)).toEqual([]);
});
