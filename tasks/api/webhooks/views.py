"""Serve `webhooks/`: webhooks, their secrets, and the log of their deliveries."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import created
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import LOCATION, operation
from gridlink.lib.rest.serializers import validated
from tasks.access import delivery_read, webhook_read
from tasks.api.notifications import examples
from tasks.api.notifications.serializers import (
    DeliverySerializer,
    IssuedWebhookSerializer,
    WebhookCreateSerializer,
    WebhookSerializer,
    WebhookUpdateSerializer,
)
from tasks.notifications import services
from tasks.notifications.selectors import webhook_deliveries, webhook_list
from tasks.notifications.services import IssuedWebhook, WebhookChanges


class WebhookListView(APIView):
    """List and add webhooks."""

    @operation("List webhooks", PageQuery, page_of=WebhookSerializer)
    def get(self, request: Request) -> Response:
        """List the account's webhooks, newest first; never their secrets."""
        return page_response(request, webhook_list(user=actor_of(request)), WebhookSerializer)

    @operation(
        "Add a webhook",
        LOCATION,
        body=WebhookCreateSerializer,
        examples={"a webhook": examples.WEBHOOK_REQUEST},
        answers=IssuedWebhookSerializer,
        status=201,
        also=[409],
    )
    def post(self, request: Request) -> Response:
        """Add a webhook; its secret is shown here once.

        Events are sent as POST, signed as Standard Webhooks describes. An event may come more than once,
        always with the same `webhook-id`. An answer of 2xx confirms it and 410 disables the webhook; after
        any other, redirects too, it is sent again for more than a day.
        """
        data = validated(WebhookCreateSerializer, request.data)
        issued = services.webhook_create(user=actor_of(request), **data)
        return created(_issued(issued), request, "webhook-detail", issued.endpoint.slug)


class WebhookDetailView(APIView):
    """Show, change and delete one webhook."""

    @operation("Show a webhook", answers=WebhookSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show a webhook; never its secret."""
        return Response(WebhookSerializer(webhook_read(actor_of(request), slug)).data)

    @operation(
        "Change a webhook",
        body=WebhookUpdateSerializer,
        examples={"enable it again": {"is_enabled": True}},
        answers=WebhookSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent. Disabling gives up what waits."""
        endpoint = webhook_read(actor_of(request), slug)
        changes = WebhookChanges(**validated(WebhookUpdateSerializer, request.data))
        changed = services.webhook_update(endpoint=endpoint, changes=changes)
        return Response(WebhookSerializer(changed).data)

    @operation("Delete a webhook")
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a webhook, its log, and what waits for it."""
        services.webhook_delete(endpoint=webhook_read(actor_of(request), slug))
        return Response(status=204)


class WebhookRotateView(APIView):
    """Replace a webhook's secret."""

    @operation("Give a webhook another secret", answers=IssuedWebhookSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Give a webhook another secret, shown here once; for 24 hours both sign events."""
        issued = services.webhook_rotate(endpoint=webhook_read(actor_of(request), slug))
        return _issued(issued)


class WebhookTestView(APIView):
    """Send a ping."""

    @operation("Send a webhook a ping", answers=DeliverySerializer, status=202, also=[409, 429])
    def post(self, request: Request, slug: str) -> Response:
        """Send an event of the type `ping`; the log of deliveries shows the result."""
        endpoint = webhook_read(actor_of(request), slug)
        delivery = services.webhook_test(endpoint=endpoint)
        return Response(DeliverySerializer(delivery).data, status=202)


class WebhookDeliveriesView(APIView):
    """List a webhook's deliveries."""

    @operation("List a webhook's deliveries", PageQuery, page_of=DeliverySerializer)
    def get(self, request: Request, slug: str) -> Response:
        """List what was or will be sent, newest first."""
        rows = webhook_deliveries(endpoint=webhook_read(actor_of(request), slug))
        return page_response(request, rows, DeliverySerializer, ordering=("-id",))


class DeliveryReplayView(APIView):
    """Send an event again."""

    @operation("Send an event again", answers=DeliverySerializer, status=202, also=[409, 429])
    def post(self, request: Request, slug: str, delivery: str) -> Response:
        """Send an ended delivery again, with the same `webhook-id` and body."""
        found = delivery_read(actor_of(request), slug, delivery)
        again = services.delivery_replay(delivery=found)
        return Response(DeliverySerializer(again).data, status=202)


def _issued(issued: IssuedWebhook) -> Response:
    body = {**WebhookSerializer(issued.endpoint).data, "secret": issued.secret}
    return Response(body, headers={"Cache-Control": "no-store"})
