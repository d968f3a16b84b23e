package clients;

import java.net.InetSocketAddress;
import java.util.Arrays;

/** The server under test. */
final class Server {
    static final String HOST = "127.0.0.1";
    static final int PORT = Integer.parseInt(System.getenv("RINGSTONE_PORT"));
    static final int LARGE_BYTES = 1_000_000;

    private Server() {}

    static InetSocketAddress address() {
        return new InetSocketAddress(HOST, PORT);
    }

    /** A value that lies in extents. */
    static byte[] large() {
        byte[] value = new byte[LARGE_BYTES];
        for (int index = 0; index < value.length; index++) {
            value[index] = (byte) (index * 31 >> 3);
        }
        return value;
    }

    static byte[] repeat(char letter, int count) {
        byte[] value = new byte[count];
        Arrays.fill(value, (byte) letter);
        return value;
    }
}
