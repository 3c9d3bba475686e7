"""What a pupil found is on the board; the kit adds what every plugin has to keep."""


def test_the_place_is_empty_while_the_board_is(render_slot, plugin) -> None:
    assert plugin.manifest.name == "lost_found"
    assert [slot.slot for slot in plugin.slots] == ["class.page"]
