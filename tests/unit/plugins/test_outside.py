"""What joins a plugin to the world: secrets, addresses, what it is called with and answers."""

from pathlib import Path

import msgspec
import pytest

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins import secrets as module
from kundelik_core.plugins.context import Facades
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, answer_type, payload_type, plain_answer
from kundelik_core.plugins.secrets import Secrets, hosts_for
from kundelik_core.plugins.services import Broker
from kundelik_core.sdk import (
    ForSchool,
    OfferQuestion,
    OfferShown,
    WebhookReply,
    WebhookRequest,
    parse_manifest,
)
from kundelik_core.testing.packages import manifest
from tests.unit.plugins.dists import Site
from tests.unit.plugins.test_plugin_calls import ID, call
from tests.unit.plugins.whole import load

OFFER = "checkout.offer.v1"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_SECONDS", 0.0)


def named(name: str, *keys: str) -> Loaded:
    """Return a plugin that wants these secrets."""
    text = manifest(name, f"secrets = {[*keys]}".replace("'", '"'))
    return Loaded(manifest=parse_manifest(text.encode(), "x"), version="1", root=Path())


def of(given: dict[str, str], folder: Path, **keys: tuple[str, ...]) -> Secrets:
    loaded = {name: named(name, *several) for name, several in keys.items()}
    return Secrets(Settings(secrets=given, data_dir=folder), Registry((), loaded))


def put(folder: Path, plugin: str, name: str, text: str, mode: int = 0o600) -> None:
    file = folder / "secrets" / plugin / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def test_a_plugin_gets_its_own_secrets_and_no_others(tmp_path: Path) -> None:
    found = of({"TILL_KEY": "k", "TILL_OTHER": "o", "BANK_KEY": "b"}, tmp_path,
               till=("key", "url"), bank=("key",), none=())  # fmt: skip
    assert found.of("till") == {"key": "k"}
    assert found.of("bank") == {"key": "b"}
    assert found.of("none") == found.of("nowhere") == {}


def test_a_file_counts_and_may_change_meanwhile(tmp_path: Path) -> None:
    found = of({"TILL_KEY": "k"}, tmp_path, till=("key",))
    put(tmp_path, "till", "key", "of the file\n")
    assert found.of("till") == {"key": "of the file"}
    put(tmp_path, "till", "key", "another")
    assert found.of("till") == {"key": "another"}


def test_a_file_that_others_may_read_is_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "till", "key", "hush", 0o640)
    assert of({}, tmp_path, till=("key",)).of("till") == {}
    assert "chmod 600" in caplog.text
    assert "hush" not in caplog.text


def test_a_variable_that_fits_two_plugins_is_neithers(tmp_path: Path) -> None:
    found = of({"TILL_BANK_KEY": "k"}, tmp_path, till=("bank_key",), till_bank=("key",))
    assert found.of("till") == found.of("till_bank") == {}
    put(tmp_path, "till", "bank_key", "f")
    assert (found.of("till"), found.of("till_bank")) == ({"bank_key": "f"}, {})


def test_hosts_are_those_of_the_plugin() -> None:
    settings = Settings(plugin_hosts={"TILL": ("a.example",)})
    assert hosts_for(settings, "till") == ("a.example",)
    assert hosts_for(settings, "bank") == ()


def test_a_call_shows_nothing_that_opens_anything() -> None:
    own = msgspec.structs.replace(call(), db_token="TOKEN", secrets={"key": "SECRET"})
    assert "TOKEN" not in repr(own)
    assert "SECRET" not in repr(own)
    other = own.for_another()
    assert (other.db_token, other.secrets, other.settings, other.asked) == (None, {}, {}, True)
    assert (other.school, other.actor, other.request_id) == (own.school, own.actor, own.request_id)


def test_a_context_has_its_address_and_its_secrets() -> None:
    own = msgspec.structs.replace(call(), secrets={"key": "s"}, address="https://d.example")
    ctx = Facades("whole", own)
    assert (dict(ctx.secrets), ctx.address, ctx.catalogue) == (
        {"key": "s"},
        "https://d.example",
        (),
    )
    with pytest.raises(TypeError):
        ctx.secrets["key"] = "t"  # type: ignore[index]  # that it cannot be set is the test


async def test_a_webhook_and_a_service_are_called_and_answer(site: Site) -> None:
    registry = Registry((), {"whole": load(site)})
    runner = LocalRunner(registry)
    hook, offer = HandlerRef("whole", "webhook", "bank"), HandlerRef("whole", "service", OFFER)
    assert (payload_type(hook), payload_type(offer)) == (WebhookRequest, OfferQuestion)
    first = await runner.call(hook, call(), WebhookRequest(body=b"12"))
    assert plain_answer(hook, first) == ForSchool(school_id=7)
    second = await runner.call(hook, call(), WebhookRequest(body=b"12", headers={"a": "b"}))
    assert plain_answer(hook, second) == WebhookReply(text="2")
    shown = await runner.call(offer, call(), OfferQuestion(feature="a.b", student_id=ID))
    assert plain_answer(offer, shown) == OfferShown(refusal="a.b")
    assert answer_type(offer) is OfferShown
    for answer in (None, "text", OfferShown()):
        with pytest.raises(TypeError, match="returned"):
            plain_answer(hook, answer)
    with pytest.raises(TypeError, match="returned NoneType, not OfferShown"):
        plain_answer(offer, None)


def test_who_provides_a_service_is_known(site: Site) -> None:
    registry = Registry((), {"whole": load(site)})
    assert registry.providers(OFFER) == ("whole",)
    assert registry.providers("other.v1") == ()


def broker(site: Site) -> Broker:
    async def on(_school: int) -> set[str]:
        return {"whole", "asker"}

    registry = Registry((), {"whole": load(site)})
    made = Broker(registry, on)
    made.use(Dispatcher(registry, LocalRunner(registry), JinjaRenderer(registry)))
    return made


QUESTION = OfferQuestion(feature="a.b", student_id=ID)


async def test_a_question_is_answered(site: Site) -> None:
    there = broker(site)
    assert await there.ask("asker", call(), OFFER, QUESTION) == OfferShown(refusal="a.b")
    # None of itself, and none for the whole installation or in a circle.
    assert await there.ask("whole", call(), OFFER, QUESTION) is None
    for change in ({"school": None}, {"asked": True}):
        within = msgspec.structs.replace(call(), **change)
        assert await there.ask("asker", within, OFFER, QUESTION) is None
