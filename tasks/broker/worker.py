"""Adapt Celery and kombu, for every process that imports the Celery app."""

from __future__ import annotations

from celery import signals
from django.db import close_old_connections
from kombu.transport import redis, virtual


class SlotFreeingQoS(redis.QoS):
    """Free a message's prefetch slot even when Redis does not answer the ack.

    kombu 5.7.0 frees it only after the answer, and Celery logs the error and never acks again. With a Redis
    that hangs, each job that ends would cost a slot, and a worker without slots consumes nothing while its
    health check passes. The message stays unacked in Redis and comes again after the visibility timeout,
    which is harmless: the row in Postgres decides (docs/adr/0003).
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; free the slot and raise when that fails."""
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject; free the slot and raise when that fails."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def patch_redis_transport() -> None:
    """Use SlotFreeingQoS in every Redis channel that is opened from now on."""
    redis.Channel.QoS = SlotFreeingQoS


def connect_worker_signals() -> None:
    """Close only broken and old connections around a task, as Django does around a request."""
    # Celery would close all: a new connection costs more than a small report, as PostgreSQL starts a process
    # that first reads the catalogue. CELERY_DB_REUSE_MAX says how many tasks may use one.
    signals.task_prerun.connect(close_old_connections)
    signals.task_postrun.connect(close_old_connections)
    signals.worker_process_init.connect(_freeze_loaded_objects)


def _freeze_loaded_objects(**_: object) -> None:
    # Imported late: the project itself imports the Celery app.
    from gridlink.lib.garbage import freeze_loaded_objects

    freeze_loaded_objects()
