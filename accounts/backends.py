"""Authentication: by password at the sign-in, and by the session afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email
from django.contrib.auth import get_user_model

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

# Addresses are not verified, so several accounts can have the same one, and each account that is
# tried costs a password hash. A stranger who signs up many times with the address of somebody else
# must not make the sign-in of that person slow.
MOST_ACCOUNTS_TRIED = 3


class BackendWithMailbox(AuthenticationBackend):
    """Authenticates by username or e-mail address; loads a user with mailbox and preferences.

    Sessions name the backend by its path: a new name would sign everybody out.
    """

    def get_user(self, user_id: int) -> User | None:
        # Every page of a signed-in reader needs both: two joins cost less than two queries.
        users = get_user_model()._default_manager.select_related("mailbox", "preferences")
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        # allauth's version checks the password of a known address twice, and of an unknown one
        # never. The time that this takes would reveal which addresses have an account.
        password = credentials["password"]
        login = credentials.get("email") or credentials.get("username") or ""
        for user in self._candidates(login):
            if self._check_password(user, password):
                return user
        return None

    def _candidates(self, login: str) -> list[User]:
        """The users that `login` can mean, the most likely first."""
        people = get_user_model()._default_manager
        # The exact spelling first: usernames of imported people can differ in case only.
        found = list(people.filter(username=login)) or list(people.filter(username__iexact=login))
        if "@" in login:
            found += sorted(filter_users_by_email(login, for_login=True), key=lambda user: user.pk)
        return found[:MOST_ACCOUNTS_TRIED]
