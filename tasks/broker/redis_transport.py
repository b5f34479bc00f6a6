"""A repair of kombu's Redis transport, for every process that imports the Celery app."""

from __future__ import annotations

from kombu.transport import redis, virtual


class SlotFreeingQoS(redis.QoS):
    """Frees a message's prefetch slot even when Redis does not hear of the ack.

    kombu 5.7.0 frees it only after Redis has answered, and Celery logs the error and never acks again. With
    a Redis that hangs, each job that ends costs a slot until the restart, and a worker without slots
    consumes nothing while its health check passes. The message stays in Redis as unacked and is rung again
    after the visibility timeout, which does no harm: the row in Postgres is the truth (docs/adr/0003).
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; on failure the slot is free all the same, and the error goes on."""
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject; on failure the slot is free all the same, and the error goes on."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def patch_redis_transport() -> None:
    """Have every Redis channel that is opened from now on use it."""
    redis.Channel.QoS = SlotFreeingQoS
