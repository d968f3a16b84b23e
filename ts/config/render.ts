import { formatAddress, formatListenAddress, type HostPort, type ListenAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import type { Loaded } from './load.ts';
import type { Config, SettingMeta } from './schema.ts';
import { SECTIONS, SETTINGS } from './settings.ts';
import { exactSize } from './size.ts';

const HELP_WIDTH = 100;

/** `-w, --workers N`, `--[no-]tcp-nodelay`, or nothing for a setting without an option. */
export function optionOf({ flag, short, value, boolean }: SettingMeta): string | undefined {
  if (flag === undefined) return undefined;
  const long = boolean ? `--[no-]${flag}` : `--${flag} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** An entry of a help: the option, and its meaning below it. */
export function helpEntry(left: string, text: string): string {
  const indent = ' '.repeat(8);
  const lines = wrap(text, HELP_WIDTH - indent.length);
  return [`  ${left}`, ...lines.map(line => indent + line)].join('\n');
}

/** What `--help` prints. */
export function renderHelp(version: string): string {
  const options = SETTINGS.flatMap(setting => {
    const option = optionOf(setting);
    return option === undefined ? [] : [helpEntry(option, `${setting.help}. Default ${setting.fallback}`)];
  });
  const others = SETTINGS.filter(({ flag }) => flag === undefined);
  return `ringstone ${version} - a cache server for memcached and Redis clients

Usage: ringstone [command] [options]

Commands:
  serve          serve clients (the default)
  doctor         say what this machine allows
  check-config   check the configuration and print it with the source of each value
  bench          load a server and measure it; ringstone bench --help shows its options

Options:
${helpEntry('-c, --config FILE', 'Configuration file (TOML)')}
${options.join('\n')}
${helpEntry('-h, --help', 'Print this')}
${helpEntry('-V, --version', 'Print the version')}

By file or environment only:
${others.map(({ key, value, help, fallback }) => helpEntry(`${key} = ${value}`, `${help}. Default ${fallback}`)).join('\n')}

Every setting has an environment name, RINGSTONE_SECTION_KEY: server.workers is RINGSTONE_SERVER_WORKERS.
The command line goes before the environment, the environment before the file.
Sizes: 1073741824, 64mb, 8MiB (powers of 1024) or 50%. Durations: 60 (seconds), 500ms, 10s, 5m, 2h, 7d.
Exit codes: 0, 1 failure at run time, 2 wrong usage or configuration.
`;
}

/** The table of docs/configuration.md. */
export function renderMarkdownTable(): string {
  const escapeCell = (text: string) => text.replaceAll('|', '\\|');
  const rows = SETTINGS.map(setting => {
    const option = optionOf(setting);
    const cells = [
      `\`${setting.key}\``,
      option === undefined ? '' : `\`${escapeCell(option)}\``,
      `\`${setting.environment}\``,
      `\`${setting.fallback}\``,
      escapeCell(setting.help),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| key | option | environment | default | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

const SIZES = new Set(['read_buffer_size', 'write_buffer_size', 'max_memory', 'max_value_size']);
const DURATIONS = new Set(['idle_timeout', 'shutdown_timeout', 'default_ttl', 'cleanup_interval']);

/** A validated value as TOML that reads back as the same. */
function toToml(name: string, value: unknown): string {
  if (SIZES.has(name)) return JSON.stringify(exactSize(Number(value)));
  if (DURATIONS.has(name)) return JSON.stringify(formatDuration(Number(value)));
  if (name === 'listen') {
    if (value === 'off') return '"off"';
    if (!Array.isArray(value)) return JSON.stringify(formatAddress(value as HostPort));
    return JSON.stringify(value.map((item: ListenAddress) => formatListenAddress(item)));
  }
  return JSON.stringify(value);
}

/** What `check-config` prints: a configuration file of its own, with the source of each value as a comment. */
export function renderEffective({ config, origins }: Pick<Loaded, 'config' | 'origins'>): string {
  const sections = SECTIONS.map(section => {
    const values = config[section as keyof Config] as Readonly<Record<string, unknown>>;
    const lines = SETTINGS.filter(setting => setting.section === section).map(({ key, name }) => ({
      text: `${name} = ${toToml(name, values[name])}`,
      origin: origins.get(key),
    }));
    const width = Math.max(...lines.map(({ text }) => text.length));
    return [`[${section}]`, ...lines.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}`)].join('\n');
  });
  return `${sections.join('\n\n')}\n`;
}
