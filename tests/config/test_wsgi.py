from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest

from config.wsgi import application


@pytest.mark.parametrize("media_type", ["application/json; charset*=bogus''x", "application/json; charset*0*=bogus''x"])
def test_a_media_type_that_cannot_be_read_is_no_fault_of_the_service(media_type, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/token/",
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": "2",
        "wsgi.input": BytesIO(b"{}"),
    }
    setup_testing_defaults(environ)
    answers = []

    application(environ, lambda status, headers: answers.append(status))

    assert answers == ["415 Unsupported Media Type"]
