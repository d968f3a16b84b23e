package clients;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.resps.ScanResult;

/** Jedis over RESP2 and RESP3. */
class JedisTest {
    private static final int TIMEOUT_MS = 15_000;

    private static Jedis connect(RedisProtocol protocol) {
        var config = DefaultJedisClientConfig.builder().protocol(protocol).timeoutMillis(TIMEOUT_MS).build();
        return new Jedis(new HostAndPort(Server.HOST, Server.PORT), config);
    }

    private static Jedis fresh(RedisProtocol protocol) {
        Jedis jedis = connect(protocol);
        assertEquals("OK", jedis.flushAll());
        return jedis;
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void strings(RedisProtocol protocol) {
        try (Jedis jedis = fresh(protocol)) {
            assertEquals("OK", jedis.set("a", "1"));
            assertEquals("1", jedis.get("a"));
            assertNull(jedis.get("absent"));
            assertNull(jedis.set("a", "2", SetParams.setParams().nx()));
            assertEquals("1", jedis.setGet("a", "2"));
            assertEquals(3, jedis.incr("a"));
            assertEquals(3.5, jedis.incrByFloat("a", 0.5));
            assertEquals(4, jedis.append("a", "0"));
            assertEquals("3.", jedis.getrange("a", 0, 1));
            assertEquals("OK", jedis.mset("b", "2", "c", "3"));
            assertEquals(java.util.Arrays.asList("2", null, "3"), jedis.mget("b", "absent", "c"));
            assertEquals("2", jedis.getDel("b"));
            assertEquals(2, jedis.del("a", "b", "c"));
            assertThrows(JedisDataException.class, () -> jedis.lpush("list", "x"));
            assertEquals("PONG", jedis.ping());
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void expiry(RedisProtocol protocol) throws Exception {
        try (Jedis jedis = fresh(protocol)) {
            jedis.psetex("short", 30, "1");
            jedis.setex("long", 100, "1");
            assertTrue(jedis.pttl("long") > 80_000 && jedis.ttl("long") <= 100);
            assertEquals(1, jedis.persist("long"));
            assertEquals(-1, jedis.ttl("long"));
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
            while (jedis.exists("short")) {
                assertTrue(System.nanoTime() < end, "the item did not expire");
                Thread.sleep(10);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void hashes(RedisProtocol protocol) {
        try (Jedis jedis = fresh(protocol)) {
            assertEquals(2, jedis.hset("h", Map.of("f", "1", "g", "2")));
            assertEquals(Map.of("f", "1", "g", "2"), jedis.hgetAll("h"));
            assertEquals(6, jedis.hincrBy("h", "f", 5));
            assertEquals(List.of("6", "2"), jedis.hmget("h", "f", "g"));
            assertEquals(Set.of("f", "g"), jedis.hkeys("h"));
            assertEquals(2, jedis.hscan("h", ScanParams.SCAN_POINTER_START).getResult().size());
            assertEquals(1, jedis.hdel("h", "f", "absent"));
            assertThrows(JedisDataException.class, () -> jedis.get("h"));
            assertEquals("hash", jedis.type("h"));
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void pipelineAndTransaction(RedisProtocol protocol) {
        try (Jedis jedis = fresh(protocol); Jedis other = connect(protocol)) {
            Pipeline pipeline = jedis.pipelined();
            List<Response<String>> replies = new ArrayList<>();
            for (int index = 0; index < 1000; index++) {
                pipeline.set("key-" + index, "value-" + index);
                replies.add(pipeline.get("key-" + index));
            }
            pipeline.sync();
            for (int index = 0; index < 1000; index++) {
                assertEquals("value-" + index, replies.get(index).get());
            }
            jedis.set("n", "1");
            jedis.watch("n");
            Transaction lost = jedis.multi();
            lost.incr("n");
            other.set("n", "5");
            assertNull(lost.exec());
            jedis.watch("n");
            Transaction done = jedis.multi();
            Response<Long> sum = done.incr("n");
            Response<String> read = done.get("n");
            assertEquals(2, done.exec().size());
            assertEquals(6, sum.get());
            assertEquals("6", read.get());
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void scan(RedisProtocol protocol) {
        try (Jedis jedis = fresh(protocol)) {
            Set<String> expected = new HashSet<>();
            for (int index = 0; index < 2000; index++) {
                jedis.set("scan-" + index, "x");
                expected.add("scan-" + index);
            }
            jedis.set("other", "x");
            Set<String> found = new HashSet<>();
            String cursor = ScanParams.SCAN_POINTER_START;
            do {
                ScanResult<String> result = jedis.scan(cursor, new ScanParams().match("scan-*").count(100));
                found.addAll(result.getResult());
                cursor = result.getCursor();
            } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
            assertEquals(expected, found);
            assertEquals(2001, jedis.dbSize());
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void publishAndSubscribe(RedisProtocol protocol) throws Exception {
        try (Jedis subscriber = connect(protocol); Jedis publisher = connect(protocol)) {
            var messages = new LinkedBlockingQueue<String>();
            var ready = new CountDownLatch(2);
            var pubSub = new JedisPubSub() {
                @Override
                public void onSubscribe(String channel, int count) {
                    ready.countDown();
                }

                @Override
                public void onPSubscribe(String pattern, int count) {
                    ready.countDown();
                }

                @Override
                public void onMessage(String channel, String message) {
                    messages.add(channel + ":" + message);
                }

                @Override
                public void onPMessage(String pattern, String channel, String message) {
                    messages.add(pattern + ":" + channel + ":" + message);
                }
            };
            var thread = new Thread(() -> subscriber.subscribe(pubSub, "news"));
            thread.start();
            while (!pubSub.isSubscribed()) {
                Thread.sleep(1);
            }
            pubSub.psubscribe("n*");
            assertTrue(ready.await(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            assertEquals(2, publisher.publish("news", "hello"));
            assertEquals("news:hello", messages.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            assertEquals("n*:news:hello", messages.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            pubSub.unsubscribe();
            pubSub.punsubscribe();
            thread.join(TIMEOUT_MS);
            assertFalse(thread.isAlive());
        }
    }

    @ParameterizedTest
    @EnumSource(RedisProtocol.class)
    void largeValuesAndReconnect(RedisProtocol protocol) {
        try (Jedis jedis = fresh(protocol); Jedis other = connect(protocol)) {
            byte[] key = "large".getBytes(StandardCharsets.UTF_8);
            assertEquals("OK", jedis.set(key, Server.large()));
            assertArrayEquals(Server.large(), jedis.get(key));
            assertEquals(Server.LARGE_BYTES, jedis.strlen(key));
            other.clientKill(new redis.clients.jedis.params.ClientKillParams().id(Long.toString(jedis.clientId())));
            assertThrows(JedisConnectionException.class, () -> jedis.get("a"));
        }
        try (Jedis again = connect(protocol)) {
            assertEquals(Server.LARGE_BYTES, again.strlen("large"));
        }
    }
}
