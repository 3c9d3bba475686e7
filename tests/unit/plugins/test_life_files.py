"""The operator's files about plugins, and where an installed plugin says that it came from."""

import json
import sys
from pathlib import Path

import pytest

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.life.installed import is_first_party, provenance
from kundelik_core.plugins.life.policy import Index, Listed, index_of, policy_of
from kundelik_core.plugins.life.rules import Ban
from tests.unit.plugins.dists import Site


def test_without_files_nothing_is_shut_out_and_nothing_is_known() -> None:
    policy = policy_of(Settings())
    assert (policy.bans, policy.safe_mode, policy.fault) == ((), False, "")
    assert index_of(Settings()) == Index()


def test_a_blocklist_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bans.toml"
    file.write_text(
        '[[plugin]]\nname = "rating"\nversions = "<1.4"\nreason = "leaks"\n'
        '[[plugin]]\nname = "social"\n'
    )
    policy = policy_of(Settings(plugin_blocklist=str(file), safe_mode=True))
    assert policy.bans == (Ban("rating", "<1.4", "leaks"), Ban("social"))
    assert policy.safe_mode
    assert not policy.fault


@pytest.mark.parametrize(
    "text",
    ["[[plugin]\n", "[[plugin]]\nversions = '<1'\n", "[[plugin]]\nname = 'a'\nversion = '1'\n",
     "[[plugin]]\nname = 'a'\nversions = 'soon'\n", "[[plugins]]\nname = 'a'\n", "\xff"],
)  # fmt: skip
def test_a_blocklist_with_a_slip_is_a_fault_and_not_an_empty_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bans.toml"
    file.write_bytes(text.encode("latin-1"))
    policy = policy_of(Settings(plugin_blocklist=str(file)))
    assert str(file) in policy.fault
    assert policy.bans == ()


def test_a_blocklist_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert policy_of(Settings(plugin_blocklist=str(tmp_path / "none.toml"))).fault


def test_an_index_speaks_of_exact_packages(tmp_path: Path) -> None:
    file = tmp_path / "index.toml"
    file.write_text(
        f'[[plugin]]\nname = "rating"\ntier = "certified"\nsha256 = ["{"a" * 64}"]\n'
        '[[plugin]]\nname = "social"\nfirst_party = true\n'
    )
    index = index_of(Settings(plugin_index=str(file)))
    found = index.find("rating", "a" * 64)
    assert found is not None
    assert found.tier == "certified"
    assert index.find("rating", "b" * 64) is None
    assert index.find("social", "b" * 64) is not None
    file.write_text('[[plugin]]\nname = "rating"\ntier = "golden"\n')
    assert index_of(Settings(plugin_index=str(file))).fault


def test_where_a_plugin_came_from(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("alpha")
    monkeypatch.setattr(sys, "path", [str(site.folder), *sys.path])
    (found,) = site.find()
    info = next(site.folder.glob("vendor_alpha-*.dist-info"))
    bare = provenance(found)
    assert (bare.dist, bare.installer, bare.source) == ("vendor-alpha", "", "")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("vendor_alpha/__init__.py,,\nprovenance.json,,\n")
    (info / "direct_url.json").write_text(
        json.dumps(
            {
                "url": "https://me:secret@vendor.example/alpha?token=1",
                "archive_info": {"hashes": {"sha256": "c" * 64}},
            }
        )
    )
    told = provenance(found, Index((Listed(name="alpha", tier="verified"),)))
    assert told.installer == "pip"
    assert told.source == "https://vendor.example/alpha"
    assert told.archive == "c" * 64
    assert len(told.record) == 64
    assert told.attestation == "provenance.json"
    assert (told.tier, told.first_party) == ("verified", False)
    (info / "direct_url.json").write_text("[")
    assert provenance(found).source == ""


def test_what_belongs_to_the_core(site: Site) -> None:
    site.add("alpha")
    (found,) = site.find()
    assert not is_first_party(found)
    assert is_first_party(found, Index((Listed(name="alpha", first_party=True),)))
    other = Listed(name="alpha", first_party=True, sha256=("d" * 64,))
    assert not is_first_party(found, Index((other,)))
