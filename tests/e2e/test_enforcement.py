# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what is not accepted by a rule does not pass, what is accepted does.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
from frames import ipv4_udp
from wire import crosses


def test_only_accepted_traffic_passes(sandbox, switched):
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.group("web", "ingress accept udp 53 from 10.0.0.2")
    accepted = ipv4_udp("10.0.0.2", "10.0.0.1", 53)
    other_port = ipv4_udp("10.0.0.2", "10.0.0.1", 54)

    assert not crosses(switched.r0, switched.g0, accepted)
    sandbox.sgate("associate", "web", "i-1")
    assert crosses(switched.r0, switched.g0, accepted)
    assert not crosses(switched.r0, switched.g0, other_port)
    assert not crosses(switched.g0, switched.r0, ipv4_udp("10.0.0.1", "10.0.0.2", 53))
    assert sandbox.counters("i-1") == {
        ("ingress", "no-group"): 1, ("ingress", "rule-accept"): 1, ("ingress", "no-rule"): 1,
        ("egress", "no-rule"): 1, ("ingress", "arp"): 3, ("egress", "arp"): 1}
