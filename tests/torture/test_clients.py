"""What `make torture` accuses the service of, when a connection breaks off."""

import pytest

from tests.local_server import Answer, local_server
from torture.clients import Client
from torture.report import Line


class FlakyServer:
    """Breaks off as many requests as it is told to, and answers the others."""

    def __init__(self):
        self.breaks = 0

    def __call__(self, request):
        if self.breaks:
            self.breaks -= 1
            raise ConnectionError
        return Answer(body={})


@pytest.fixture
def flaky():
    return FlakyServer()


@pytest.fixture
def write(flaky):
    with local_server(flaky) as server:
        client, line = Client(server.server_address[1]), Line("written")

        def write(*, breaks, may_fail=False):
            flaky.breaks = breaks
            client.write("POST", "/", [], request_id="1", line=line, may_fail=may_fail)
            return len(line.problems)

        yield write


def test_a_new_connection_that_breaks_off_is_accused_and_tried_again(write):
    assert write(breaks=1) == 1


def test_while_the_service_is_being_hurt_it_is_not(write):
    assert write(breaks=2, may_fail=True) == 0
