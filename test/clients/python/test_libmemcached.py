"""pylibmc (libmemcached), over the text and the binary protocol; the server's port is in RINGSTONE_PORT."""

import os
import time
import unittest

import pylibmc

ADDRESS = f"127.0.0.1:{os.environ['RINGSTONE_PORT']}"
LARGE = 1_000_000


def until(done):
    """Waits for a state that tells nobody when it is reached."""
    end = time.monotonic() + 15
    while not done():
        if time.monotonic() > end:
            raise AssertionError("not within 15 s")
        time.sleep(0.02)


class Tests:
    binary = False

    def setUp(self):
        behaviors = {"cas": True, "receive_timeout": 15_000_000, "send_timeout": 15_000_000}
        self.client = pylibmc.Client([ADDRESS], binary=self.binary, behaviors=behaviors)
        self.assertTrue(self.client.flush_all())

    def tearDown(self):
        self.client.disconnect_all()

    def test_storage(self):
        client = self.client
        self.assertTrue(client.set("a", b"1"))
        self.assertFalse(client.add("a", b"2"))
        self.assertTrue(client.replace("a", b"3"))
        self.assertTrue(client.append("a", b"4"))
        self.assertTrue(client.prepend("a", b"2"))
        self.assertEqual(client.get("a"), b"234")
        self.assertIsNone(client.get("absent"))
        self.assertTrue(client.delete("a"))
        self.assertFalse(client.delete("a"))
        for value in [{"a": [1, 2.5, None]}, "text", 42, True]:
            client.set("object", value)
            self.assertEqual(client.get("object"), value)

    def test_cas(self):
        self.client.set("a", b"1")
        value, token = self.client.gets("a")
        self.assertEqual(value, b"1")
        self.assertTrue(self.client.cas("a", b"2", token))
        self.assertFalse(self.client.cas("a", b"3", token))
        self.assertEqual(self.client.get("a"), b"2")

    def test_counters(self):
        self.client.set("n", 9)
        self.assertEqual(self.client.incr("n", 1), 10)
        self.assertEqual(self.client.decr("n", 11), 0)
        with self.assertRaises(pylibmc.NotFound):
            self.client.incr("absent")

    def test_many_keys(self):
        values = {f"many-{index}": str(index) * (index + 1) for index in range(300)}
        self.assertEqual(self.client.set_multi(values), [])
        self.assertEqual(self.client.get_multi([*values, "absent"]), values)
        self.assertTrue(self.client.delete_multi(list(values)))
        self.assertEqual(self.client.get_multi(list(values)), {})

    def test_expiry(self):
        self.client.set("short", b"1", time=1)
        self.client.set("long", b"1", time=1)
        self.assertTrue(self.client.touch("long", 100))
        until(lambda: self.client.get("short") is None)
        self.assertEqual(self.client.get("long"), b"1")

    def test_large_values(self):
        value = os.urandom(LARGE)
        self.assertTrue(self.client.set("large", value))
        self.assertEqual(self.client.get("large"), value)

    def test_reconnect_and_statistics(self):
        self.client.set("a", b"1")
        self.client.disconnect_all()
        self.assertEqual(self.client.get("a"), b"1")
        [(_, stats)] = self.client.get_stats()
        self.assertGreaterEqual(int(stats["curr_items"]), 1)


class Text(Tests, unittest.TestCase):
    binary = False


class Binary(Tests, unittest.TestCase):
    binary = True


unittest.main()
