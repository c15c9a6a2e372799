"""What routes are built of."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.http import HttpResponse
from django.test import RequestFactory

from program_enrollments.rest_api.routes import one_at_a_time

PATIENCE_SECONDS = 0.2


def test_requests_for_a_view_wait_for_each_other():
    meeting = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def view(request):
        try:
            meeting.wait()
        except threading.BrokenBarrierError:
            return HttpResponse("alone")
        return HttpResponse("together")

    requests = [RequestFactory().get("/") for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(one_at_a_time(view), requests))

    assert [answer.content for answer in answers] == [b"alone", b"alone"]
