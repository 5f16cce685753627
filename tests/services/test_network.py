"""Names and addresses by which others reach this computer."""

from ipaddress import ip_address

import pytest

from silog_scan.services import network


@pytest.mark.parametrize(
    ("hostname", "names"),
    [
        ("GUDANG-1", ("localhost", "gudang-1", "gudang-1.local")),
        ("gudang.kpu.go.id.", ("localhost", "gudang.kpu.go.id", "gudang", "gudang.local")),
        ("gudang.local", ("localhost", "gudang.local", "gudang")),
    ],
)
def test_a_computer_has_its_name_and_that_on_the_local_link(
    hostname: str, names: tuple[str, ...]
) -> None:
    assert network.names(hostname) == names


@pytest.mark.parametrize(
    ("listening", "found"),
    [
        ("127.0.0.1", ()),
        ("::1", ()),
        ("192.168.10.20", (ip_address("192.168.10.20"),)),
        ("fd00::20", (ip_address("fd00::20"),)),
    ],
)
def test_who_listens_on_one_address_is_reached_there(
    listening: str, found: tuple[network.Address, ...]
) -> None:
    assert network.addresses(listening) == found


def test_who_listens_everywhere_is_reached_by_every_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "_way_out", lambda: iter(["192.168.10.20"]))
    others = ["127.0.0.1", "10.0.0.7", "192.168.10.20"]
    monkeypatch.setattr(network, "_others", lambda: others)

    found = network.addresses("0.0.0.0")  # noqa: S104

    assert [str(address) for address in found] == ["192.168.10.20", "10.0.0.7"]


def test_the_interfaces_of_this_computer_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_way_out", lambda: iter(()))

    found = network.addresses("0.0.0.0")  # noqa: S104

    assert all(address.version == 4 and not address.is_loopback for address in found)
