"""The real client against a broker that has started a moment ago."""

from __future__ import annotations

import socketserver
import struct
import threading

from stock_kafka.config import KafkaSettings
from stock_kafka.connection import Connection


class EmptyBroker(socketserver.StreamRequestHandler):
    """Names itself once, and then no broker, as one does that has started a moment ago."""

    named = False

    def handle(self) -> None:
        while size := self.rfile.read(4):
            request = self.rfile.read(*struct.unpack(">i", size))
            api, version, correlation = struct.unpack(">hhi", request[:8])
            body = self.versions(version) if api == 18 else self.metadata(request[8:])
            answer = struct.pack(">i", correlation) + body
            self.wfile.write(struct.pack(">i", len(answer)) + answer)

    def versions(self, asked: int) -> bytes:
        """ApiVersions 0, which has Metadata 0 to 2. 35: the version that was asked for is unknown."""
        return struct.pack(">hi6h", 35 if asked else 0, 2, 18, 0, 0, 3, 0, 2)

    def metadata(self, request: bytes) -> bytes:
        """Metadata 2: brokers, no cluster's id, controller, and that each topic asked for is unknown (3)."""
        client = struct.unpack(">h", request[:2])[0]
        count, names = struct.unpack(">i", request[2 + client : 6 + client])[0], request[6 + client :]
        size = len(names) // count if count > 0 else 0
        topics = b"".join(
            struct.pack(f">h{size}s?i", 3, names[at : at + size], False, 0)
            for at in range(0, max(count, 0) * size, size or 1)
        )
        return self.brokers() + struct.pack(">i", max(count, 0)) + topics

    def brokers(self) -> bytes:
        if EmptyBroker.named:
            return struct.pack(">ihi", 0, -1, -1)
        EmptyBroker.named = True
        host, port = self.server.server_address[:2]
        name = str(host).encode()
        broker = struct.pack(f">ih{len(name)}sih", 1, len(name), name, port, -1)
        return struct.pack(">i", 1) + broker + struct.pack(">hi", -1, 1)


def test_a_broker_that_names_no_broker_does_not_end_the_process() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), EmptyBroker) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_address[1]}"
        known = Connection(KafkaSettings(kafka_bootstrap_servers=place), "test")
        assert known.look() is None and known.answers
        assert EmptyBroker.named, "the client has asked"
        server.shutdown()
