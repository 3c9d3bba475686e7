"""Every story of the fake Stripe once more, at the plugin's own tables and with the core's books.

What holds in memory has to hold there: the tests are the same, only what they stand on differs.
"""

from tests.fake_stripe.test_buying import *  # noqa: F403
from tests.fake_stripe.test_giving_back import *  # noqa: F403
from tests.fake_stripe.test_renewing import *  # noqa: F403
