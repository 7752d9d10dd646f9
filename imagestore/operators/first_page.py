"""The buttons on the admin's first page (templates/admin/index.html)."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_POST

from accounts.models import OutgoingMail
from accounts.outbox import queue
from images import services
from images.models import Image, Status
from imagestore.kit.attempts import count_attempt
from imagestore.kit.problems import Problem
from imagestore.operators.base import log_act

# One press of the button queues so many images: each is a transaction.
AT_ONCE = 200
TEST_MAILS_PER_HOUR = 10


@require_POST
def process_again(request: HttpRequest) -> HttpResponse:
    """Queue images that failed for one reason again."""
    if not request.user.has_perm("images.change_image"):
        raise PermissionDenied
    code = request.POST.get("reason", "")
    failed = Image.objects.undeleted().filter(status=Status.FAILED, error_code=code)
    # In the order of the index of the queue: a database might search all images for another.
    count = process_each_again(failed.order_by("owner_id", "pk")[:AT_ONCE])
    left = " Press the button again for the rest." if failed.exists() else ""
    messages.success(request, f"{count} image{pluralize(count)} will be processed again.{left}")
    return redirect("admin:index")


def process_each_again(images: Iterable[Image]) -> int:
    """Returns how many are queued; the others are being made already."""
    count = 0
    for image in images:
        try:
            services.process_again(image)
        except Problem:
            continue
        log_act("processed again", [image])
        count += 1
    return count


@require_POST
def send_test_mail(request: HttpRequest) -> HttpResponse:
    """To the operator's own address only, so that the button floods no stranger's mailbox."""
    operator = request.user
    if count_attempt(f"test-mail:{operator.pk}", most=TEST_MAILS_PER_HOUR, window_seconds=3600):
        messages.error(request, "That were many test mails. Try again in an hour.")
    else:
        queue.add(OutgoingMail.Kind.TEST, operator.email)  # type: ignore[union-attr]
        messages.success(request, f"A test mail is on its way to {operator.email}.{mails_go()}")  # type: ignore[union-attr]
    return redirect("admin:index")


def mails_go() -> str:
    """A sentence for operators where no mail leaves this machine, with a blank before it; else nothing."""
    return "" if settings.EMAIL_HOST else " EMAIL_URL names no mail server: mails go to the server's log only."
