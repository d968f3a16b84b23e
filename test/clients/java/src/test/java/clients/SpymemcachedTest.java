package clients;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import net.spy.memcached.CASResponse;
import net.spy.memcached.CASValue;
import net.spy.memcached.ConnectionFactoryBuilder;
import net.spy.memcached.ConnectionFactoryBuilder.Protocol;
import net.spy.memcached.MemcachedClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.params.ClientKillParams;

/** spymemcached over the text and the binary protocol. */
class SpymemcachedTest {
    private static final long TIMEOUT_MS = 15_000;
    private MemcachedClient client;

    private void connect(Protocol protocol) throws Exception {
        var factory = new ConnectionFactoryBuilder().setProtocol(protocol).setOpTimeout(TIMEOUT_MS).build();
        client = new MemcachedClient(factory, List.of(Server.address()));
        assertTrue(client.flush().get());
    }

    @AfterEach
    void close() {
        client.shutdown(1, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void values(Protocol protocol) throws Exception {
        connect(protocol);
        assertTrue(client.set("a", 0, "1").get());
        assertEquals("1", client.get("a"));
        assertFalse(client.add("a", 0, "2").get());
        assertFalse(client.replace("absent", 0, "2").get());
        assertTrue(client.append("a", "2").get());
        assertTrue(client.prepend("a", "0").get());
        assertEquals("012", client.get("a"));
        assertTrue(client.delete("a").get());
        assertNull(client.get("a"));
        assertFalse(client.delete("a").get());
        // Its transcoders tell types by client flags.
        assertTrue(client.set("date", 0, new java.util.Date(7)).get());
        assertEquals(new java.util.Date(7), client.get("date"));
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void compareAndSwap(Protocol protocol) throws Exception {
        connect(protocol);
        client.set("a", 0, "1").get();
        CASValue<Object> seen = client.gets("a");
        assertEquals(CASResponse.OK, client.cas("a", seen.getCas(), "2"));
        assertEquals(CASResponse.EXISTS, client.cas("a", seen.getCas(), "3"));
        assertEquals(CASResponse.NOT_FOUND, client.cas("absent", seen.getCas(), "3"));
        assertEquals("2", client.get("a"));
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void counters(Protocol protocol) throws Exception {
        connect(protocol);
        assertEquals(5, client.incr("n", 1, 5));
        assertEquals(6, client.incr("n", 1, 5));
        assertEquals(0, client.decr("n", 100));
        assertEquals(-1, client.incr("absent", 1));
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void expiry(Protocol protocol) throws Exception {
        connect(protocol);
        client.set("short", 1, "1").get();
        client.set("long", 100, "1").get();
        if (protocol == Protocol.BINARY) {
            assertTrue(client.touch("long", 200).get());
            assertEquals("1", client.getAndTouch("long", 300).getValue());
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
        while (client.get("short") != null) {
            assertTrue(System.nanoTime() < end, "the item did not expire");
            Thread.sleep(20);
        }
        assertNotNull(client.get("long"));
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void manyAtOnceAndLarge(Protocol protocol) throws Exception {
        connect(protocol);
        List<Future<Boolean>> sets = new ArrayList<>();
        Map<String, Object> expected = new HashMap<>();
        for (int index = 0; index < 500; index++) {
            String key = "many-" + index;
            sets.add(client.set(key, 0, "value-" + index));
            expected.put(key, "value-" + index);
        }
        for (Future<Boolean> set : sets) {
            assertTrue(set.get());
        }
        List<String> keys = new ArrayList<>(expected.keySet());
        keys.add("absent");
        assertEquals(expected, client.getBulk(keys));
        assertTrue(client.set("large", 0, Server.large()).get());
        assertArrayEquals(Server.large(), (byte[]) client.get("large"));
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void goesOnAfterClientKill(Protocol protocol) throws Exception {
        connect(protocol);
        assertTrue(client.set("a", 0, "1").get());
        try (var jedis = new Jedis(Server.HOST, Server.PORT)) {
            assertTrue(jedis.clientKill(new ClientKillParams().type(ClientType.NORMAL)) >= 1);
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
        Object found = null;
        while (found == null) {
            assertTrue(System.nanoTime() < end, "it did not connect again");
            try {
                found = client.get("a");
            } catch (RuntimeException lost) {
                // A request that was under way, or came before it had connected again.
                Thread.sleep(20);
            }
        }
        assertEquals("1", found);
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void tellsOfItself(Protocol protocol) throws Exception {
        connect(protocol);
        assertTrue(client.getVersions().get(Server.address()).matches("1\\.6\\.\\d+.*"));
        assertTrue(client.getStats().get(Server.address()).containsKey("curr_connections"));
    }
}
