"""pymemcache through its ordinary interface; the server's port is in RINGSTONE_PORT."""

import os
import socket
import time
import unittest

from pymemcache.client.base import Client, PooledClient
from pymemcache.client.retrying import RetryingClient
from pymemcache.exceptions import MemcacheError, MemcacheServerError
from pymemcache import serde

ADDRESS = ("127.0.0.1", int(os.environ["RINGSTONE_PORT"]))
LIMIT = 8 * 1024 * 1024


def until(done):
    """Waits for a state that tells nobody when it is reached."""
    end = time.monotonic() + 15
    while not done():
        if time.monotonic() > end:
            raise AssertionError("not within 15 s")
        time.sleep(0.02)


class Pymemcache(unittest.TestCase):
    def setUp(self):
        self.client = Client(ADDRESS, default_noreply=False, timeout=15, connect_timeout=15)
        self.client.flush_all()

    def tearDown(self):
        self.client.close()

    def test_storage(self):
        client = self.client
        self.assertTrue(client.set("a", b"1"))
        self.assertFalse(client.add("a", b"2"))
        self.assertTrue(client.replace("a", b"3"))
        self.assertTrue(client.append("a", b"4"))
        self.assertTrue(client.prepend("a", b"2"))
        self.assertEqual(client.get("a"), b"234")
        self.assertFalse(client.replace("absent", b"1"))
        self.assertFalse(client.append("absent", b"1"))
        self.assertIsNone(client.get("absent"))
        self.assertTrue(client.delete("a"))
        self.assertFalse(client.delete("a"))

    def test_many_keys(self):
        values = {f"many-{index}": str(index).encode() * (index + 1) for index in range(500)}
        self.assertEqual(self.client.set_many(values), [])
        self.assertEqual(self.client.get_many([*values, "absent"]), values)
        self.client.delete_many(list(values))
        self.assertEqual(self.client.get_many(list(values)), {})

    def test_cas(self):
        self.client.set("a", b"1")
        value, token = self.client.gets("a")
        self.assertEqual(value, b"1")
        self.assertTrue(self.client.cas("a", b"2", token))
        self.assertFalse(self.client.cas("a", b"3", token))
        self.assertIsNone(self.client.cas("absent", b"3", token))
        many = self.client.gets_many(["a", "absent"])
        self.assertEqual(many["a"][0], b"2")

    def test_counters(self):
        self.client.set("n", b"9")
        self.assertEqual(self.client.incr("n", 1), 10)
        self.assertEqual(self.client.decr("n", 11), 0)
        self.assertIsNone(self.client.incr("absent", 1))
        self.client.set("text", b"abc")
        with self.assertRaises(MemcacheError):
            self.client.incr("text", 1)

    def test_expiry(self):
        self.client.set("short", b"1", expire=1)
        self.client.set("past", b"1", expire=-1)
        self.client.set("long", b"1", expire=100)
        self.assertIsNone(self.client.get("past"))
        self.assertTrue(self.client.touch("long", expire=200))
        self.assertFalse(self.client.touch("past", expire=200))
        # pymemcache 4 has no method for it.
        self.assertEqual(self.client.raw_command("gat 100 long", "END\r\n"), b"VALUE long 0 1\r\n1\r\n")
        until(lambda: self.client.get("short") is None)
        self.assertEqual(self.client.get("long"), b"1")

    def test_noreply(self):
        client = Client(ADDRESS, timeout=15)
        for index in range(200):
            client.set(f"quiet-{index}", str(index))
        client.delete("quiet-0")
        client.incr("quiet-1", 5, noreply=True)
        client.touch("quiet-2", 100, noreply=True)
        self.assertIsNone(client.get("quiet-0"))
        self.assertEqual(client.get("quiet-1"), b"6")
        self.assertEqual(client.get("quiet-199"), b"199")
        client.close()

    def test_large_values(self):
        value = os.urandom(LIMIT)
        self.client.set("large", value)
        self.assertEqual(self.client.get("large"), value)
        with self.assertRaises(MemcacheServerError):
            self.client.set("large", value + b"x")
        self.client.set("after", b"1")
        self.assertEqual(self.client.get("after"), b"1")

    def test_meta_commands(self):
        client = self.client
        stored = client.raw_command("ms meta 2 T100 F7 c\r\nhi")
        self.assertEqual(stored, b"HD c" + client.gets("meta")[1])
        self.assertEqual(client.raw_command("mg meta v f s k", b"\r\nhi\r\n"), b"VA 2 f7 s2 kmeta")
        self.assertEqual(client.raw_command("mg lease N30 t v", b"\r\n\r\n"), b"VA 0 t30 W")
        self.assertEqual(client.raw_command("mg lease N30 t v", b"\r\n\r\n"), b"VA 0 t30 Z")
        self.assertEqual(client.raw_command("md meta q\r\nmn"), b"MN")
        self.assertIsNone(client.get("meta"))

    def test_objects_keep_their_type_by_flags(self):
        client = Client(ADDRESS, serde=serde.pickle_serde, default_noreply=False, timeout=15)
        for value in [{"a": [1, 2.5, None]}, "text", 42, b"bytes", ("t",)]:
            client.set("object", value)
            self.assertEqual(client.get("object"), value)
        client.close()

    def test_reconnect(self):
        self.client.set("a", b"1")
        self.client.close()
        self.assertEqual(self.client.get("a"), b"1")
        self.client.quit()
        self.assertEqual(self.client.get("a"), b"1")
        retrying = RetryingClient(self.client, attempts=2)
        self.assertEqual(retrying.get("a"), b"1")

    def test_killed(self):
        """Its connection is ended by the server; the next request but one has a new one."""
        client = RetryingClient(Client(ADDRESS, timeout=15), attempts=3)
        client.set("a", b"1", noreply=False)
        with socket.create_connection(ADDRESS) as other:
            other.sendall(b"*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nTYPE\r\n$6\r\nnormal\r\n")
            self.assertRegex(other.recv(100), rb"^:[1-9]")
        self.assertEqual(client.get("a"), b"1")
        client.close()

    def test_pool(self):
        pool = PooledClient(ADDRESS, max_pool_size=4, timeout=15)
        for index in range(20):
            pool.set(f"pool-{index}", b"v")
            self.assertEqual(pool.get(f"pool-{index}"), b"v")
        pool.close()

    def test_server(self):
        self.assertRegex(self.client.version(), rb"^\d+\.\d+\.\d+")
        stats = self.client.stats()
        self.assertGreaterEqual(stats[b"curr_connections"], 1)
        self.assertIn(b"limit_maxbytes", stats)
        self.assertIn(b"maxbytes", self.client.stats("settings"))
        self.assertTrue(self.client.flush_all(delay=1000))


unittest.main()
