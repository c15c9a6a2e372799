"""Reports of a program."""

from typing import Any

from django.http import FileResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from imports.rest_api.views import AnyAcceptHeader
from registrar.constants import ApiPermission
from registrar.links import check_link, sign_link
from registrar.reports import Report, list_reports, open_report
from registrar.rest_api import schema
from registrar.rest_api.base import ProgramView, download


class ReportsView(ProgramView):
    """The reports of a program."""

    needs = {"GET": ApiPermission.READ_REPORTS}  # noqa: RUF012 -- a constant

    @schema.reports
    def get(self, request: Request, **kwargs: Any) -> Response:
        reports = list_reports(self.program, min_created_date=request.query_params.get("min_created_date"))
        return Response(
            [
                {
                    "name": report.name,
                    "created_date": report.created_on.isoformat(),
                    "download_url": self.link_to(report),
                }
                for report in reports
            ]
        )

    def link_to(self, report: Report) -> str:
        place = {"program_key": self.program.key, "name": report.name}
        url = reverse(f"registrar_{self.kwargs['version']}:report", kwargs=place, request=self.request)
        token = sign_link(f"{self.program.uuid}/{report.name}", user_id=self.caller.pk)
        return f"{url}?token={token}"


class ReportView(ProgramView):
    """A report, for the account that the link was made for, while it may read the program's reports."""

    needs = {"GET": ApiPermission.READ_REPORTS}  # noqa: RUF012 -- a constant
    content_negotiation_class = AnyAcceptHeader

    def get(self, request: Request, **kwargs: Any) -> FileResponse:
        name = self.kwargs["name"]
        token = request.query_params.get("token", "")
        check_link(token, f"{self.program.uuid}/{name}", user_id=self.caller.pk)
        return download(open_report(self.program, name), name, "application/octet-stream")
