"""redis-py through its ordinary interface, RESP2 and RESP3; the server's port is in RINGSTONE_PORT."""

import os
import threading
import time
import unittest
from unittest import mock

import redis
from redis.cache import CacheConfig
from redis.connection import CacheProxyConnection

PORT = int(os.environ["RINGSTONE_PORT"])
LIMIT = 8 * 1024 * 1024


def until(done):
    """Waits for a state that tells nobody when it is reached."""
    end = time.monotonic() + 15
    while not done():
        if time.monotonic() > end:
            raise AssertionError("not within 15 s")
        time.sleep(0.02)


class Tests:
    protocol = 2

    def connect(self, **options):
        return redis.Redis(port=PORT, protocol=self.protocol, socket_timeout=15, **options)

    def setUp(self):
        self.client = self.connect()
        self.client.flushall()

    def tearDown(self):
        self.client.close()

    def test_strings(self):
        client = self.client
        self.assertTrue(client.ping())
        self.assertTrue(client.set("a", "1"))
        self.assertEqual(client.get("a"), b"1")
        self.assertIsNone(client.get("absent"))
        self.assertEqual(client.append("a", "23"), 3)
        self.assertEqual(client.strlen("a"), 3)
        self.assertEqual(client.exists("a", "b"), 1)
        self.assertEqual(client.type("a"), b"string")
        self.assertEqual(client.delete("a", "b"), 1)
        self.assertTrue(client.mset({"x": 1, "y": 2}))
        self.assertEqual(client.mget("x", "absent", "y"), [b"1", None, b"2"])
        self.assertEqual(client.unlink("x", "y"), 2)
        self.assertEqual(client.dbsize(), 0)

    def test_set_options(self):
        client = self.client
        self.assertTrue(client.set("a", "1", nx=True))
        self.assertIsNone(client.set("a", "2", nx=True))
        self.assertIsNone(client.set("b", "2", xx=True))
        self.assertEqual(client.set("a", "2", get=True), b"1")
        self.assertTrue(client.set("a", "3", ex=100))
        self.assertTrue(client.set("a", "4", keepttl=True))
        self.assertGreater(client.ttl("a"), 90)
        self.assertTrue(client.set("a", "5", px=100_000))
        self.assertTrue(client.set("a", "5", exat=int(time.time()) + 100))
        self.assertTrue(client.set("a", "5", pxat=int(time.time() * 1000) + 100_000))
        with self.assertRaises(redis.ResponseError):
            client.execute_command("SET", "a", "6", "NONSENSE")
        self.assertEqual(client.get("a"), b"5")

    def test_expiry(self):
        client = self.client
        client.set("a", "1", px=50)
        until(lambda: client.get("a") is None)
        self.assertEqual(client.ttl("a"), -2)
        client.set("a", "1")
        self.assertEqual(client.ttl("a"), -1)
        self.assertTrue(client.expire("a", 100))
        self.assertFalse(client.expire("a", 50, gt=True))
        self.assertTrue(client.pexpire("a", 200_000, gt=True))
        self.assertGreater(client.pttl("a"), 190_000)
        self.assertTrue(client.persist("a"))

    def test_counters(self):
        client = self.client
        self.assertEqual(client.incr("n"), 1)
        self.assertEqual(client.incrby("n", 9), 10)
        self.assertEqual(client.decr("n"), 9)
        self.assertEqual(client.decrby("n", 10), -1)
        client.set("text", "abc")
        with self.assertRaisesRegex(redis.ResponseError, "not an integer"):
            client.incr("text")

    def test_pipeline(self):
        pipeline = self.client.pipeline(transaction=False)
        for index in range(2000):
            pipeline.set(f"p-{index}", index)
            pipeline.get(f"p-{index}")
        self.assertEqual(pipeline.execute(), [item for index in range(2000) for item in (True, str(index).encode())])
        pipeline = self.client.pipeline(transaction=False)
        pipeline.set("text", "abc").incr("text").get("text")
        results = pipeline.execute(raise_on_error=False)
        self.assertIsInstance(results[1], redis.ResponseError)
        self.assertEqual(results[2], b"abc")

    def test_large_values(self):
        value = os.urandom(LIMIT)
        self.client.set("large", value)
        self.assertEqual(self.client.get("large"), value)
        with self.assertRaises(redis.ResponseError):
            self.client.set("large", value + b"x")
        self.assertEqual(self.client.get("large"), value)

    def test_threads(self):
        def count():
            for _ in range(200):
                self.client.incr("threads")

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.client.get("threads"), b"1600")

    def test_reconnect(self):
        self.client.set("a", "1")
        self.client.connection_pool.disconnect()
        self.assertEqual(self.client.get("a"), b"1")

    def test_killed(self):
        client = self.connect(retry_on_error=[redis.ConnectionError])
        client.set("a", "1")
        self.assertEqual(self.client.client_kill_filter(_id=client.client_id()), 1)
        self.assertEqual(client.get("a"), b"1")
        client.close()

    def test_hashes(self):
        client = self.client
        self.assertEqual(client.hset("h", mapping={"f": 1, "g": "two"}), 2)
        self.assertEqual(client.hgetall("h"), {b"f": b"1", b"g": b"two"})
        self.assertEqual(client.hincrby("h", "f", 4), 5)
        self.assertEqual(client.hincrbyfloat("h", "f", 0.5), 5.5)
        self.assertEqual(client.hmget("h", "g", "absent"), [b"two", None])
        self.assertFalse(client.hsetnx("h", "g", "x"))
        self.assertEqual((client.hlen("h"), client.hstrlen("h", "g")), (2, 3))
        self.assertEqual(dict(client.hscan_iter("h")), {b"f": b"5.5", b"g": b"two"})
        self.assertEqual(client.hdel("h", "f", "absent"), 1)
        with self.assertRaisesRegex(redis.ResponseError, "WRONGTYPE"):
            client.get("h")

    def test_transactions(self):
        other = self.connect()
        self.client.set("n", 1)
        with self.client.pipeline() as pipe:
            pipe.watch("n")
            other.set("n", 5)
            pipe.multi()
            pipe.incr("n")
            with self.assertRaises(redis.WatchError):
                pipe.execute()

        def double(pipe):
            value = int(pipe.get("n"))
            pipe.multi()
            pipe.set("n", 2 * value)
            pipe.get("n")

        self.assertEqual(self.client.transaction(double, "n"), [True, b"10"])
        other.close()

    def test_transactions_race(self):
        def count():
            for _ in range(25):
                self.client.transaction(lambda pipe: (pipe.get("n"), pipe.multi(), pipe.incr("n")), "n")

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.client.get("n"), b"100")

    def test_scan(self):
        keys = {f"scan-{index}".encode() for index in range(2000)}
        self.client.mset({key: 1 for key in keys})
        self.client.set("other", 1)
        self.assertEqual(set(self.client.scan_iter(match="scan-*", count=100)), keys)
        self.assertEqual(len(self.client.keys("scan-1?")), 10)

    def test_publish_and_subscribe(self):
        pubsub = self.client.pubsub(ignore_subscribe_messages=True)
        pubsub.subscribe("news")
        pubsub.psubscribe("n*")
        until(lambda: self.client.pubsub_numpat() == 1)
        self.assertEqual(self.client.pubsub_channels(), [b"news"])
        self.assertEqual(self.client.publish("news", "hello"), 2)
        got = []
        until(lambda: got.append(pubsub.get_message(timeout=0.1)) or len([one for one in got if one]) == 2)
        kinds = {one["type"]: (one["channel"], one["data"]) for one in got if one}
        self.assertEqual(kinds, {"message": (b"news", b"hello"), "pmessage": (b"news", b"hello")})
        pubsub.close()

    def test_connection(self):
        named = self.connect(client_name="me", decode_responses=True)
        self.assertEqual(named.client_getname(), "me")
        self.assertGreater(named.client_id(), 0)
        self.assertEqual(named.echo("hello"), "hello")
        self.assertTrue(named.select(0))
        named.close()

    def test_server(self):
        info = self.client.info()
        self.assertIn("redis_version", info)
        self.assertIn("used_memory", info)
        self.assertIn("keyspace_hits", info)
        self.assertGreater(self.client.command_count(), 0)
        self.assertIn("get", self.client.command())

    def test_messages(self):
        listener = self.connect(decode_responses=True).pubsub()
        listener.subscribe("channel")
        listener.psubscribe("ch*")
        for word in ["subscribe", "psubscribe"]:
            self.assertEqual(listener.get_message(timeout=15)["type"], word)
        self.assertEqual(self.client.publish("channel", "hello"), 2)
        got = [listener.get_message(timeout=15) for _ in range(2)]
        self.assertEqual(sorted(message["type"] for message in got), ["message", "pmessage"])
        self.assertEqual({message["data"] for message in got}, {"hello"})
        self.assertEqual(self.client.pubsub_numsub("channel"), [(b"channel", 1)])
        self.assertEqual(self.client.pubsub_channels(), [b"channel"])
        listener.close()
        until(lambda: self.client.publish("channel", "nobody") == 0)

    def test_connections(self):
        other = self.connect(client_name="other")
        other.ping()
        listed = {line["name"]: line for line in self.client.client_list()}
        self.assertIn("other", listed)
        self.assertEqual(int(listed["other"]["id"]), other.client_id())
        self.assertEqual(self.client.client_info()["resp"], str(self.protocol))
        self.assertEqual(self.client.client_kill_filter(_id=other.client_id()), 1)
        other.close()

    def test_unknown_command(self):
        with self.assertRaisesRegex(redis.ResponseError, "unknown command"):
            self.client.execute_command("NONSENSE", "a")
        self.assertTrue(self.client.ping())


class Resp2(Tests, unittest.TestCase):
    protocol = 2


class Resp3(Tests, unittest.TestCase):
    protocol = 3

    # It caches for Redis 7.4 or newer only, not for Valkey either, and goes by what HELLO says.
    @mock.patch.object(CacheProxyConnection, "DEFAULT_SERVER_NAME", "ringstone")
    @mock.patch.object(CacheProxyConnection, "MIN_ALLOWED_VERSION", "7.2.4")
    def test_a_cache_of_its_own(self):
        client = self.connect(cache_config=CacheConfig())
        cache = client.get_cache()
        self.client.set("a", "1")
        self.assertEqual([client.get("a"), client.get("a")], [b"1", b"1"])
        self.assertEqual(cache.size, 1)
        self.client.set("a", "2")
        until(lambda: client.get("a") == b"2")
        self.client.set("short", "1", px=50)
        self.assertEqual(client.get("short"), b"1")
        until(lambda: client.get("short") is None)
        self.client.flushall()
        until(lambda: client.get("a") is None)
        client.close()


unittest.main()
