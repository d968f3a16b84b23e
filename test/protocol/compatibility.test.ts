/** docs/compatibility.md says what the running server does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { run } from '../harness/children.ts';
import { fixture } from '../harness/fixture.ts';
import { command } from '../harness/resp.ts';
import { cli, root } from '../harness/ringstone.ts';

const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');

/** Cells of the table below a heading. */
function table(chapter: string, heading: string): string[][] {
  const text = page.split(/^## /m).find(part => part.startsWith(`${chapter}\n`)) ?? '';
  const section = heading === '' ? text : (text.split(/^### /m).find(part => part.startsWith(`${heading}\n`)) ?? '');
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | ').map(cell => cell.trim()));
  if (rows.length < 3) throw new Error(`no table ${chapter}, ${heading}`);
  return rows.slice(2);
}

/** Texts within backquotes. */
const codes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('docs/compatibility.md', () => {
  const { connect } = fixture({});

  test('memcached: each command that it lists is known', async () => {
    const samples: Readonly<Record<string, string>> = {
      get: 'get absent',
      gets: 'gets absent',
      gat: 'gat 0 absent',
      gats: 'gats 0 absent',
      set: 'set key 0 0 1\r\n1',
      add: 'add key 0 0 1\r\n1',
      replace: 'replace key 0 0 1\r\n1',
      append: 'append key 0 0 1\r\n1',
      prepend: 'prepend key 0 0 1\r\n1',
      cas: 'cas key 0 0 1 1\r\n1',
      delete: 'delete absent',
      incr: 'incr absent 1',
      decr: 'decr absent 1',
      touch: 'touch absent 0',
      flush_all: 'flush_all',
      stats: 'stats',
      version: 'version',
      verbosity: 'verbosity 1',
      lru_crawler: 'lru_crawler sleep 1',
      cache_memlimit: 'cache_memlimit 64',
      slabs: 'slabs automove 1',
      shutdown: 'shutdown',
      watch: 'watch',
      mg: 'mg absent v',
      ms: 'ms key 1\r\n1',
      md: 'md absent',
      ma: 'ma absent',
      me: 'me absent',
      mn: 'mn',
      quit: 'quit',
    };
    const rows = table('memcached', 'Commands');
    const listed = rows.flatMap(([names]) => codes(names));
    expect(listed.sort()).toEqual(Object.keys(samples).sort());
    const wire = await connect();
    for (const name of listed.filter(name => name !== 'quit' && name !== 'watch')) {
      await wire.send(`${samples[name]}\r\nverbosity x\r\n`);
      const reply = await wire.readThrough('CLIENT_ERROR bad command line format\r\n');
      expect(reply.toString()).not.toMatch(/^ERROR/m);
    }
    const groups = codes(rows.find(([names]) => names === '`stats`')?.[1]);
    expect(groups).toEqual(['items', 'slabs', 'sizes', 'settings', 'conns', 'detail', 'cachedump', 'reset']);
    for (const group of groups) {
      await wire.send(`stats ${group}\r\nverbosity x\r\n`);
      const reply = await wire.readThrough('CLIENT_ERROR bad command line format\r\n');
      expect(reply.toString()).not.toMatch(/^ERROR/m);
    }
  });

  test('memcached: each flag of a meta command that it lists is known, and no other', async () => {
    const rows = table('memcached', 'Meta commands').filter(([command]) => /^`m[gsda]`$/.test(command ?? ''));
    expect(rows.length).toBe(4);
    const listed = new Set(rows.flatMap(([, flags = '']) => codes(flags.split(/; (?:modes|answers)/)[0])));
    const wire = await connect();
    for (const [command] of rows.map(([name]) => codes(name))) {
      for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0_') {
        const token = letter === 'M' ? 'D' : /[A-Z]/.test(letter) ? '1' : '';
        const length = command === 'ms' ? ' 0' : '';
        const flag = command === 'ms' && letter === 'M' ? 'MS' : `${letter}${token}`;
        await wire.send(`${command} keykeyke${length} ${flag} L\r\n${length && '\r\n'}mn\r\n`);
        const reply = (await wire.readThrough('MN\r\n')).toString();
        const known = listed.has(letter) || letter === 'P';
        const twice = letter === 'L';
        const refused = /^CLIENT_ERROR (invalid|duplicate)/.test(reply);
        expect([command, letter, refused]).toEqual([command, letter, !known || twice]);
      }
    }
  });

  test('RESP: the commands that it lists are those of COMMAND LIST', async () => {
    const wire = await connect();
    await wire.send(Buffer.concat([command('COMMAND', 'LIST'), command('PING')]));
    const known = [...(await wire.readThrough('+PONG\r\n')).toString().matchAll(/^([a-z]+)\r$/gm)];
    const rows = table('RESP', 'Commands');
    expect(rows.flatMap(([names]) => codes(names).map(name => name.toLowerCase())).sort()).toEqual(
      known.map(([, name]) => name).sort(),
    );
    for (const container of ['CLIENT', 'COMMAND']) {
      for (const subcommand of codes(rows.find(([names]) => names === `\`${container}\``)?.[1])) {
        await wire.send(Buffer.concat([command(container, subcommand), command('ECHO', 'end of reply')]));
        const reply = await wire.readThrough('$12\r\nend of reply\r\n');
        expect([subcommand, reply.toString()]).toEqual([subcommand, expect.not.stringContaining('unknown subcommand')]);
      }
    }
  });

  test.each(table('memcached', 'Not there yet').map(([sent, answer]) => [codes(sent)[0], codes(answer)[0]] as const))(
    'memcached: %s is answered %s, and the connection lives on',
    async (sent, answer) => {
      const wire = await connect();
      await wire.send(`${sent}\r\nget absent\r\n`);
      await wire.expect(`${answer}\r\nEND\r\n`);
    },
  );

  test.each(table('RESP', 'Not there yet').map(([sent, answer]) => [codes(sent)[0] ?? '', codes(answer)[0]] as const))(
    'RESP: %s is answered %s, and the connection lives on',
    async (sent, answer) => {
      const wire = await connect();
      await wire.send(Buffer.concat([command(...sent.split(' ')), command('PING')]));
      expect((await wire.readLine()).startsWith(`${answer}`)).toBe(true);
      await wire.expect('+PONG\r\n');
    },
  );

  test.each(
    table('Neither of them', '').flatMap(([asked, answer]) =>
      codes(asked).map(code => [code, codes(answer)[0]] as const),
    ),
  )('%s: %s', async (asked, answer) => {
    const args = asked.startsWith('--') ? [asked, 'x'] : ['--listen', `${asked}127.0.0.1:0`];
    const { code, stderr } = await run(process.execPath, [cli, ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${answer}`)]);
  });

  describe('differences', () => {
    const differences = (chapter: string) => table(chapter, 'Differences').map(([what = '', ours]) => ({ what, ours }));
    /** The first code in Ringstone's column of the row whose first column holds a text. */
    const said = (chapter: string, what: string) =>
      codes(differences(chapter).find(row => row.what.includes(what))?.ours)[0] ?? `no row of ${what}`;
    /** The same of the meta commands. */
    const meta = (what: string) =>
      codes(table('memcached', 'Meta commands').find(([first = '']) => first.includes(what))?.[1])[0] ??
      `no row of ${what}`;
    const LIMIT = 8 * 1024 * 1024;

    test('of memcached', async () => {
      const wire = await connect();
      const x = 'x'.repeat(LIMIT);
      for (const [sent, reply] of [
        ['version', `VERSION ${said('memcached', '`version`')}`],
        [
          'set n 0 0 2\r\n10\r\ndecr n 1\r\nget n',
          `STORED\r\n9\r\nVALUE n 0 1\r\n${said('memcached', '`decr`')}\r\nEND`,
        ],
        ['set n 0 0 2\r\n+5\r\nincr n 1', `STORED\r\n${said('memcached', '`incr`')}`],
        ['set n 0 0 3\r\n5 x\r\nincr n 1', `STORED\r\n${said('memcached', '`incr`')}`],
        ['set n 0 0 21\r\n000000000000000000001\r\nincr n 1', `STORED\r\n${said('memcached', '`incr`')}`],
        [`set big 0 0 ${LIMIT}\r\n${x}\r\nappend big 0 0 1\r\ny`, `STORED\r\n${said('memcached', '`append`')}`],
        ['prepend big 0 0 1\r\ny', said('memcached', '`append`')],
        ['get big', `VALUE big 0 ${LIMIT}\r\n${x}\r\nEND`],
        ['set n 0 0 4294967297', said('memcached', 'a length of')],
        ['set n 0 4102444800 1\r\na\r\nget n', 'STORED\r\nVALUE n 0 1\r\na\r\nEND'],
        ['stats reset', 'RESET'],
        [
          'set Zm9v 0 0 1\r\na\r\nms Zm9vYmFy 1 b\r\nb\r\nmg foobar k\r\nmg Zm9vYmFy b k',
          'STORED\r\nHD\r\nHD kfoobar\r\nHD kZm9vYmFy b',
        ],
        ['mg Zm9v T-1 t', `HD ${meta('`t` behind')}`],
        ['mg foobar T0\r\nme Zm9vYmFy b', /^HD\r\nME Zm9vYmFy exp=-1 la=\d+ cas=\d+ fetch=yes cls=1 size=7\r\n$/],
        ['set n 0 0 1\r\n9\r\nmd n I\r\nincr n 1\r\nmg n', 'STORED\r\nHD\r\n10\r\nHD X W'],
        ['md n I E0\r\nmg n c', /^HD\r\nHD c[1-9]\d* X W\r\n$/],
        ['ms big 1 MA\r\ny', meta('`ms` with `MA`')],
      ] as const) {
        void wire.send(`${sent}\r\n`);
        if (typeof reply === 'string') await wire.expect(`${reply}\r\n`);
        else {
          await wire.send('mn\r\n');
          expect((await wire.readThrough('MN\r\n')).toString().slice(0, -4)).toMatch(reply);
        }
      }
      await wire.send(`touch ${'y'.repeat(16 * 1024)}`);
      expect((await wire.readToEnd()).toString()).toBe(`${said('memcached', 'a line above 16 KiB')}\r\n`);
    });

    test('of RESP', async () => {
      const wire = await connect();
      const hello = differences('RESP').find(({ what }) => what === '`HELLO`, `INFO`');
      await wire.send(Buffer.concat([command('HELLO', '2'), command('INFO', 'server'), command('PING')]));
      const reply = (await wire.readThrough('+PONG\r\n')).toString();
      const [version = '', server = '', own = ''] = codes(hello?.ours);
      expect(reply).toContain(`\r\nserver\r\n$9\r\n${server}\r\n$7\r\nversion\r\n$5\r\n${version}\r\n`);
      expect(reply).toContain(`\r\nredis_version:${version}\r\n`);
      expect(reply).toContain(`\r\n${own}:`);
      const tooLong = said('RESP', 'a value above');
      const key = 'k'.repeat(64 * 1024 + 1);
      for (const [words, line] of [
        [['SELECT', '1'], said('RESP', '`SELECT 1`')],
        [['SET', 'k', Buffer.alloc(LIMIT + 1)], tooLong],
        [['SET', 'k', Buffer.alloc(LIMIT)], '+OK'],
        [['APPEND', 'k', 'x'], tooLong],
        [['STRLEN', 'k'], `:${LIMIT}`],
        [['SET', key, 'v'], said('RESP', 'a key above')],
        [['EXISTS', key], ':0'],
        [['HELLO', '3', 'AUTH', 'default', 'secret'], said('RESP', '`HELLO 3 AUTH')],
        [['CLIENT', 'SETINFO', 'LIB-NAME', 'x'], '+OK'],
        [['SET', 'k', 'v'], '+OK'],
        [['SET', 'k', 'w', 'IFEQ', 'v'], '+OK'],
        [['DELIFEQ', 'k', 'v'], ':0'],
        [['COPY', 'k', 'other', 'DB', '1'], said('RESP', '`COPY ... DB 1`')],
        [['SCAN', '-1'], said('RESP', 'a sign in the cursor')],
        [['OBJECT', 'REFCOUNT', 'k'], ':1'],
        [['WAIT', '1', '0'], ':0'],
        [['LPUSH', 'key', 'value'], said('RESP', 'what is left out')],
      ] as const) {
        void wire.send(command(...words));
        expect(await wire.readLine()).toBe(`${line}\r\n`);
      }
      await wire.send(Buffer.concat([command('HELLO', '3'), command('COMMAND', 'LIST'), command('PING')]));
      expect((await wire.readThrough('+PONG\r\n')).toString()).toMatch(/\r\n\*\d+\r\n\$4\r\nping\r\n/);
      await wire.send('*2\r\n$3\r\nGET\r\n$1\r\nabc\r\n');
      expect((await wire.readToEnd()).toString()).toBe(`${said('RESP', 'a bulk string without')}\r\n`);
      for (const line of ['POST / HTTP/1.1', 'Host: localhost']) {
        const web = await connect();
        await web.send('PING\r\n');
        await web.expect('+PONG\r\n');
        await web.send(`${line}\r\n`);
        expect(await web.readToEnd()).toEqual(Buffer.alloc(0));
      }
    });
  });
});
