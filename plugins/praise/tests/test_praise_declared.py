"""What the plugin declares, held against what its manifest and its package say."""

from uuid import UUID

from kundelik_core.plugins.registry import Loaded
from kundelik_core.sdk import StudentCard
from kundelik_core.testing import RenderSlot


def test_every_permission_is_asked_for_by_a_page_or_a_slot(plugin: Loaded) -> None:
    declared = plugin.declared
    asked = {page.permission for page in declared.pages} | {s.permission for s in declared.slots}
    assert asked == {one.code for one in declared.permissions}


def test_a_pupils_card_is_whole_without_any_notes(render_slot: RenderSlot) -> None:
    student = UUID(int=5)
    html = render_slot("student.card", StudentCard(student_id=student))
    assert "No praise yet this school year." in html
    assert f'href="/x/praise/write/{student}"' in html
