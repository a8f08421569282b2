"""What is left for a worker. Every task may run twice: its worker may die before it is marked."""

from django_tasks import task

from messaging import services


@task()
def erase_account(account_pk: int) -> None:
    """Remove what is left of a hidden account, a little at a time."""
    if services.erase_for_a_while(account_pk):
        erase_account.enqueue(account_pk=account_pk)
