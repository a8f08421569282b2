"""Conversations and single messages, in every state they can be in."""

import pytest

from tests.browser.looking import assert_nothing_is_wrong
from tests.browser.states import CONVERSING

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", CONVERSING)
def test_nothing_is_wrong_at_any_width_in_either_theme_or_with_large_text(opened, axe, state):
    assert_nothing_is_wrong(opened(state), axe)
