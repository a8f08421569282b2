"""What this app promises, in any project that installs it: `manage.py test messaging`.

Plain Django tests, without pages and without other apps: only the user model and `messaging`.
"""
# ruff: noqa: PT009, PT027  (the other project may have no pytest)

from uuid import uuid4

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import TestCase

from messaging import services
from messaging.models import Conversation, Message, MessageHistory, Notification
from messaging.signals import receivers_off

DEEP = 1_001  # one more than a cascade along replies survives, in Python and in SQLite


class MessagingTestCase(TestCase):
    def setUp(self):
        people = get_user_model().objects
        self.ana = people.create(username="ana", first_name="Ana")
        self.ben = people.create(username="ben", first_name="Ben")
        self.cleo = people.create(username="cleo", first_name="Cleo")
        self.message = self.write(self.ana, self.ben, "Good morning")

    def write(self, sender, receiver, content, parent=None):
        return Message.objects.create(
            sender=sender, receiver=receiver, content=content, parent_message=parent
        )

    def reply(self, parent, content="A reply"):
        return self.write(parent.receiver, parent.sender, content, parent)

    def chain(self, parent, length):
        """Below `parent`, each answering the one before; made without signals, to be quick."""
        conversation = parent.conversation
        first = Message.objects.latest("pk").pk + 1
        pks = range(first, first + length)
        Message.objects.bulk_create(
            Message(
                pk=pk,
                sender=parent.sender,
                receiver=parent.receiver,
                content=f"Step {pk}",
                conversation=conversation,
                parent_message_id=parent.pk if pk == first else pk - 1,
                thread_id=parent.root_pk,
            )
            for pk in pks
        )
        return list(pks)

    def assert_nothing_points_nowhere(self):
        for model in apps.get_app_config("messaging").get_models():
            for field in model._meta.concrete_fields:
                if field.many_to_one or field.one_to_one:
                    there = field.related_model._base_manager.values("pk")
                    lost = model._base_manager.exclude(**{f"{field.attname}__in": there})
                    lost = lost.exclude(**{field.attname: None})
                    self.assertFalse(lost.exists(), f"{model.__name__}.{field.name}")


class NotificationTests(MessagingTestCase):
    def test_a_message_notifies_its_receiver(self):
        notification = Notification.objects.get()

        self.assertEqual(notification.user, self.ben)
        self.assertEqual(notification.message, self.message)
        self.assertEqual(notification.kind, Notification.Kind.MESSAGE)
        self.assertFalse(notification.read)

    def test_a_reply_notifies_as_a_reply(self):
        reply = self.reply(self.message)

        notification = self.ana.notifications.get()
        self.assertEqual(notification.message, reply)
        self.assertEqual(notification.kind, Notification.Kind.REPLY)

    def test_saving_again_notifies_nobody_again(self):
        self.message.content = "Good evening"
        self.message.save()

        self.assertEqual(Notification.objects.count(), 1)

    def test_reading_the_message_reads_its_notification(self):
        services.mark_as_read(reader=self.ben, messages=Message.objects.all())

        self.assertTrue(Notification.objects.get().read)

    def test_receivers_can_be_switched_off(self):
        with receivers_off():
            self.write(self.ana, self.ben, "Quietly")
        self.assertEqual(Notification.objects.count(), 1)

        self.write(self.ana, self.ben, "Aloud")
        self.assertEqual(Notification.objects.count(), 2)


class EditTests(MessagingTestCase):
    def versions(self):
        return list(self.message.history.order_by("pk").values_list("old_content", flat=True))

    def test_an_edit_keeps_what_was_there(self):
        for content in ("Good evening", "Good night"):
            self.message.content = content
            self.message.save()

        self.assertEqual(self.versions(), ["Good morning", "Good evening"])
        self.assertEqual(self.message.history.first().edited_by, self.ana)
        self.message.refresh_from_db()
        self.assertTrue(self.message.edited)
        self.assertEqual(self.message.body, "Good night")

    def test_a_save_without_a_change_is_no_edit(self):
        self.message.save()

        self.message.refresh_from_db()
        self.assertFalse(self.message.edited)
        self.assertEqual(self.versions(), [])

    def test_marking_as_read_is_no_edit(self):
        self.message.read = True
        self.message.save(update_fields=["read"])
        services.mark_as_unread(reader=self.ben, message=self.message)

        self.message.refresh_from_db()
        self.assertFalse(self.message.edited)
        self.assertEqual(self.versions(), [])

    def test_a_deferred_message_keeps_html_and_mark_right(self):
        deferred = Message.objects.only("content").get(pk=self.message.pk)
        deferred.content = "<Good> evening"
        deferred.save(update_fields=["content"])

        self.message.refresh_from_db()
        self.assertTrue(self.message.edited)
        self.assertEqual(self.message.body, "&lt;Good&gt; evening")
        self.assertEqual(self.versions(), ["Good morning"])

    def test_an_update_of_the_text_that_would_leave_no_history_is_refused(self):
        with self.assertRaises(TypeError):
            Message.objects.update(content="Nothing to see here")
        with self.assertRaises(TypeError):
            Message.objects.bulk_update([self.message], ["content"])

    def test_a_stale_edit_is_a_conflict(self):
        version = self.message.text_version
        services.edit_message(
            message=self.message, editor=self.ana, content="Good evening", text_version=version
        )

        with self.assertRaises(services.MessageConflict):
            services.edit_message(
                message=self.message, editor=self.ana, content="Good night", text_version=version
            )
        self.assertEqual(self.versions(), ["Good morning"])


class AccountDeletionTests(MessagingTestCase):
    def setUp(self):
        super().setUp()
        self.reply(self.message)
        self.message.content = "Good evening"
        self.message.save()
        self.kept = self.write(self.ben, self.cleo, "This stays")

    def assert_all_of_ana_is_gone(self):
        self.assertEqual(list(Message.objects.all()), [self.kept])
        self.assertEqual(list(Conversation.objects.all()), [self.kept.conversation])
        self.assertEqual(Notification.objects.get().message, self.kept)
        self.assertFalse(MessageHistory.objects.exists())
        self.assert_nothing_points_nowhere()

    def test_deleting_a_person_deletes_what_is_theirs(self):
        self.ana.delete()

        self.assert_all_of_ana_is_gone()

    def test_deleting_people_by_a_queryset_does_the_same(self):
        get_user_model().objects.filter(pk=self.ana.pk).delete()

        self.assert_all_of_ana_is_gone()

    def test_two_people_who_talk_can_be_deleted_together(self):
        get_user_model().objects.exclude(pk=self.cleo.pk).delete()

        self.assertFalse(Message.objects.exists())
        self.assertFalse(Conversation.objects.exists())
        self.assert_nothing_points_nowhere()

    def test_a_deep_chain_of_replies_deletes_cleanly(self):
        self.chain(self.message, DEEP)

        self.ana.delete()

        self.assert_all_of_ana_is_gone()


class ThreadTests(MessagingTestCase):
    def levels_below(self, message):
        """How deep each message below `message` hangs, by its id."""
        tree = Message.objects.tree_below(Message.objects.filter(pk=message.pk), levels=DEEP)
        return {pk: level for pk, *_rest, level in tree if level}

    def test_everything_below_a_message_is_found_at_any_depth(self):
        first = self.reply(self.message)
        second = self.reply(self.message)
        deeper = self.reply(first)
        self.reply(self.write(self.ana, self.ben, "Another thread"))

        with self.assertNumQueries(1):
            found = self.levels_below(self.message)

        self.assertEqual(found, {first.pk: 1, second.pk: 1, deeper.pk: 2})
        self.assertEqual(self.levels_below(first), {deeper.pk: 1})
        self.assertEqual(list(Message.objects.ancestors_of(deeper)), [first, self.message])

    def test_a_deep_chain_is_found_whole(self):
        pks = self.chain(self.message, DEEP)

        below = self.levels_below(self.message)

        self.assertEqual(sorted(below), pks)
        self.assertEqual(max(below.values()), DEEP)

    def test_a_reply_belongs_to_the_thread_of_its_root(self):
        deeper = self.reply(self.reply(self.message))

        self.assertEqual(deeper.thread, self.message)
        self.assertIsNone(self.message.thread)

    def test_a_reply_into_another_conversation_is_refused(self):
        with self.assertRaises(ValidationError):
            self.write(self.ana, self.cleo, "Look what Ben wrote", self.message)

        self.assertEqual(Message.objects.count(), 1)

    def test_nobody_writes_to_themselves(self):
        with self.assertRaises(ValidationError):
            self.write(self.ana, self.ana, "Note to self")

    def test_the_same_send_twice_is_one_message(self):
        send = {"sender": self.ana, "receiver": self.ben, "client_key": uuid4()}

        once = services.send_message(content="Once", **send)
        again = services.send_message(content="Once", **send)

        self.assertEqual(once, again)
        self.assertEqual(Message.objects.count(), 2)


class MessageDeletionTests(MessagingTestCase):
    def test_a_message_without_replies_is_gone(self):
        self.message.content = "Good evening"
        self.message.save()

        deleted = self.message.delete()

        self.assertEqual(deleted, (1, {"messaging.Message": 1}))
        self.assertFalse(Message.objects.exists())
        self.assertFalse(MessageHistory.objects.exists())
        self.assertFalse(Notification.objects.exists())
        self.assert_nothing_points_nowhere()

    def test_a_message_with_replies_leaves_an_empty_place(self):
        reply = self.reply(self.message)

        self.message.delete()

        place = Message.objects.get(pk=self.message.pk)
        self.assertEqual((place.content, place.body), ("", ""))
        self.assertIsNotNone(place.deleted_at)
        self.assertEqual(list(place.replies.all()), [reply])
        self.assertFalse(Notification.objects.filter(message=place).exists())

    def test_the_last_reply_takes_empty_places_above_it_along(self):
        reply = self.reply(self.message)
        last = self.reply(reply)
        reply.delete()
        self.message.delete()
        self.assertEqual(Message.objects.count(), 3)

        last.delete()

        self.assertFalse(Message.objects.exists())

    def test_a_queryset_deletes_in_the_same_way(self):
        reply = self.reply(self.message)

        Message.objects.filter(sender=self.ana).delete()

        self.assertEqual(Message.objects.get(pk=self.message.pk).content, "")
        self.assertEqual(Message.objects.get(pk=reply.pk).content, "A reply")

    def test_only_the_author_deletes(self):
        with self.assertRaises(Message.DoesNotExist):
            services.delete_message(message=self.message, author=self.ben)

        self.assertTrue(Message.objects.filter(pk=self.message.pk, content="Good morning").exists())


class UnreadTests(MessagingTestCase):
    def test_unread_are_the_messages_to_me_that_i_have_not_read(self):
        self.write(self.ben, self.ana, "From me")
        self.write(self.ana, self.cleo, "To another")
        later = self.write(self.cleo, self.ben, "Later")
        read = self.write(self.ana, self.ben, "Read already")
        services.mark_as_read(reader=self.ben, messages=Message.objects.filter(pk=read.pk))

        unread = Message.unread.unread_for_user(self.ben)

        self.assertEqual(list(unread), [later, self.message])
        self.assertEqual(
            Message.unread.counts(self.ben),
            {later.conversation_id: 1, self.message.conversation_id: 1},
        )

    def test_unread_messages_are_shown_by_one_query_however_many(self):
        services.send_message(
            sender=self.ben, receiver=self.ana, content="A reply", parent=self.message
        )
        mine = Message.objects.get(parent_message=self.message)
        for number in range(5):
            self.write(self.ana, self.ben, f"Number {number}", mine)

        with self.assertNumQueries(1):
            for message in Message.unread.unread_for_user(self.ben):
                shown = [message.body, message.timestamp, message.sender.first_name]
                shown += [message.sender.username, message.conversation_id, message.root_pk]
                shown += [message.sender.is_active, message.thread and message.thread.content]

    def test_only_the_columns_of_an_inbox_are_loaded(self):
        message = Message.unread.unread_for_user(self.ben).get()

        self.assertIn("client_key", message.get_deferred_fields())
        self.assertIn("password", message.sender.get_deferred_fields())

    def test_only_the_receiver_reads(self):
        for other in (self.ana, self.cleo):
            self.assertEqual(services.mark_as_read(reader=other, messages=Message.objects.all()), 0)

        self.assertEqual(services.mark_as_read(reader=self.ben, messages=Message.objects.all()), 1)
        self.assertFalse(Message.unread.unread_for_user(self.ben).exists())
