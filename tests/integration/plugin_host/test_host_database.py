"""A plugin in a process of its own reaches its tables with its own login and the call's token."""

from collections.abc import AsyncIterator

import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.outcome import OutcomeState
from kundelik_core.sdk import School
from tests.factories import Factory
from tests.integration.plugin_host.hosting import Hosting, done, hosting, said, trial
from tests.integration.plugins_db.vendor import NOTES, Vendor, installed
from tests.unit.plugins.dists import Site


@pytest.fixture(scope="module")
async def vendor(urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Vendor]:
    async with installed(urls, "trial", ["student.v1"]) as made:
        await made.migrate(tmp_path_factory.mktemp("trial"), {"0001_notes": NOTES})
        yield made


@pytest.fixture(scope="module")
async def host(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosting]:
    site = Site(tmp_path_factory.mktemp("site"))
    found = trial(site, vendor.name)
    url = vendor.logins.url_for(vendor.name)
    with hosting(tmp_path_factory.mktemp("data"), site, found, url=url) as hosted:
        assert hosted.load(found).loaded
        yield hosted
        await hosted.hosted.close()


async def test_it_reads_and_writes_within_the_school_of_the_call(
    host: Hosting, vendor: Vendor, factory: Factory
) -> None:
    schools = [await factory.school(), await factory.school()]
    for times in (1, 2):
        outcome = await _in(host, vendor, schools[0], f"note {new_id()}")
        assert outcome == "INSERT 0 1"
        assert await _in(host, vendor, schools[0], "count") == str(times)
    assert await _in(host, vendor, schools[1], "count") == "0"


async def _in(host: Hosting, vendor: Vendor, school: int, what: str) -> str:
    told = School(id=school, name="s", zone="Asia/Almaty")
    token = vendor.token(school)
    return await said(host.dispatcher(), what, name=vendor.name, school=told, db_token=token)


@pytest.mark.parametrize("token", [None, "p_trial:1:9999999999:0badc0de:" + "0" * 64, "x"])
async def test_without_a_good_token_there_is_nothing(
    host: Hosting, vendor: Vendor, token: str | None
) -> None:
    outcome = await done(host.dispatcher(), "count", vendor.name, db_token=token)
    assert outcome.state is OutcomeState.RAISED or outcome.value.lines == ("0",)
