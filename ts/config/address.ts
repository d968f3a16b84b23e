import { isIPv6 } from 'node:net';
import { didYouMean } from './nearest.ts';

/** What a listener can speak. */
export const PROTOCOLS = ['auto', 'memcached', 'resp', 'ping', 'echo'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A host, by name or number, with a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where to listen: a host with a port, or the path of a unix socket. */
export type Address = HostPort | { readonly path: string };

/** An address and, where it says so itself, what it speaks. */
export interface ListenAddress {
  readonly address: Address;
  readonly protocol?: Protocol;
}

const MAX_PORT = 65_535;
/** `sun_path` holds 108 bytes with the closing zero. */
const MAX_PATH_BYTES = 107;

/**
 * Reads `host:port`, `[v6]:port` or `unix:/path`.
 *
 * @returns the address, or a string that says what is wrong
 */
export function parseAddress(text: string): Address | string {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path === '') return `"${text}" has no path; write unix:/run/ringstone.sock`;
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `the path of "${text}" is longer than ${MAX_PATH_BYTES} bytes`;
    return { path };
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text);
  if (!match) {
    const hint =
      isIPv6(text.replace(/:\d+$/, '')) || isIPv6(text) ? `[::1]:11211` : `127.0.0.1:11211, [::1]:11211 or unix:/path`;
    return `"${text}" is not an address; write ${hint}`;
  }
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > MAX_PORT) return `the port of "${text}" is above ${MAX_PORT}`;
  if (bracketed !== undefined && !isIPv6(bracketed)) return `"${bracketed}" in "${text}" is not an IPv6 address`;
  const host = bracketed ?? plain ?? '';
  if (host === '') return `"${text}" has no host; write 127.0.0.1:${port}, or 0.0.0.0:${port} for every interface`;
  if (host.includes('%')) return `"${text}" names a zone, which is not supported`;
  return { host, port };
}

/**
 * Reads an address that may say its protocol: `resp://127.0.0.1:6379`, `memcached://unix:/path`, `127.0.0.1:11211`.
 *
 * @returns the address, or a string that says what is wrong
 */
export function parseListenAddress(text: string): ListenAddress | string {
  const scheme = /^([a-z0-9+.-]*):\/\//i.exec(text);
  const address = parseAddress(text.slice(scheme?.[0].length ?? 0));
  if (scheme?.[1] === undefined) return typeof address === 'string' ? address : { address };
  const name = scheme[1].toLowerCase();
  if (name.endsWith('+tls')) return `"${text}": this version has no TLS`;
  const protocol = PROTOCOLS.find(known => known === name);
  if (!protocol)
    return `"${text}" has an unknown protocol${didYouMean(name, PROTOCOLS)}; known are ${PROTOCOLS.join(', ')}`;
  return typeof address === 'string' ? address : { address, protocol };
}

/** An address as the user writes it. */
export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** An address with its protocol as the user writes it. */
export function formatListenAddress({ address, protocol }: ListenAddress): string {
  return `${protocol === undefined ? '' : `${protocol}://`}${formatAddress(address)}`;
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(address: Address): boolean {
  if ('path' in address) return true;
  return address.host === 'localhost' || address.host === '::1' || /^127\./.test(address.host);
}
