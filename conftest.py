"""What holds for the tests of the core and of its plugins alike."""

from tests import depth

depth.load()
