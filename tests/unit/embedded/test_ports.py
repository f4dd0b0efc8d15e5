import socket
from pathlib import Path

import pytest

from millstream_embedded.errors import CannotRun
from millstream_embedded.ports import choose_free_port, refuse_taken_port


def test_a_taken_port_is_refused_by_its_number_and_its_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(CannotRun, match=f"port {port} is taken .* MILLSTREAM_UI_PORT"):
            refuse_taken_port(port, "MILLSTREAM_UI_PORT")


def test_a_port_that_was_just_closed_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0] as served:
            served.close()
            assert client.recv(1) == b""

    refuse_taken_port(port, "MILLSTREAM_UI_PORT")


def test_chosen_ports_differ_and_can_be_listened_on() -> None:
    taken: set[int] = set()

    ports = [choose_free_port(taken) for _ in range(50)]

    assert len(set(ports)) == 50
    assert taken == set(ports)
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_the_kernel_gives_no_chosen_port_to_an_outgoing_connection() -> None:
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    first, last = map(int, outgoing.split())

    port = choose_free_port(set())

    assert not first <= port <= last
