/** CLIENT in all its parts; SUBSCRIBE, PUBSUB; what needs one connection only. What comes from others is in push.test.ts. */
import { array, bulk, encode, error, int, map, NIL, OK, type Reply, set } from '../../harness/resp.ts';
import { type Entry, KEY_BYTES } from '../../harness/table.ts';
import { row, step } from './dialect.ts';

const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const SYNTAX = error('ERR syntax error');
const NO_INTEGER = error('ERR value is not an integer or out of range');
const SWITCH_BCAST = error(
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
);
const SWITCH_OPT = error(
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
);
const overlap = (prefix: string, kind: string, other: string) =>
  error(
    `ERR Prefix '${prefix}' overlaps with ${kind} prefix '${other}'. Prefixes for a single client must not overlap.`,
  );

/** A push: an array under RESP2. */
export function push(...items: readonly Reply[]): Reply {
  return version =>
    `${version === 3 ? '>' : '*'}${items.length}\r\n${items.map(item => encode(item, version)).join('')}`;
}

/** A bulk whose text begins with `{k}`. */
const keyed = (text: string) => `$${text.length - '{k}'.length + KEY_BYTES}\r\n${text}\r\n`;
const subscribed = (word: string, name: string, count: number) => push(bulk(word), keyed(name), int(count));
const notAllowed = (name: string) =>
  error(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );
const trackingInfo = (flags: readonly string[], redirect: number, ...prefixes: readonly string[]) =>
  map(
    bulk('flags'),
    set(...flags.map(bulk)),
    bulk('redirect'),
    int(redirect),
    bulk('prefixes'),
    array(...prefixes.map(keyed)),
  );

const LINE =
  'id={id} addr=[^ ]+:\\d+ laddr=[^ ]+:\\d+ (fd=\\d+ )?name=[^ ]* age=\\d+ idle=\\d+ flags=N db=0 sub=0 psub=0 .*multi=-1 .*cmd=client\\|';

export const pushes: Entry[] = [
  row('CLIENT INFO and LIST', [
    ['CLIENT ID', /^:(?<id>\d+)\r\n$/],
    ['CLIENT INFO', new RegExp(`^[$=]\\d+\\r\\n(txt:)?${LINE}info user=default redir=-1 resp=[23].*\\n\\r\\n$`)],
    ['CLIENT LIST', new RegExp(`^[$=]\\d+\\r\\n(txt:)?(.*\\n)*${LINE}list (.*\\n)+\\r\\n$`)],
    ['CLIENT LIST ID {id}', new RegExp(`^[$=]\\d+\\r\\n(txt:)?${LINE}list .*\\n\\r\\n$`)],
    ['CLIENT LIST TYPE normal', new RegExp(`^[$=]\\d+\\r\\n(txt:)?(.*\\n)*${LINE}list (.*\\n)+\\r\\n$`)],
    ['CLIENT LIST TYPE replica', /^(\$0\r\n|=4\r\ntxt:)\r\n$/],
    ['CLIENT LIST ID 999999999', /^(\$0\r\n|=4\r\ntxt:)\r\n$/],
  ]),
  row(
    'CLIENT LIST of a connection that is named twice',
    [
      ['CLIENT ID', /^:(?<id>\d+)\r\n$/],
      ['CLIENT LIST ID {id} {id}', new RegExp(`^[$=]\\d+\\r\\n(txt:)?${LINE}list .*\\n\\r\\n$`)],
    ],
    {
      differs: {
        why: 'a request that names it a million times must not make a text of gigabytes',
        steps: [
          step('CLIENT ID', /^:(?<id>\d+)\r\n$/),
          step('CLIENT LIST ID {id} {id}', new RegExp(`^[$=]\\d+\\r\\n(txt:)?(${LINE}list .*\\n){2}\\r\\n$`)),
        ],
      },
    },
  ),
  row('CLIENT LIST refuses', [
    ['CLIENT LIST TYPE nonsense', error("ERR Unknown client type 'nonsense'")],
    ['CLIENT LIST ID x', error('ERR Invalid client ID')],
    ['CLIENT LIST ID', SYNTAX],
    ['CLIENT LIST nonsense', SYNTAX],
    ['CLIENT INFO x', arity('client|info')],
  ]),
  row('CLIENT KILL refuses', [
    ['CLIENT KILL', arity('client|kill')],
    ['CLIENT KILL 1.2.3.4:5', error('ERR No such client')],
    ['CLIENT KILL ID 0', error('ERR client-id should be greater than 0')],
    ['CLIENT KILL ID x', error('ERR client-id should be greater than 0')],
    ['CLIENT KILL ID 999999999', int(0)],
    ['CLIENT KILL TYPE nonsense', error("ERR Unknown client type 'nonsense'")],
    ['CLIENT KILL USER nobody', error("ERR No such user 'nobody'")],
    ['CLIENT KILL ADDR 1.2.3.4:5 LADDR 1.2.3.4:5 SKIPME yes', int(0)],
    ['CLIENT KILL ID 1 SKIPME maybe', SYNTAX],
    ['CLIENT KILL ID 1 TYPE', SYNTAX],
    ['CLIENT KILL nonsense x', SYNTAX],
  ]),
  row(
    'CLIENT KILL MAXAGE',
    [
      ['CLIENT KILL MAXAGE 1000000', int(0)],
      ['CLIENT KILL MAXAGE 0', error('ERR maxage should be greater than 0')],
      ['CLIENT KILL MAXAGE x', error('ERR maxage is not an integer or out of range')],
    ],
    { differs: { why: 'Redis 7.0 has no MAXAGE yet', steps: null } },
  ),
  row(
    'CLIENT KILL of the connection itself is answered',
    [
      ['CLIENT ID', /^:(?<id>\d+)\r\n$/],
      ['CLIENT KILL ID {id} SKIPME yes', int(0)],
      ['CLIENT KILL ID {id} SKIPME no', int(1)],
    ],
    { closes: true },
  ),
  row('CLIENT REPLY', [
    ['CLIENT REPLY ON', OK],
    ['CLIENT REPLY SKIP', ''],
    ['SET {k} 1', ''],
    ['GET {k}', bulk('1')],
    ['CLIENT REPLY OFF', ''],
    ['INCR {k}', ''],
    ['nonsense', ''],
    ['GET', ''],
    ['CLIENT REPLY SKIP', ''],
    ['GET {k}', ''],
    [['CLIENT', 'REPLY', 'on'], OK],
    ['GET {k}', bulk('2')],
    ['CLIENT REPLY nonsense', SYNTAX],
    ['CLIENT REPLY', arity('client|reply')],
    ['CLIENT REPLY SKIP', ''],
    ['CLIENT REPLY ON', OK],
    [{ raw: 'CLIENT REPLY OFF\r\nINCR {k}\r\nCLIENT REPLY ON\r\n' }, OK],
    ['GET {k}', bulk('3')],
  ]),
  row('CLIENT NO-EVICT', [
    ['CLIENT NO-EVICT ON', OK],
    ['CLIENT INFO', /flags=e /],
    ['CLIENT NO-EVICT OFF', OK],
    ['CLIENT NO-EVICT', arity('client|no-evict')],
    ['CLIENT NO-EVICT maybe', SYNTAX],
  ]),
  row(
    'CLIENT NO-TOUCH',
    [
      ['CLIENT NO-TOUCH ON', OK],
      ['CLIENT INFO', /flags=T /],
      ['CLIENT NO-TOUCH OFF', OK],
      ['CLIENT INFO', /flags=N /],
      ['CLIENT NO-TOUCH maybe', SYNTAX],
    ],
    { differs: { why: 'Redis 7.0 has no CLIENT NO-TOUCH yet', steps: null } },
  ),
  row('CLIENT UNBLOCK', [
    ['CLIENT UNBLOCK 999999999', int(0)],
    ['CLIENT UNBLOCK 999999999 TIMEOUT', int(0)],
    ['CLIENT UNBLOCK x', NO_INTEGER],
    ['CLIENT UNBLOCK 1 nonsense', error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')],
  ]),
  row('CLIENT HELP', [
    ['CLIENT HELP', /^\*\d+\r\n\+CLIENT <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n/],
    ['PUBSUB HELP', /^\*\d+\r\n\+PUBSUB <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n/],
  ]),
  row('CLIENT TRACKING', [
    ['CLIENT TRACKINGINFO', trackingInfo(['off'], -1)],
    ['CLIENT GETREDIR', int(-1)],
    ['CLIENT TRACKING ON', OK],
    ['CLIENT GETREDIR', int(0)],
    ['CLIENT TRACKINGINFO', trackingInfo(['on'], 0)],
    ['CLIENT TRACKING ON NOLOOP', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['on', 'noloop'], 0)],
    ['CLIENT TRACKING ON BCAST', SWITCH_BCAST],
    ['CLIENT TRACKING OFF', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['off'], -1)],
    ['CLIENT TRACKING OFF', OK],
  ]),
  row('CLIENT TRACKING OPTIN, OPTOUT and CACHING', [
    [
      'CLIENT CACHING YES',
      error(
        'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
      ),
    ],
    ['CLIENT TRACKING ON OPTIN', OK],
    ['CLIENT CACHING YES', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['on', 'optin', 'caching-yes'], 0)],
    ['PING', '+PONG\r\n'],
    ['CLIENT TRACKINGINFO', trackingInfo(['on', 'optin'], 0)],
    ['CLIENT CACHING NO', error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.')],
    ['CLIENT CACHING nonsense', SYNTAX],
    ['CLIENT TRACKING ON OPTOUT', SWITCH_OPT],
    ['CLIENT TRACKING OFF', OK],
    ['CLIENT TRACKING ON OPTOUT', OK],
    ['CLIENT CACHING YES', error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.')],
    ['CLIENT CACHING NO', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['on', 'optout', 'caching-no'], 0)],
    ['CLIENT TRACKING OFF', OK],
    ['CLIENT CACHING', arity('client|caching')],
  ]),
  row('CLIENT TRACKING BCAST', [
    ['CLIENT TRACKING ON BCAST PREFIX {k}a PREFIX {k}b', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['on', 'bcast'], 0, '{k}a', '{k}b')],
    ['CLIENT TRACKING ON BCAST PREFIX {k}ab', overlap('{k}ab', 'an existing', '{k}a')],
    ['CLIENT TRACKING ON BCAST PREFIX {k}c PREFIX {k}', overlap('{k}c', 'another provided', '{k}')],
    ['CLIENT TRACKING ON', SWITCH_BCAST],
    ['CLIENT TRACKING OFF', OK],
    ['CLIENT TRACKINGINFO', trackingInfo(['off'], -1)],
  ]),
  row('CLIENT TRACKING refuses', [
    ['CLIENT TRACKING', arity('client|tracking')],
    ['CLIENT TRACKING maybe', SYNTAX],
    ['CLIENT TRACKING ON nonsense', SYNTAX],
    ['CLIENT TRACKING ON PREFIX a', error('ERR PREFIX option requires BCAST mode to be enabled')],
    ['CLIENT TRACKING ON PREFIX', SYNTAX],
    ['CLIENT TRACKING ON BCAST OPTIN', error('ERR OPTIN and OPTOUT are not compatible with BCAST')],
    ['CLIENT TRACKING ON OPTIN OPTOUT', error("ERR You can't specify both OPTIN mode and OPTOUT mode")],
    ['CLIENT TRACKING ON REDIRECT x', NO_INTEGER],
    ['CLIENT TRACKING ON REDIRECT 999999999', error('ERR The client ID you want redirect to does not exist')],
    ['CLIENT TRACKINGINFO', trackingInfo(['off'], -1)],
  ]),
  row('SUBSCRIBE and UNSUBSCRIBE', [
    [
      'SUBSCRIBE {k}a {k}b {k}a',
      version =>
        [subscribed('subscribe', '{k}a', 1), subscribed('subscribe', '{k}b', 2), subscribed('subscribe', '{k}a', 2)]
          .map(reply => encode(reply, version))
          .join(''),
    ],
    ['PSUBSCRIBE {k}*', subscribed('psubscribe', '{k}*', 3)],
    ['UNSUBSCRIBE {k}a', subscribed('unsubscribe', '{k}a', 2)],
    ['UNSUBSCRIBE {k}a', subscribed('unsubscribe', '{k}a', 2)],
    ['UNSUBSCRIBE', subscribed('unsubscribe', '{k}b', 1)],
    ['UNSUBSCRIBE', push(bulk('unsubscribe'), NIL, int(1))],
    ['PUNSUBSCRIBE', subscribed('punsubscribe', '{k}*', 0)],
    ['PUNSUBSCRIBE', push(bulk('punsubscribe'), NIL, int(0))],
    ['PING', '+PONG\r\n'],
    ['SUBSCRIBE', arity('subscribe')],
    ['PSUBSCRIBE', arity('psubscribe')],
    ['PUBLISH {k}', arity('publish')],
    ['PUBLISH {k}a nobody', int(0)],
  ]),
  row(
    'a subscriber of RESP2',
    [
      ['SUBSCRIBE {k}', subscribed('subscribe', '{k}', 1)],
      ['GET {k}', notAllowed('get')],
      ['PUBLISH {k} x', notAllowed('publish')],
      ['PING', array(bulk('pong'), bulk(''))],
      ['PING hello', array(bulk('pong'), bulk('hello'))],
      ['nonsense', error("ERR unknown command 'nonsense', with args beginning with: ")],
      ['GET', arity('get')],
      ['RESET', '+RESET\r\n'],
      ['GET {k}', '$-1\r\n'],
      ['PUBSUB NUMSUB {k}', array(keyed('{k}'), int(0))],
    ],
    { resp2: true },
  ),
  row('confirmations come while answers are off', [
    ['CLIENT REPLY OFF', ''],
    ['SUBSCRIBE {k}', subscribed('subscribe', '{k}', 1)],
    ['UNSUBSCRIBE', subscribed('unsubscribe', '{k}', 0)],
    ['PING', ''],
    ['CLIENT REPLY ON', OK],
  ]),
  row('PUBSUB', [
    ['PUBSUB NUMSUB', array()],
    ['PUBSUB NUMSUB {k} {k}b', array(keyed('{k}'), int(0), keyed('{k}b'), int(0))],
    ['PUBSUB CHANNELS {k}*', array()],
    ['PUBSUB NUMPAT', /^:\d+\r\n$/],
    ['PUBSUB NUMPAT x', arity('pubsub|numpat')],
    ['PUBSUB nonsense', error("ERR unknown subcommand 'nonsense'. Try PUBSUB HELP.")],
    [
      'PUBSUB CHANNELS a b',
      error("ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."),
    ],
    ['PUBSUB', arity('pubsub')],
  ]),
];
