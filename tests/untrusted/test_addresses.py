"""Hosts as they are typed, and as URLs need them."""

import pytest

from pubsub_tasks.untrusted.addresses import authority, host_of, same_host, strip_brackets


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"),
        ("fe80::1%eth0", "[fe80::1%25eth0]:80"),
        ("127.0.0.1", "127.0.0.1:80"),
        ("example.org", "example.org:80"),
    ],
)
def test_an_ipv6_address_is_in_brackets(host, written):
    assert authority(host, 80) == written


def test_brackets_are_taken_off_where_they_are_a_pair():
    assert [strip_brackets(host) for host in ("[::1]", "::1", "[::1", "a")] == ["::1", "::1", "[::1", "a"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://[::1]:4566/1/q", "::1"),
        ("http://A.example/1/q", "a.example"),
        ("http://[::1:4566/1/q", None),
        ("q", None),
    ],
)
def test_the_host_of_a_url(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("::1", "0:0::1"),
        ("[::1]", "localhost"),
        ("127.0.0.1", "127.1.2.3"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("Example.org.", "example.org"),
        ("sqs.localhost", "127.0.0.1"),
    ],
)
def test_spellings_of_one_host(one, other):
    assert same_host(one, other)


@pytest.mark.parametrize(("one", "other"), [("::1", "::2"), ("10.0.0.1", "127.0.0.1"), ("a", "b"), ("", "a")])
def test_different_hosts(one, other):
    assert not same_host(one, other)
