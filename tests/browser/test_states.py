"""Every page that is not about one conversation, in every state."""

import pytest

from tests.browser.looking import assert_nothing_is_wrong
from tests.browser.states import ELSEWHERE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", ELSEWHERE)
def test_nothing_is_wrong_at_any_width_in_either_theme_or_with_large_text(opened, axe, state):
    assert_nothing_is_wrong(opened(state), axe)
