"""Who may do what at each address: one line for each name in the URLconf.

`test_rules.py` asks everybody for everything and compares with these lines. An address without a
line fails, and so does a line without an address: whoever adds a route says here whom it is for.
"""

from dataclasses import dataclass

# Who comes: `people.py` has a browser for each.
OUTSIDE = ("anonymous", "signed_out", "deactivated", "deleted")
INSIDE = ("stranger", "sender", "receiver", "staff", "administrator")

ANYBODY = (*OUTSIDE, *INSIDE)
SIGNED_IN = INSIDE
MEMBERS = ("sender", "receiver")
SENDER = ("sender",)
RECEIVER = ("receiver",)
STAFF = ("staff", "administrator")
ADMINISTRATOR = ("administrator",)
NOBODY = ()

READ = ("GET", "HEAD")
POST = ("POST",)
FORM = ("GET", "HEAD", "POST")  # shown, then sent


@dataclass(frozen=True)
class Rule:
    """`people` may use `methods`; `about` names the thing in the address (`people.Things`).

    Others are told `refused`: 404 as if it were not there, or 403 in the admin, which everybody
    knows is there. Whoever is not signed in is asked to sign in, if `people` are not all.
    """

    people: tuple[str, ...]
    methods: tuple[str, ...]
    about: str = ""
    refused: tuple[int, ...] = (404,)
    # What this address is known to answer to OPTIONS: Django's class-based views list methods.
    options: int = 405
    # What it says where Django is served alone, and something beside Django would answer.
    instead: int = 0
    # It leads to the page to sign in, because one is out afterwards.
    signs_out: bool = False


def in_admin(people: tuple[str, ...], methods: tuple[str, ...], about: str = "") -> Rule:
    # Whoever is not staff is sent to the sign-in page of the admin, which then refuses them; an
    # address without a view of its own is 404, or leads to one that refuses.
    return Rule(people, methods, about, refused=(302, 403, 404, 405))


def by_allauth(people: tuple[str, ...], methods: tuple[str, ...], about: str = "") -> Rule:
    return Rule(people, methods, about, options=200)


def read_only(model: str, app: str = "messaging") -> dict[str, Rule]:
    """The admin of a model that nobody adds, changes or deletes there."""
    return {
        f"admin:{app}_{model}_changelist": in_admin(ADMINISTRATOR, FORM),
        f"admin:{app}_{model}_add": in_admin(NOBODY, FORM),
        f"admin:{app}_{model}_history": in_admin(ADMINISTRATOR, FORM, model),
        f"admin:{app}_{model}_delete": in_admin(NOBODY, FORM, model),
        f"admin:{app}_{model}_change": in_admin(ADMINISTRATOR, READ, model),
        # The same address without its last word, as old bookmarks have it.
        f"admin/{app}/{model}/<path:object_id>/": in_admin(ADMINISTRATOR, FORM, model),
    }


RULES = {
    "healthz": Rule(ANYBODY, READ),
    # Off, unless a setting says who may see it.
    "metrics": Rule(NOBODY, READ),
    # chats/urls.py
    "chats:home": Rule(SIGNED_IN, READ),
    "chats:inbox": Rule(SIGNED_IN, READ),
    "chats:inbox_read": Rule(SIGNED_IN, POST),
    "chats:conversation_detail": Rule(MEMBERS, READ, "conversation"),
    "chats:conversation_messages": Rule(MEMBERS, READ, "conversation", refused=(404, 302)),
    "chats:conversation_changes": Rule(MEMBERS, READ, "conversation", refused=(404, 302)),
    "chats:conversation_new": Rule(MEMBERS, READ, "conversation", refused=(404, 302)),
    "chats:message_send": Rule(MEMBERS, POST, "conversation"),
    "chats:conversation_draft": Rule(MEMBERS, POST, "conversation"),
    "chats:conversation_read": Rule(MEMBERS, POST, "conversation"),
    "chats:conversation_unread": Rule(MEMBERS, READ, "conversation"),
    "chats:conversation_print": Rule(MEMBERS, READ, "conversation"),
    "chats:conversation_order": Rule(MEMBERS, POST, "conversation"),
    "chats:conversation_seen": Rule(MEMBERS, POST, "conversation"),
    "chats:message_detail": Rule(MEMBERS, READ, "message"),
    "chats:message_reply": Rule(MEMBERS, FORM, "message"),
    "chats:message_draft": Rule(MEMBERS, POST, "message"),
    "chats:message_edit": Rule(SENDER, FORM, "message"),
    "chats:message_delete": Rule(SENDER, FORM, "message"),
    "chats:message_history": Rule(MEMBERS, READ, "message"),
    "chats:message_read": Rule(RECEIVER, POST, "message"),
    "chats:message_unread": Rule(RECEIVER, POST, "message"),
    "chats:live": Rule(SIGNED_IN, ("GET",), instead=503),
    "chats:changes": Rule(SIGNED_IN, READ),
    "chats:notifications": Rule(SIGNED_IN, READ),
    "chats:notifications_read": Rule(SIGNED_IN, POST),
    "chats:message_new": Rule(SIGNED_IN, FORM),
    "chats:people": Rule(SIGNED_IN, READ),
    "chats:search": Rule(SIGNED_IN, READ),
    # accounts/urls.py
    "account_login": by_allauth(ANYBODY, FORM),
    "account_logout": Rule(ANYBODY, FORM, options=200, signs_out=True),
    "account_signup": by_allauth(ANYBODY, FORM),
    "account_inactive": by_allauth(ANYBODY, READ),
    "account_change_password": by_allauth(SIGNED_IN, FORM),
    "account_reset_password": by_allauth(ANYBODY, FORM),
    "account_reset_password_done": by_allauth(ANYBODY, READ),
    "account_reset_password_from_key": by_allauth(ANYBODY, FORM, "reset"),
    "accounts:join": by_allauth(ANYBODY, FORM, "invitation"),
    # There is an administrator already, so its link is gone for everybody.
    "accounts:first_administrator": Rule(NOBODY, FORM, "administrator_link"),
    "accounts:account": Rule(SIGNED_IN, FORM),
    "accounts:end_other_sessions": Rule(SIGNED_IN, POST),
    "accounts:invite": Rule(ADMINISTRATOR, POST),
    "accounts:delete_user": Rule(SIGNED_IN, FORM),
    "accounts:goodbye": Rule(ANYBODY, READ),
    # Whoever has the mail has the link; it can do nothing else.
    "accounts:unsubscribe": Rule(ANYBODY, FORM, "mail"),
    # The admin
    "admin:index": in_admin(STAFF, FORM),
    "admin:login": in_admin(STAFF, FORM),
    "admin:logout": Rule(ANYBODY, FORM, options=200, signs_out=True),
    "admin:password_change": in_admin(STAFF, FORM),
    "admin:password_change_done": in_admin(STAFF, READ),
    "admin:autocomplete": in_admin(NOBODY, FORM),
    "admin:jsi18n": in_admin(STAFF, READ),
    "admin:view_on_site": in_admin(NOBODY, FORM, "content_type"),
    "admin:app_list": in_admin(ADMINISTRATOR, FORM, "app"),
    "admin/(?P<url>.*)$": in_admin(NOBODY, FORM, "nowhere"),
    **read_only("message"),
    **read_only("messagehistory"),
    **read_only("notification"),
    **read_only("dbtaskresult", "django_tasks_database"),
    "admin:auth_user_changelist": in_admin(ADMINISTRATOR, FORM),
    "admin:auth_user_add": in_admin(ADMINISTRATOR, FORM),
    "admin:auth_user_password_change": in_admin(ADMINISTRATOR, FORM, "user"),
    "admin:auth_user_history": in_admin(ADMINISTRATOR, FORM, "user"),
    "admin:auth_user_delete": in_admin(ADMINISTRATOR, FORM, "user"),
    "admin:auth_user_change": in_admin(ADMINISTRATOR, FORM, "user"),
    "admin/auth/user/<path:object_id>/": in_admin(ADMINISTRATOR, FORM, "user"),
    "admin:accounts_invitation_changelist": in_admin(ADMINISTRATOR, FORM),
    "admin:accounts_invitation_add": in_admin(ADMINISTRATOR, FORM),
    "admin:accounts_invitation_history": in_admin(ADMINISTRATOR, FORM, "invitation_row"),
    "admin:accounts_invitation_delete": in_admin(NOBODY, FORM, "invitation_row"),
    "admin:accounts_invitation_change": in_admin(ADMINISTRATOR, READ, "invitation_row"),
    "admin/accounts/invitation/<path:object_id>/": in_admin(ADMINISTRATOR, FORM, "invitation_row"),
}
