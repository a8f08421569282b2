"""Receivers: what happens after a task has failed or an account was deleted."""

from typing import Any

from django.dispatch import receiver
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.signals import task_finished

from messaging.events import account_deleted
from operations import task_queue


# The sender is the class of the task backend, of which there is one.
@receiver(task_finished, sender=None, dispatch_uid="operations.try_failed_task_again")
def try_failed_task_again(sender: type, task_result: TaskResult[Any], **kwargs: Any) -> None:
    if task_result.status == TaskResultStatus.FAILED:
        task_queue.schedule_retry(
            task_result.id, attempts=len(task_result.worker_ids), task_name=task_result.task.name
        )


@receiver(account_deleted, sender=None, dispatch_uid="operations.forget_tasks_of_account")
def forget_tasks_of_account(sender: type, user_pk: int, **kwargs: Any) -> None:
    task_queue.delete_tasks_of(user_pk)
