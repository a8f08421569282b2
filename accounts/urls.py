"""Addresses of accounts. Pages of allauth that are not used have none."""

from django.urls import include, path, re_path

from accounts.views import account, entry, mail

# allauth reverses these by its own names, which have no namespace.
allauth_patterns = [
    path("login/", entry.LoginView.as_view(), name="account_login"),
    path("logout/", entry.LogoutView.as_view(), name="account_logout"),
    path("signup/", entry.SignUpView.as_view(), name="account_signup"),
    path("inactive/", entry.AccountInactiveView.as_view(), name="account_inactive"),
    path("password/change/", entry.PasswordChangeView.as_view(), name="account_change_password"),
    path("password/reset/", entry.PasswordResetView.as_view(), name="account_reset_password"),
    path(
        "password/reset/done/",
        entry.PasswordResetDoneView.as_view(),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        entry.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
]

own_patterns = [
    path("accounts/join/<str:token>/", entry.JoinView.as_view(), name="join"),
    path("setup/<str:token>/", entry.first_administrator, name="first_administrator"),
    path("account/", account.account, name="account"),
    path("account/invite/", account.invite, name="invite"),
    path("account/sessions/end/", account.end_other_sessions, name="end_other_sessions"),
    path("account/delete/", account.delete_user, name="delete_user"),
    path("account/goodbye/", account.goodbye, name="goodbye"),
    path("account/mail/stop/<str:token>/", mail.unsubscribe, name="unsubscribe"),
]

urlpatterns = [
    path("accounts/", include(allauth_patterns)),
    path("", include((own_patterns, "accounts"))),
]
