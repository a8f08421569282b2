"""What accounts leave for a worker. Every task may run twice."""

from django_tasks import task

from accounts import mail_notifications


# `user_pk` is the name by which the queue forgets an account that is gone.
@task()
def send_notice(user_pk: int, conversation_pk: int) -> None:
    """Tell a person by mail that somebody wrote to them."""
    mail_notifications.send_notice(user_pk, conversation_pk)
