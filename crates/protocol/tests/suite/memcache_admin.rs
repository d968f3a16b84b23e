//! Commands for who runs the server. The answers are those of memcached 1.6.18 (observed on a live server), but where a comment
//! says otherwise.

use crate::session::{TextSession, check_table};

const ERROR: &str = "answer ERROR";
const BAD_FORMAT: &str = "answer CLIENT_ERROR bad command line format";
const BAD_CLASS: &str = "answer BADCLASS invalid class id";

#[test]
fn crawler() {
    check_table::<TextSession>(&[
        (b"lru_crawler\r\n", ERROR),
        (b"lru_crawler enable\r\nversion\r\n", "answer OK | version"),
        (b"lru_crawler disable\r\n", "answer OK"),
        (b"lru_crawler enable x\r\n", ERROR),
        (b"lru_crawler metadump\r\n", ERROR),
        (b"lru_crawler metadump all\r\n", "Metadump true"),
        (b"lru_crawler metadump hash\r\n", "Metadump true"),
        (b"lru_crawler metadump 1,2\r\n", "Metadump true"),
        (b"lru_crawler metadump 63\r\n", "Metadump false"),
        (b"lru_crawler metadump all x\r\n", ERROR),
        (b"lru_crawler metadump foo\r\n", BAD_CLASS),
        (b"lru_crawler metadump 999\r\n", BAD_CLASS),
        (b"lru_crawler metadump 1,,2\r\n", BAD_CLASS),
        // Not in 1.6.18 yet.
        (b"lru_crawler mgdump all\r\n", "Mgdump true"),
        (b"lru_crawler sleep 100\r\n", "answer OK"),
        (b"lru_crawler sleep 9999999\r\n", "answer CLIENT_ERROR sleep must be one second or less"),
        (b"lru_crawler sleep x\r\n", BAD_FORMAT),
        (b"lru_crawler tocrawl 10\r\n", "answer OK"),
        (b"lru_crawler tocrawl x\r\n", BAD_FORMAT),
        (b"lru_crawler crawl 1\r\n", "Crawl"),
        (b"lru_crawler crawl x\r\n", BAD_CLASS),
        (b"lru_crawler foo bar\r\n", ERROR),
    ]);
}

#[test]
fn memory() {
    const SMALL: &str = "answer MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m";
    check_table::<TextSession>(&[
        (b"cache_memlimit\r\n", ERROR),
        (b"cache_memlimit 64\r\n", "memory 67108864"),
        (b"cache_memlimit 64 noreply\r\n", "memory 67108864 noreply"),
        (b"cache_memlimit 64 x\r\n", "memory 67108864"),
        (b"cache_memlimit 64 x y\r\n", ERROR),
        (b"cache_memlimit 0\r\n", SMALL),
        (b"cache_memlimit 7\r\n", SMALL),
        (b"cache_memlimit 7 noreply\r\nversion\r\n", "answer  | version"),
        (b"cache_memlimit 8\r\n", "memory 8388608"),
        (b"cache_memlimit x\r\n", ERROR),
        (b"cache_memlimit -5\r\n", ERROR),
        (b"cache_memlimit 99999999999\r\n", "answer MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes"),
        (b"slabs\r\n", ERROR),
        (b"slabs automove\r\n", ERROR),
        (b"slabs automove 1\r\n", "answer OK"),
        (b"slabs automove 7\r\n", ERROR),
        (b"slabs automove x\r\n", BAD_FORMAT),
        (b"slabs reassign 1 2\r\n", "answer NOSPARE source class has no spare pages"),
        (b"slabs reassign 1 1\r\n", "answer SAME src and dst class are identical"),
        (b"slabs reassign x y\r\n", BAD_FORMAT),
        (b"slabs reassign 1\r\n", ERROR),
        (b"slabs foo\r\n", ERROR),
    ]);
}

#[test]
fn watching_and_the_end() {
    check_table::<TextSession>(&[
        (b"watch\r\n", "watch 0b1"),
        (b"watch fetchers mutations evictions connevents deletions\r\n", "watch 0b11111"),
        (b"watch foo\r\n", ERROR),
        (b"watch fetchers mutations x\r\n", ERROR),
        (b"shutdown\r\n", "Shutdown"),
        (b"shutdown graceful\r\n", "Shutdown"),
        (b"shutdown now\r\n", "answer CLIENT_ERROR invalid shutdown mode"),
        (b"verbosity 2\r\n", "verbosity 2"),
    ]);
}
