import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatAddress, type HostPort } from './config/address.ts';
import { RingstoneError } from './errors.ts';

/**
 * An address with a numeric host. A name is looked up once; where it has several addresses, the first IPv4 one is taken.
 *
 * @param purpose for the message: `listen on`, `connect to`
 * @throws RingstoneError `RINGSTONE_ADDRESS_NOT_FOUND`
 */
export async function resolveHost(address: HostPort, purpose: 'listen on' | 'connect to'): Promise<HostPort> {
  if (isIP(address.host) !== 0) return address;
  try {
    const { address: host } = await lookup(address.host, { verbatim: false });
    return { host, port: address.port };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new RingstoneError(
      'RINGSTONE_ADDRESS_NOT_FOUND',
      `cannot ${purpose} ${formatAddress(address)}: the name ${address.host} was not found (${code})`,
      { cause: error },
    );
  }
}
