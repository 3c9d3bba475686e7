"""What goes over the socket is bounded, whole and proven; nothing else is believed."""

import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.collect import RefusedError
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.declared import (
    Declared,
    DeclaredCommand,
    DeclaredJob,
    DeclaredPage,
    DeclaredSearch,
    DeclaredSlot,
    DeclaredSubscription,
    SettingField,
)
from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.checks import checked
from kundelik_core.plugins.host.place import HostPlan, HostState, Place
from kundelik_core.plugins.host.spec import command_of, environment_of
from kundelik_core.sdk import (
    Argument,
    Every,
    NavItem,
    Permission,
    PersonalField,
    School,
    Text,
    parse_manifest,
)

TEXT = Text(kk="а", ru="б", en="c")
CALL = call_for(School(id=7, name="s", zone="Asia/Almaty"), "kk", request_id="r")
MANIFEST = parse_manifest(
    b"""
manifest = 1
name = "trial"
api = ">=0.1,<1"
kind = "module"
level = "school"
[title]
kk = "T"
ru = "T"
en = "T"
[vendor]
name = "V"
url = "https://vendor.example/"
support = "s"
security = "s"
[data]
reads = []
personal = true
retention = "P1Y"
[uses]
slots = ["class.page"]
permissions = ["trial.see"]
events = ["mark.recorded.v1"]
jobs = ["trial.clear"]
commands = ["count"]
pages = true
search = ["trial.notes"]
""",
    "kundelik.toml",
)
WHOLE = Declared(
    slots=(DeclaredSlot(slot="class.page", order=5, budget_ms=20, permission="trial.see"),),
    pages=(DeclaredPage(path="a", title=TEXT, permission=None, method="GET"),),
    search=(
        DeclaredSearch(
            name="trial.notes", title=TEXT, order=5, budget_ms=20, permission="trial.see"
        ),
    ),
    navigation=(NavItem(label=TEXT, path="a"),),
    settings=(SettingField(name="days", kind="int", title=TEXT, help=None, default=7, maximum=9),),
    permissions=(Permission(code="trial.see", title=TEXT, allows=TEXT, roles=("teacher",)),),
    subscriptions=(DeclaredSubscription(event="mark.recorded.v1", max_tries=2, timeout_s=3),),
    jobs=(
        DeclaredJob(
            name="trial.clear", schedule=Every(seconds=3600), timeout_s=5, max_tries=1,
            concurrency=1, per_school=True,
        ),
    ),
    commands=(
        DeclaredCommand(
            name="count", help="Count", arguments=(Argument(name="a", help="b"),), per_school=True
        ),
    ),
    lifecycle=("on_enable", "health"),
    personal_data=(
        PersonalField(
            table="note", column="student_id", subject="student", purpose=TEXT, ground="consent"
        ),
    ),
    privacy=True,
    demo=True,
)  # fmt: skip


def test_every_message_comes_back_as_it_was() -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode({"a": 1}))
    for one in (
        protocol.Hello(1, "0.2.0", protocol.nonce()),
        protocol.Proof(b"x"),
        protocol.Cancel(5),
    ):
        assert protocol.from_core(protocol.frame(one)[4:]) == one
    call = protocol.from_core(protocol.frame(protocol.Call(3, "slot", "a", CALL, raw))[4:])
    assert isinstance(call, protocol.Call)
    assert (call.id, call.kind, call.name, call.context) == (3, "slot", "a", CALL)
    assert bytes(memoryview(call.payload)) == bytes(memoryview(raw))
    nonce = protocol.nonce()
    for answer in (
        protocol.Failed(1, "raised", "E", "t", "trace"),
        protocol.Welcome(1, "0.2.0", "sha", 5, ("files",), nonce, b"p", WHOLE, ""),
    ):
        assert protocol.from_host(protocol.frame(answer)[4:]) == answer


@given(st.binary(max_size=200))
def test_nothing_but_a_message_is_one(body: bytes) -> None:
    for read in (protocol.from_core, protocol.from_host):
        try:
            message: Any = read(body)
        except protocol.Garbled:
            continue
        assert isinstance(message, msgspec.Struct)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_frame_may_be_so_long_and_no_longer(size: int) -> None:
    head = struct.pack(">I", size)
    assert protocol.length(head, size) == size
    with pytest.raises(protocol.Garbled):
        protocol.length(struct.pack(">I", size + 1), size)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_proof_is_good_for_one_key_one_side_and_one_greeting(key: bytes, other: bytes) -> None:
    nonce = protocol.nonce()
    shown = protocol.proof(key, "host", nonce)
    assert protocol.proven(key, "host", nonce, shown)
    assert not protocol.proven(key, "core", nonce, shown)
    assert not protocol.proven(key, "host", protocol.nonce(), shown)
    assert protocol.proven(other, "host", nonce, shown) == (key == other)


def test_what_a_plugin_may_declare_passes_unchanged() -> None:
    assert checked(WHOLE, MANIFEST) == WHOLE
    assert checked(Declared(privacy=True, personal_data=WHOLE.personal_data), MANIFEST).privacy


@pytest.mark.parametrize(
    "change",
    [
        {"slots": WHOLE.slots * 2},
        {"search": WHOLE.search * 2},
        {"search": (msgspec.structs.replace(WHOLE.search[0], name="trial.other"),)},
        {"permissions": ()},
        {"pages": ()},
        {"privacy": False},
        {"settings": WHOLE.settings * 2},
        {"settings": (msgspec.structs.replace(WHOLE.settings[0], default=10),)},
        {"lifecycle": ("health", "on_enable", "health")},
        {"commands": (msgspec.structs.replace(WHOLE.commands[0], name="other"),)},
        {"jobs": (msgspec.structs.replace(WHOLE.jobs[0], name="trial.other"),)},
        {"jobs": (msgspec.structs.replace(WHOLE.jobs[0], schedule=Every(seconds=1)),)},
        {"subscriptions": (msgspec.structs.replace(WHOLE.subscriptions[0], event="x.v1"),)},
        {"pages": (msgspec.structs.replace(WHOLE.pages[0], path="../a"),)},
    ],
)
def test_what_it_may_not_is_refused_whoever_says_it(change: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        checked(msgspec.structs.replace(WHOLE, **change), MANIFEST)


@pytest.mark.parametrize("name", ["../a", "a", "A" * 5, "", "a/b", "x" * 31])
def test_no_name_leads_out_of_the_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name of a plugin"):
        Place(tmp_path, b"s").socket(name)


def test_a_long_folder_gets_its_sockets_elsewhere(tmp_path: Path) -> None:
    place = Place(tmp_path / ("x" * 100), b"s")
    assert len(str(place.socket("n" * 30))) < 107
    assert place.lock("trial").parent == place.home


def test_each_plugin_has_a_key_of_its_own(tmp_path: Path) -> None:
    place = Place(tmp_path, b"s")
    assert len({place.key("aaa"), place.key("bbb"), Place(tmp_path, b"t").key("aaa")}) == 3


def test_states_are_kept_for_every_process(tmp_path: Path) -> None:
    place = Place(tmp_path, b"s")
    assert place.states() == {}
    state = HostState(name="trial", status="waiting", since=5.0, why="exit code 9")
    place.write_state(state)
    (tmp_path / "other.state").write_bytes(b"{")
    assert place.states() == {"trial": state}


def test_a_host_is_told_its_own_orders_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUNDELIK_DATABASE_URL", "postgresql://secret")
    plan = HostPlan(name="trial", sha256="s", root=tmp_path, url="postgresql://p_trial@/x")
    place = Place(tmp_path, b"installation secret")
    told = environment_of(plan, place)
    assert "postgresql://p_trial@/x" in told["KUNDELIK_HOST_SPEC"]
    assert "secret" not in str({**told, "KUNDELIK_HOST_SPEC": ""})
    assert "secret" not in told["KUNDELIK_HOST_SPEC"]
    assert {"-I", "-S"} <= {*command_of(plan)}


@given(
    st.lists(st.binary(max_size=60), max_size=8),
    st.lists(st.integers(1, 40), min_size=1, max_size=40),
)
def test_frames_are_whole_however_they_arrive(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(protocol.HEAD.pack(len(body)) + body for body in bodies)
    frames, found, at = protocol.Frames(60), list[bytes](), 0
    for step in (cuts * (len(stream) + 1))[: len(stream) + 1]:
        found += frames.cut(stream[at : at + step])
        at += step
    assert found == bodies


@pytest.mark.parametrize("before", [b"", protocol.HEAD.pack(2) + b"ab"])
@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_a_frame_that_is_too_long_is_not_waited_for(before: bytes, pieces: int) -> None:
    frames = protocol.Frames(10)
    stream = before + protocol.HEAD.pack(11)
    got: list[bytes] = []
    step = -(-len(stream) // pieces)
    with pytest.raises(protocol.Garbled, match="11 bytes, where 10 are the most"):
        for at in range(0, len(stream), step):
            got.extend(frames.cut(stream[at : at + step]))
    assert got in ([], [b"ab"])


def test_how_long_a_frame_may_be_can_change_between_two() -> None:
    frames = protocol.Frames(2)
    stream = protocol.HEAD.pack(2) + b"ab" + protocol.HEAD.pack(5) + b"abcde"
    got = []
    for body in frames.cut(stream):
        got.append(body)
        frames.most = 5
    assert got == [b"ab", b"abcde"]
