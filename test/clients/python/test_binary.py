"""python-binary-memcached through its ordinary interface; the server's port is in RINGSTONE_PORT."""

import os
import time
import unittest

import bmemcached

ADDRESS = f"127.0.0.1:{os.environ['RINGSTONE_PORT']}"
LARGE = 1_000_000


def until(done):
    """Waits for a state that tells nobody when it is reached."""
    end = time.monotonic() + 15
    while not done():
        if time.monotonic() > end:
            raise AssertionError("not within 15 s")
        time.sleep(0.02)


class Binary(unittest.TestCase):
    def setUp(self):
        self.client = bmemcached.Client((ADDRESS,), socket_timeout=15)
        self.assertTrue(self.client.flush_all())

    def tearDown(self):
        self.client.disconnect_all()

    def test_storage(self):
        client = self.client
        self.assertTrue(client.set("a", "1"))
        self.assertFalse(client.add("a", "2"))
        self.assertTrue(client.replace("a", "3"))
        self.assertEqual(client.get("a"), "3")
        self.assertIsNone(client.get("absent"))
        self.assertTrue(client.delete("a"))
        # Its flags say which type a value had, and whether it is compressed.
        for value in [{"a": [1, 2.5, None]}, "text", 42, "x" * 10_000]:
            client.set("object", value, compress_level=6)
            self.assertEqual(client.get("object"), value)

    def test_cas(self):
        client = self.client
        client.set("a", "1")
        value, token = client.gets("a")
        self.assertEqual(value, "1")
        self.assertTrue(client.cas("a", "2", token))
        self.assertFalse(client.cas("a", "3", token))
        self.assertEqual(client.get("a"), "2")

    def test_many_keys(self):
        values = {f"many-{index}": str(index) for index in range(300)}
        self.assertEqual(self.client.set_multi(values), [])
        self.assertEqual(self.client.get_multi([*values, "absent"]), values)
        self.assertTrue(self.client.delete_multi(list(values)))
        self.assertEqual(self.client.get_multi(list(values)), {})

    def test_counters(self):
        self.assertEqual(self.client.incr("n", 1, default=41), 41)
        self.assertEqual(self.client.incr("n", 1), 42)
        self.assertEqual(self.client.decr("n", 50), 0)

    def test_expiry(self):
        self.client.set("short", "1", time=1)
        self.client.set("long", "1", time=100)
        until(lambda: self.client.get("short") is None)
        self.assertEqual(self.client.get("long"), "1")

    def test_large_values(self):
        value = os.urandom(LARGE)
        self.assertTrue(self.client.set("large", value))
        self.assertEqual(self.client.get("large"), value)

    def test_reconnect_and_statistics(self):
        self.client.set("a", "1")
        self.client.disconnect_all()
        self.assertEqual(self.client.get("a"), "1")
        [stats] = self.client.stats().values()
        self.assertGreaterEqual(int(stats["curr_items"]), 1)


unittest.main()
