"""Correct kombu's Redis transport for every process that imports the Celery app."""

from __future__ import annotations

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
