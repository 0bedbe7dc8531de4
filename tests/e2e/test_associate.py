# SPDX-License-Identifier: GPL-2.0-only
"""The promise: associating is refused with the first code that applies, and then changes
nothing; associating and dissociating twice is as good as once.

    host: v0 --- g0: guest       instances on v0, on lo, and on interfaces that are not there
"""
import itertools

import pytest

from sandbox import Sandbox

CODES = {
    "group not found": "INVALID_SECURITY_GROUP_NOT_FOUND",
    "group unavailable": "OPERATION_DENIED_SECURITY_GROUP_STATUS_NOT_AVAILABLE",
    "instance not found": "INVALID_INSTANCE_NOT_FOUND",
    "instance status": "OPERATION_DENIED_INSTANCE_STATUS",
    "two other groups": "OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT",
    "not supported": "OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP",
}
OF_INSTANCE = ("instance status", "two other groups", "not supported")
SETS_OF_INSTANCE = [set_ for count in range(len(OF_INSTANCE) + 1)
                    for set_ in itertools.combinations(OF_INSTANCE, count)]


def prepare(sandbox):
    """Groups open, closed (Unavailable), one, two; instance i-1 on v0."""
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    host.veth("v0", guest, "g0")
    for name in "open", "closed", "one", "two":
        sandbox.group(name, f"ingress accept tcp {len(name)}")
    sandbox.sgate("group", "set", "closed", "--status", "Unavailable")
    sandbox.sgate("attach", "v0", "--id", "i-1")


@pytest.fixture
def attached(sandbox):
    prepare(sandbox)
    return sandbox


@pytest.fixture(scope="module", params=SETS_OF_INSTANCE, ids=" and ".join)
def of_instance(request, tmp_path_factory):
    """A sandbox whose i-1 meets these conditions. Refusals change nothing, so tests share it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("associate"))
    try:
        prepare(sandbox)
        if "two other groups" in request.param:
            sandbox.sgate("associate", "one", "i-1")
            sandbox.sgate("associate", "two", "i-1")
        if "not supported" in request.param:
            sandbox.sgate("instance", "set", "i-1", "--dev", "lo")
        if "instance status" in request.param:
            sandbox.sgate("instance", "set", "i-1", "--status", "REBOOTING")
        yield sandbox, request.param
    finally:
        sandbox.close()


def refused_with_the_first_of(sandbox, holding, group, instance):
    before = sandbox.snapshot()
    message = sandbox.refused("associate", group, instance, code=CODES[holding[0]])
    assert group in message or instance in message
    assert sandbox.snapshot() == before


@pytest.mark.parametrize("group, of_group", [
    ("open", ()), ("missing", ("group not found",)), ("closed", ("group unavailable",))])
def test_the_first_row_that_applies_is_the_answer(of_instance, group, of_group):
    sandbox, conditions = of_instance
    if of_group + conditions:
        refused_with_the_first_of(sandbox, of_group + conditions, group, "i-1")
    else:
        sandbox.sgate("associate", group, "i-1")
        sandbox.sgate("dissociate", group, "i-1")


@pytest.mark.parametrize("group, of_group", [
    ("open", ()), ("missing", ("group not found",)), ("closed", ("group unavailable",))])
def test_an_instance_that_is_not_there_comes_after_the_group(attached, group, of_group):
    refused_with_the_first_of(attached, of_group + ("instance not found",), group, "i-missing")


def test_nothing_applies_and_it_is_done(attached):
    done = attached.sgate("associate", "open", "i-1")
    assert (done.out, done.err) == ("", "")
    assert attached.json("associate", "two", "i-1") == {
        "securityGroupId": "two", "instanceId": "i-1"}
    shown = attached.json("instance", "show", "i-1")
    assert shown["securityGroupIds"] == ["open", "two"]
    assert attached.json("group", "show", "open")["instanceIds"] == ["i-1"]
    attached.snapshot()


@pytest.mark.parametrize("instance", ["i-1", "v0"])
@pytest.mark.parametrize("group", ["sg-named", "by-name"])
def test_ids_and_names_mean_the_same(attached, group, instance):
    attached.sgate("group", "create", "by-name", "--id", "sg-named")
    assert attached.json("associate", group, instance) == {
        "securityGroupId": "sg-named", "instanceId": "i-1"}
    assert attached.json("dissociate", group, instance) == {
        "securityGroupId": "sg-named", "instanceId": "i-1"}


def test_a_name_of_two_groups_is_refused(attached):
    attached.sgate("group", "create", "twice", "--id", "sg-a")
    attached.sgate("group", "create", "twice", "--id", "sg-b")
    before = attached.snapshot()
    error = attached.sgate("--json", "associate", "twice", "i-1", status=1).error
    assert "twice" in error["message"]
    assert attached.snapshot() == before


def test_associating_again_changes_nothing(attached):
    attached.sgate("associate", "open", "i-1")
    before = attached.snapshot()
    assert attached.sgate("associate", "open", "i-1").err == ""
    assert attached.snapshot() == before


def test_associating_again_is_done_with_two_groups_as_well(attached):
    attached.sgate("associate", "one", "i-1")
    attached.sgate("associate", "two", "i-1")
    before = attached.snapshot()
    attached.sgate("associate", "one", "i-1")
    attached.sgate("associate", "two", "i-1")
    assert attached.snapshot() == before


def test_associating_again_with_a_group_now_unavailable_is_refused_and_stays_enforced(attached):
    attached.sgate("associate", "open", "i-1")
    attached.sgate("group", "set", "open", "--status", "Unavailable")
    before = attached.snapshot()
    attached.refused("associate", "open", "i-1", code=CODES["group unavailable"])
    assert attached.snapshot() == before
    assert attached.json("instance", "show", "i-1")["securityGroupIds"] == ["open"]


def test_dissociating_again_changes_nothing(attached):
    attached.sgate("associate", "one", "i-1")
    attached.sgate("associate", "two", "i-1")
    attached.sgate("dissociate", "one", "i-1")
    before = attached.snapshot()
    assert attached.sgate("dissociate", "one", "i-1").err == ""
    assert attached.sgate("dissociate", "open", "i-1").err == ""
    assert attached.snapshot() == before
    assert attached.json("instance", "show", "i-1")["securityGroupIds"] == ["two"]


@pytest.mark.parametrize("group, instance, holding", [
    ("missing", "i-1", "group not found"),
    ("missing", "i-missing", "group not found"),
    ("open", "i-missing", "instance not found"),
])
def test_dissociating_what_is_not_there_is_refused(attached, group, instance, holding):
    before = attached.snapshot()
    attached.refused("dissociate", group, instance, code=CODES[holding])
    assert attached.snapshot() == before


def test_a_group_can_be_taken_away_whatever_its_status(attached):
    attached.sgate("associate", "open", "i-1")
    attached.sgate("group", "set", "open", "--status", "Unavailable")
    attached.sgate("dissociate", "open", "i-1")
    assert attached.json("instance", "show", "i-1")["securityGroupIds"] == []


def test_a_stopped_instance_can_be_associated(attached):
    attached.sgate("instance", "add", "i-later", "--dev", "later0")
    assert attached.json("instance", "show", "i-later")["instanceStatus"] == "STOPPED"
    attached.sgate("associate", "open", "i-later")
    assert attached.json("instance", "show", "i-later")["securityGroupIds"] == ["open"]


@pytest.mark.parametrize("status", ["CREATING", "REBOOTING", "RELEASING", "CREATE_FAILED"])
def test_a_status_of_an_orchestrator_stands_in_the_way_until_it_is_given_back(attached, status):
    attached.sgate("instance", "set", "i-1", "--status", status)
    message = attached.refused("associate", "open", "i-1", code=CODES["instance status"])
    assert status in message
    attached.sgate("instance", "set", "i-1", "--status", "RUNNING")
    attached.sgate("associate", "open", "i-1")


def test_the_message_names_the_groups_that_are_there(attached):
    attached.sgate("associate", "one", "i-1")
    attached.sgate("associate", "two", "i-1")
    message = attached.refused("associate", "open", "i-1", code=CODES["two other groups"])
    assert '"one"' in message and '"two"' in message and "dissociate" in message


def test_a_third_group_fits_once_one_is_gone(attached):
    attached.sgate("associate", "one", "i-1")
    attached.sgate("associate", "two", "i-1")
    attached.sgate("dissociate", "one", "i-1")
    attached.sgate("associate", "open", "i-1")
    assert set(attached.json("instance", "show", "i-1")["securityGroupIds"]) == {"open", "two"}
